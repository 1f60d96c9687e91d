package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/tenant"
)

type retentionCmd struct {
	databaseFlags
	Tenant string `help:"Slug or id of the one tenant to look at; without it, all tenants and the partitions of days that nobody keeps."`
	DryRun bool   `help:"Remove nothing, and say what would go."`
}

// Run prints a JSON object a line: what went, or would go, by tenant, table and kind.
func (c *retentionCmd) Run(ctx context.Context, std streams) error {
	log := observe.NewLogger(std.err, config.Log{Level: "warn", Format: c.Format})
	return c.with(ctx, std, func(db *app.Database) error {
		return db.WithRetention(ctx, log, time.Now, func(r *app.Retention, s *tenant.Store) error {
			tenants, err := c.tenants(ctx, s)
			if err != nil {
				return err
			}
			// Whole days last: by then it was said, by tenant and kind, what is in them.
			for _, t := range tenants {
				ctx := tenant.WithPrincipal(ctx, tenant.System(t.ID))
				if !c.DryRun {
					if err := s.Tell(command(ctx, "weir retention", nil)); err != nil {
						return err
					}
				}
				list, err := r.Tenant(ctx, t.Slug, c.DryRun)
				if err := errors.Join(printRemovals(std, list), err); err != nil {
					return fmt.Errorf("remove what is over of %s: %w", t.Slug, err)
				}
			}
			if c.Tenant != "" {
				return nil
			}
			list, err := r.Partitions(ctx, c.DryRun)
			return errors.Join(printRemovals(std, list), err)
		})
	})
}

func (c *retentionCmd) tenants(ctx context.Context, s *tenant.Store) ([]*tenant.Tenant, error) {
	if c.Tenant == "" {
		return s.ListTenants(ctx)
	}
	t, err := s.FindTenant(ctx, c.Tenant)
	if err != nil {
		return nil, fmt.Errorf("find the tenant %q: %w", c.Tenant, err)
	}
	return []*tenant.Tenant{t}, nil
}

func printRemovals(std streams, list []app.Removal) error {
	for i := range list {
		if err := printJSON(std.out, &list[i]); err != nil {
			return err
		}
	}
	return nil
}
