package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

type apikeyCmd struct {
	Create apikeyCreateCmd `cmd:"" help:"Create an API key and print its secret, this once."`
	List   apikeyListCmd   `cmd:"" help:"List a tenant's API keys."`
	Revoke apikeyRevokeCmd `cmd:"" help:"Revoke an API key: it stops working within five seconds."`
}

type apikeyCreateCmd struct {
	databaseFlags
	Tenant  string        `required:"" help:"Slug or id of the tenant."`
	Name    string        `required:"" help:"What the key is for."`
	Scopes  []string      `required:"" help:"What it may do: ingest, read, admin, separated by commas."`
	Expires time.Duration `help:"How long it is good for, such as 720h; without it, until it is revoked."`
}

func (c *apikeyCreateCmd) Run(ctx context.Context, std streams) error {
	return c.withTenant(ctx, std, c.Tenant, func(ctx context.Context, s *tenant.Store, _ *tenant.Tenant) error {
		in := tenant.CreateAPIKeyInput{Name: c.Name}
		for _, scope := range c.Scopes {
			in.Scopes = append(in.Scopes, tenant.Scope(strings.ToUpper(strings.TrimSpace(scope))))
		}
		if c.Expires > 0 {
			at := time.Now().Add(c.Expires)
			in.ExpiresAt = &at
		}
		key, secret, err := s.CreateAPIKey(command(ctx, "weir apikey create", map[string]any{"name": in.Name, "scopes": in.Scopes}), in)
		if err != nil {
			return err
		}
		return printJSON(std.out, map[string]string{"id": nodeid.Format(nodeid.APIKey, key.ID), "secret": secret})
	})
}

type apikeyListCmd struct {
	databaseFlags
	Tenant string `required:"" help:"Slug or id of the tenant."`
}

func (c *apikeyListCmd) Run(ctx context.Context, std streams) error {
	return c.withTenant(ctx, std, c.Tenant, func(ctx context.Context, s *tenant.Store, _ *tenant.Tenant) error {
		w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tPREFIX\tSCOPES\tSTATE\tLAST USED\tNAME")
		for req := (page.Request{Size: 100}); ; {
			p, err := s.APIKeys(ctx, req)
			if err != nil {
				return err
			}
			for _, k := range p.Items {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", nodeid.Format(nodeid.APIKey, k.ID), k.Prefix, scopes(k), state(k), lastUsed(k), k.Name)
				req.After = k.Cursor()
			}
			if !p.HasNext {
				return w.Flush()
			}
		}
	})
}

func scopes(k *tenant.APIKey) string {
	var names []string
	for _, s := range k.Scopes {
		names = append(names, strings.ToLower(string(s)))
	}
	return strings.Join(names, ",")
}

func state(k *tenant.APIKey) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.ExpiresAt != nil && k.ExpiresAt.Before(time.Now()):
		return "expired"
	}
	return "active"
}

func lastUsed(k *tenant.APIKey) string {
	if k.LastUsedAt == nil {
		return "never"
	}
	return k.LastUsedAt.Format(time.DateTime)
}

type apikeyRevokeCmd struct {
	databaseFlags
	Tenant string `required:"" help:"Slug or id of the tenant."`
	ID     string `arg:"" help:"The key's id, of weir apikey list."`
}

func (c *apikeyRevokeCmd) Run(ctx context.Context, std streams) error {
	return c.withTenant(ctx, std, c.Tenant, func(ctx context.Context, s *tenant.Store, _ *tenant.Tenant) error {
		id, err := nodeid.ParseAs(nodeid.APIKey, c.ID)
		if err != nil {
			return fmt.Errorf("find the API key %q: %w", c.ID, err)
		}
		ctx = command(ctx, "weir apikey revoke", nil)
		tenant.Concerns(ctx, c.ID)
		if _, err := s.RevokeAPIKey(ctx, id); err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "revoked %s\n", c.ID)
		return err
	})
}
