package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

type tokenCmd struct {
	databaseFlags
	config.Keys `embed:""`
	config.JWT  `embed:""`
	Tenant      string        `required:"" help:"Slug or id of the tenant."`
	Role        string        `required:"" help:"owner, admin, developer, support or viewer."`
	Email       string        `help:"E-mail address of the member that it stands for."`
	Customer    string        `help:"Limits the token to one customer, by its id in your product."`
	TTL         time.Duration `name:"ttl" default:"1h" help:"How long it is good for."`
}

func (c *tokenCmd) Run(ctx context.Context, std streams) error {
	role, err := tenant.ParseRole(c.Role)
	if err != nil {
		return err
	}
	if err := c.Complete(&c.Database); err != nil {
		return err
	}
	return c.withTenant(ctx, std, c.Tenant, func(ctx context.Context, s *tenant.Store, t *tenant.Tenant) error {
		// Whoever can sign tokens can do everything, so that somebody did is told before the token is shown.
		if err := s.Tell(command(ctx, "weir token", map[string]any{
			"role": role.String(), "email": c.Email, "customer": c.Customer, "ttlSeconds": int(c.TTL.Seconds()),
		})); err != nil {
			return err
		}
		raw, err := signToken(&c.Keys, &c.JWT, token.Claims{
			Subject: cmp.Or(c.Email, "weir-token"), Email: c.Email, Tenant: t.Slug, Role: strings.ToLower(role.String()), Customer: c.Customer,
		}, c.TTL)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(std.out, raw)
		return err
	})
}

// signToken signs claims as the service itself would.
func signToken(keys *config.Keys, jwt *config.JWT, claims token.Claims, ttl time.Duration) (string, error) {
	key, err := token.ParseSigningKey(keys.SigningKey)
	if err != nil {
		return "", fmt.Errorf("WEIR_SIGNING_KEY cannot be read: %w", err)
	}
	issuer, err := token.NewIssuer(app.TokenConfig(jwt, key, slog.New(slog.DiscardHandler)))
	if err != nil {
		return "", err
	}
	raw, _, err := issuer.Sign(claims, ttl)
	return raw, err
}
