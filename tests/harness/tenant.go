package harness

import (
	"context"
	"encoding/json"
	"fmt"
)

// Tenant is what `weir tenant create` prints.
type Tenant struct{ ID, Slug string }

// Key is what `weir apikey create` prints.
type Key struct{ ID, Secret string }

// CreateTenant makes a tenant.
func (b *Binary) CreateTenant(ctx context.Context, env Env, slug string) (t Tenant, err error) {
	err = b.printed(ctx, &t, env, "tenant", "create", "--slug", slug, "--name", "Tenant "+slug)
	return t, err
}

// CreateKey makes an API key; scopes are separated by commas.
func (b *Binary) CreateKey(ctx context.Context, env Env, slug, scopes string) (k Key, err error) {
	err = b.printed(ctx, &k, env, "apikey", "create", "--tenant", slug, "--name", "test", "--scopes", scopes)
	return k, err
}

// printed reads the JSON that a command prints.
func (b *Binary) printed(ctx context.Context, into any, env Env, args ...string) error {
	out, err := b.Output(ctx, env, args...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("weir %s %s printed no JSON: %w: %q", args[0], args[1], err, out)
	}
	return nil
}
