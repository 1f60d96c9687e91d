package tenant_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// tokens accepts what it holds, and counts what it was asked.
type tokens struct {
	claims map[string]token.Claims
	err    error
	asked  atomic.Int32
	// wait, when it is set, holds each answer back.
	wait chan struct{}
}

func (v *tokens) Verify(ctx context.Context, raw string) (token.Claims, error) {
	v.asked.Add(1)
	if v.wait != nil {
		select {
		case <-v.wait:
		case <-ctx.Done():
			return token.Claims{}, ctx.Err()
		}
	}
	if v.err != nil {
		return token.Claims{}, v.err
	}
	claims, ok := v.claims[raw]
	if !ok {
		return token.Claims{}, &token.Error{Reason: "the signature is wrong"}
	}
	return claims, nil
}

var _ tenant.TokenVerifier = (*token.Verifier)(nil)

// process is an authenticator as another process has it: nothing is remembered.
func (b *bundle) process(t *testing.T, v *tokens) *tenant.Authenticator {
	t.Helper()
	a := tenant.NewAuthenticator(b.door, v, b.clock.now, quiet)
	t.Cleanup(a.Stop)
	return a
}

func refused(t *testing.T, err error) {
	t.Helper()
	require.True(t, errs.Is(err, errs.Unauthenticated), "%v", err)
}

func TestAPIKeyBecomesAPrincipal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.process(t, &tokens{})
	for _, c := range []struct {
		scopes []tenant.Scope
		role   tenant.Role
	}{
		{[]tenant.Scope{tenant.ScopeIngest}, tenant.RoleNone},
		{[]tenant.Scope{tenant.ScopeRead}, tenant.RoleDeveloper},
		{[]tenant.Scope{tenant.ScopeAdmin}, tenant.RoleAdmin},
		{[]tenant.Scope{tenant.ScopeAdmin, tenant.ScopeIngest}, tenant.RoleAdmin},
	} {
		k, secret := b.key(t, c.scopes...)
		for _, header := range []string{"Bearer " + secret, "bearer  " + secret + " ", "apikey " + secret, "ApiKey " + secret} {
			p, err := a.Authenticate(t.Context(), header)
			require.NoError(t, err)
			require.Equal(t, &tenant.Principal{
				TenantID: b.tenant.ID, Kind: tenant.KindAPIKey, Subject: k.ID.String(), Role: c.role, Scopes: c.scopes,
			}, p)
		}
	}
	_, secret := b.key(t, tenant.ScopeRead)
	for _, header := range []string{
		"", "Bearer", "Bearer ", secret, "Basic " + secret, "Bearer " + secret + "x", "Bearer " + secret[:len(secret)-1],
		"Bearer weir_", "apikey nothing", "Bearer \x00", "Bearer " + strings.Repeat("a", 9000),
	} {
		_, err := a.Authenticate(t.Context(), header)
		refused(t, err)
		require.NotContains(t, err.Error(), secret[5:20])
	}
}

func TestRevocationTakesEffectOnEveryProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	near, far := b.process(t, &tokens{}), b.process(t, &tokens{})
	k, secret := b.key(t, tenant.ScopeRead)
	for _, a := range []*tenant.Authenticator{near, far} {
		_, err := a.Authenticate(t.Context(), "Bearer "+secret)
		require.NoError(t, err)
	}
	_, err := b.store.RevokeAPIKey(b.ctx, k.ID)
	require.NoError(t, err)
	b.clock.move(4 * time.Second)
	for _, a := range []*tenant.Authenticator{near, far} {
		_, err := a.Authenticate(t.Context(), "Bearer "+secret)
		refused(t, err)
		require.Contains(t, err.Error(), "revoked")
	}
}

func TestKeysExpireToTheMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.process(t, &tokens{})
	expires := start.Add(time.Second)
	_, secret, err := b.store.CreateAPIKey(b.ctx, tenant.CreateAPIKeyInput{Name: "k", Scopes: []tenant.Scope{tenant.ScopeRead}, ExpiresAt: &expires})
	require.NoError(t, err)
	_, err = a.Authenticate(t.Context(), "Bearer "+secret)
	require.NoError(t, err)
	b.clock.move(time.Second)
	_, err = a.Authenticate(t.Context(), "Bearer "+secret)
	refused(t, err)
}

func TestLastUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k, secret := b.key(t, tenant.ScopeRead)
	// use authenticates in a process of its own, and gives the last use once that is written.
	use := func(times int) time.Time {
		a := tenant.NewAuthenticator(b.door, &tokens{}, b.clock.now, quiet)
		for range times {
			_, err := a.Authenticate(t.Context(), "Bearer "+secret)
			require.NoError(t, err)
		}
		a.Stop()
		a.Stop()
		keys, err := b.store.APIKeysByIDs(b.ctx, []uuid.UUID{k.ID})
		require.NoError(t, err)
		return keys[k.ID].LastUsedAt.UTC()
	}
	require.Equal(t, start, use(3))
	b.clock.move(59 * time.Second)
	require.Equal(t, start, use(3))
	b.clock.move(time.Second)
	require.Equal(t, start.Add(time.Minute), use(3))
}

