package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// withTenants opens the tenants' store for as long as fn takes.
func (f *databaseFlags) withTenants(ctx context.Context, std streams, fn func(s *tenant.Store) error) error {
	return f.with(ctx, std, func(db *app.Database) error { return db.WithTenants(ctx, fn) })
}

// withTenant is withTenants with a context that works for the tenant of the slug or id.
func (f *databaseFlags) withTenant(ctx context.Context, std streams, reference string, fn func(ctx context.Context, s *tenant.Store, t *tenant.Tenant) error) error {
	return f.withTenants(ctx, std, func(s *tenant.Store) error {
		t, err := s.FindTenant(ctx, reference)
		if err != nil {
			return fmt.Errorf("find the tenant %q: %w", reference, err)
		}
		return fn(tenant.WithPrincipal(ctx, tenant.System(t.ID)), s, t)
	})
}

type tenantCmd struct {
	Create tenantCreateCmd `cmd:"" help:"Create a tenant."`
	List   tenantListCmd   `cmd:"" help:"List the tenants."`
	Delete tenantDeleteCmd `cmd:"" help:"Delete a tenant and every row of it."`
}

type tenantCreateCmd struct {
	databaseFlags
	Slug       string `required:"" help:"Short name: lower-case letters, digits and hyphens."`
	Name       string `required:"" help:"Name, as people write it."`
	OwnerEmail string `help:"E-mail address of the first member, an owner."`
}

func (c *tenantCreateCmd) Run(ctx context.Context, std streams) error {
	return c.withTenants(ctx, std, func(s *tenant.Store) error {
		t, err := s.CreateTenant(command(ctx, "weir tenant create", map[string]any{"slug": c.Slug, "name": c.Name}), tenant.CreateTenantInput{Slug: c.Slug, Name: c.Name})
		if err != nil {
			return err
		}
		if c.OwnerEmail != "" {
			ctx := command(tenant.WithPrincipal(ctx, tenant.System(t.ID)), "weir tenant create", map[string]any{"ownerEmail": c.OwnerEmail})
			if _, err := s.InviteMember(ctx, tenant.InviteMemberInput{Email: c.OwnerEmail, Role: tenant.RoleOwner}); err != nil {
				return fmt.Errorf("the tenant was created, but not its owner: %w", err)
			}
		}
		return printJSON(std.out, map[string]string{"id": nodeid.Format(nodeid.Tenant, t.ID), "slug": t.Slug})
	})
}

type tenantListCmd struct{ databaseFlags }

func (c *tenantListCmd) Run(ctx context.Context, std streams) error {
	return c.withTenants(ctx, std, func(s *tenant.Store) error {
		list, err := s.ListTenants(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		for _, t := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", nodeid.Format(nodeid.Tenant, t.ID), t.Slug, t.CreatedAt.Format(time.DateTime), t.Name)
		}
		return w.Flush()
	})
}

type tenantDeleteCmd struct {
	databaseFlags
	Slug string `arg:"" help:"Slug or id of the tenant."`
	Yes  bool   `help:"Do not ask."`
}

func (c *tenantDeleteCmd) Run(ctx context.Context, std streams) error {
	return c.with(ctx, std, func(db *app.Database) error {
		var deleted *tenant.Tenant
		err := db.WithTenants(ctx, func(s *tenant.Store) error {
			t, err := s.FindTenant(ctx, c.Slug)
			if err != nil {
				return fmt.Errorf("find the tenant %q: %w", c.Slug, err)
			}
			if !c.Yes && !confirmed(std, fmt.Sprintf("Delete the tenant %s (%s) and every row of it? Type its slug to go on: ", t.Slug, t.Name), t.Slug) {
				return errors.New("nothing was deleted: the answer was not the slug (or use --yes)")
			}
			deleted = t
			return s.DeleteTenant(tenant.WithPrincipal(ctx, tenant.System(t.ID)))
		})
		if err != nil {
			return err
		}
		if err := db.ForgetJobs(ctx, deleted.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "deleted %s\n", deleted.Slug)
		return err
	})
}

// confirmed asks a person and compares the answer.
func confirmed(std streams, question, want string) bool {
	fmt.Fprint(std.err, question)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return (err == nil || errors.Is(err, io.EOF)) && strings.TrimSpace(answer) == want
}

func printJSON(out io.Writer, v any) error {
	return json.NewEncoder(out).Encode(v)
}