func TestTokenBecomesAPrincipal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	customer := b.addCustomer(b.ctx, t)
	stranger := b.addCustomer(asSystem(t, b.create(t, "umbrella").ID), t)
	claims := func(change func(*token.Claims)) token.Claims {
		c := token.Claims{Subject: "ada", Email: "ada@example.com", Tenant: "acme", Role: "developer", ExpiresAt: start.Add(time.Hour)}
		change(&c)
		return c
	}
	v := &tokens{claims: map[string]token.Claims{
		"slug":        claims(func(*token.Claims) {}),
		"id":          claims(func(c *token.Claims) { c.Tenant, c.Role = b.tenant.ID.String(), "OWNER" }),
		"customer":    claims(func(c *token.Claims) { c.Customer = customer.String() }),
		"customer-id": claims(func(c *token.Claims) { c.Customer = nodeid.Format(nodeid.Customer, customer) }),

		"no-tenant":     claims(func(c *token.Claims) { c.Tenant = "" }),
		"other-tenant":  claims(func(c *token.Claims) { c.Tenant = "hooli" }),
		"no-role":       claims(func(c *token.Claims) { c.Role = "" }),
		"unknown-role":  claims(func(c *token.Claims) { c.Role = "root" }),
		"no-customer":   claims(func(c *token.Claims) { c.Customer = "nobody" }),
		"of-another":    claims(func(c *token.Claims) { c.Customer = nodeid.Format(nodeid.Customer, stranger) }),
		"wrong-node-id": claims(func(c *token.Claims) { c.Customer = nodeid.Format(nodeid.Flow, customer) }),
	}}
	a := b.process(t, v)
	for raw, want := range map[string]tenant.Principal{
		"slug":        {Kind: tenant.KindMember, Role: tenant.RoleDeveloper},
		"id":          {Kind: tenant.KindMember, Role: tenant.RoleOwner},
		"customer":    {Kind: tenant.KindCustomer, CustomerID: customer},
		"customer-id": {Kind: tenant.KindCustomer, CustomerID: customer},
	} {
		want.TenantID, want.Subject, want.Email = b.tenant.ID, "ada", "ada@example.com"
		p, err := a.Authenticate(t.Context(), "Bearer "+raw)
		require.NoError(t, err, raw)
		want.ExpiresAt = start.Add(time.Hour)
		require.Equal(t, &want, p, raw)
	}
	for _, raw := range []string{"no-tenant", "other-tenant", "no-role", "unknown-role", "no-customer", "of-another", "wrong-node-id", "forged"} {
		_, err := a.Authenticate(t.Context(), "Bearer "+raw)
		refused(t, err)
	}
	_, err := a.Authenticate(t.Context(), "apikey slug")
	refused(t, err)
}

func TestTokensAreNotBelievedAfterTheyExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := &tokens{claims: map[string]token.Claims{"t": {Subject: "ada", Tenant: "acme", Role: "viewer", ExpiresAt: start.Add(time.Second)}}}
	a := b.process(t, v)
	_, err := a.Authenticate(t.Context(), "Bearer t")
	require.NoError(t, err)
	_, err = a.Authenticate(t.Context(), "Bearer t")
	require.NoError(t, err)
	require.EqualValues(t, 1, v.asked.Load())
	b.clock.move(time.Second)
	v.err = &token.Error{Reason: "it has expired"}
	_, err = a.Authenticate(t.Context(), "Bearer t")
	refused(t, err)
	require.Contains(t, err.Error(), "it has expired")
}

func TestRefusalsAreRememberedForASecond(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := &tokens{claims: map[string]token.Claims{"t": {Subject: "ada", Tenant: "umbrella", Role: "viewer", ExpiresAt: start.Add(time.Hour)}}}
	a := b.process(t, v)
	for range 3 {
		_, err := a.Authenticate(t.Context(), "Bearer t")
		refused(t, err)
	}
	require.EqualValues(t, 1, v.asked.Load())
	b.create(t, "umbrella")
	b.clock.move(time.Second)
	_, err := a.Authenticate(t.Context(), "Bearer t")
	require.NoError(t, err)
}

func TestWhatCouldNotBeCheckedIsNotRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := &tokens{
		claims: map[string]token.Claims{"t": {Subject: "ada", Tenant: "acme", Role: "viewer", ExpiresAt: start.Add(time.Hour)}},
		err:    errors.New("no network"),
	}
	a := b.process(t, v)
	_, err := a.Authenticate(t.Context(), "Bearer t")
	require.Error(t, err)
	require.False(t, errs.Is(err, errs.Unauthenticated))
	v.err = nil
	_, err = a.Authenticate(t.Context(), "Bearer t")
	require.NoError(t, err)
}

// Many requests come with one credential at once, and the one that began the check is cancelled.
func TestOneCheckForManyRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := &tokens{
		claims: map[string]token.Claims{"t": {Subject: "ada", Tenant: "acme", Role: "viewer", ExpiresAt: start.Add(time.Hour)}},
		wait:   make(chan struct{}),
	}
	a := b.process(t, v)
	first, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := a.Authenticate(first, "Bearer t")
		gone <- err
	}()
	require.Eventually(t, func() bool { return v.asked.Load() == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)

	var wait sync.WaitGroup
	results := make([]error, 20)
	for i := range results {
		wait.Go(func() { _, results[i] = a.Authenticate(t.Context(), "Bearer t") })
	}
	close(v.wait)
	wait.Wait()
	for _, err := range results {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, v.asked.Load())
}
