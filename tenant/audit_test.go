package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// audit is the tenant's audit log, the newest first.
func (b *bundle) audit(t *testing.T) []*tenant.AuditEntry {
	t.Helper()
	var out []*tenant.AuditEntry
	for req := (page.Request{Size: 3}); ; {
		p, err := b.store.AuditLog(b.ctx, req)
		require.NoError(t, err)
		out = append(out, p.Items...)
		if !p.HasNext {
			return out
		}
		req.After = p.Items[len(p.Items)-1].Cursor()
	}
}

func (b *bundle) act(ctx context.Context, action string, details map[string]any) context.Context {
	return tenant.WithAct(ctx, &tenant.Act{Action: action, Details: details, At: b.clock.now()})
}

func TestAnActIsToldWithItsChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := tenant.WithAddress(tenant.WithPrincipal(t.Context(), &tenant.Principal{
		TenantID: b.tenant.ID, Kind: tenant.KindMember, Email: "ann@acme.example", Subject: "ann", Role: tenant.RoleAdmin,
	}), "203.0.113.7")
	details := map[string]any{"name": "agent\x00", "list": []any{"a\\u0000", 3}, "in": map[string]any{"x": true}}
	k, _, err := b.store.CreateAPIKey(b.act(ctx, "createApiKey", details), tenant.CreateAPIKeyInput{Name: "agent", Scopes: []tenant.Scope{tenant.ScopeRead}})
	require.NoError(t, err)
	found := b.audit(t)
	require.Len(t, found, 1)
	e := found[0]
	require.Equal(t, []string{"ann@acme.example", "createApiKey", nodeid.Format(nodeid.APIKey, k.ID), "203.0.113.7"}, []string{e.Actor, e.Action, *e.Target, *e.Address})
	require.Equal(t, start, e.At.UTC())
	require.JSONEq(t, `{"name":"agent","list":["a\\u0000",3],"in":{"x":true}}`, string(e.Details))

	// What did not happen is not told, and what changed nothing is told once.
	acted := b.act(ctx, "inviteMember", nil)
	_, err = b.store.InviteMember(acted, tenant.InviteMemberInput{Email: "a@acme.example", Role: tenant.RoleViewer})
	require.NoError(t, err)
	_, err = b.store.InviteMember(b.act(ctx, "inviteMember", nil), tenant.InviteMemberInput{Email: "a@acme.example", Role: tenant.RoleViewer})
	require.True(t, errs.Is(err, errs.Conflict))
	_, err = b.store.RevokeAPIKey(b.act(ctx, "revokeApiKey", nil), nodeid.New(start))
	require.True(t, errs.Is(err, errs.NotFound))
	require.NoError(t, b.store.Tell(acted), "it was told")
	require.Len(t, b.audit(t), 2)
	require.NoError(t, b.store.Tell(b.act(ctx, "look", nil)))
	require.Len(t, b.audit(t), 3)

	// A change that cannot be told does not happen: the entry's action is too short for the table.
	_, err = b.store.InviteMember(b.act(ctx, "", nil), tenant.InviteMemberInput{Email: "b@acme.example", Role: tenant.RoleViewer})
	require.ErrorContains(t, err, "audit log")
	members, err := b.store.Members(ctx, page.Request{Size: 10})
	require.NoError(t, err)
	require.Equal(t, 1, members.Total)

	// One whose first transaction fails is told by the next.
	again := b.act(ctx, "twice", nil)
	broken := errors.New("broken")
	require.ErrorIs(t, b.door.Write(again, func(context.Context, *tenant.Tx) error { return broken }), broken)
	require.NoError(t, b.door.Write(again, func(context.Context, *tenant.Tx) error { return nil }))
	require.Len(t, b.audit(t), 4)
}

func TestTheAuditLogIsForAdministratorsAndCannotBeChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.store.Tell(b.act(b.ctx, "look", nil)))
	_, err := b.store.AuditLog(b.as(t, tenant.RoleDeveloper), page.Request{Size: 1})
	require.True(t, errs.Is(err, errs.Forbidden))
	_, err = b.store.AuditEntriesByIDs(b.as(t, tenant.RoleDeveloper), nil)
	require.True(t, errs.Is(err, errs.Forbidden))
	err = b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE audit_entry SET actor = 'nobody' WHERE tenant_id = $1", tx.TenantID())
		return err
	})
	require.Equal(t, "42501", errs.SQLState(err))
	other := b.create(t, "globex")
	theirs, err := b.store.AuditLog(asSystem(t, other.ID), page.Request{Size: 9})
	require.NoError(t, err)
	require.Empty(t, theirs.Items)
	// An act for one tenant is not told to another.
	require.NoError(t, b.door.Write(tenant.WithPrincipal(b.act(b.ctx, "stray", nil), tenant.System(other.ID)), func(context.Context, *tenant.Tx) error { return nil }))
	theirs, err = b.store.AuditLog(asSystem(t, other.ID), page.Request{Size: 9})
	require.NoError(t, err)
	require.Empty(t, theirs.Items)
}

func TestOldEntriesOfTheAuditLogGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		require.NoError(t, b.store.Tell(b.act(b.ctx, "look", nil)))
		b.clock.move(24 * time.Hour)
	}
	b.clock.move(398 * 24 * time.Hour) // 401, 400 and 399 days after them.
	for _, dry := range []bool{true, false} {
		n, err := b.store.ExpireAudit(asSystem(t, b.tenant.ID), dry)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	require.Len(t, b.audit(t), 2)
}

func TestAKeysUseFromANewAddressIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k, secret := b.key(t, tenant.ScopeRead)
	use := func(address string) {
		// Another process remembers nothing.
		a := tenant.NewAuthenticator(b.door, &tokens{}, b.clock.now, quiet)
		for range 3 {
			_, err := a.Authenticate(tenant.WithAddress(t.Context(), address), "Bearer "+secret)
			require.NoError(t, err)
		}
		a.Stop()
	}
	for _, address := range []string{"203.0.113.7", "", "2001:db8::/64", "203.0.113.7"} {
		use(address)
	}
	found := b.audit(t)
	require.Len(t, found, 2)
	for _, e := range found {
		require.Equal(t, "useApiKey", e.Action)
		require.Equal(t, nodeid.Format(nodeid.APIKey, k.ID), e.Actor)
		require.Equal(t, e.Actor, *e.Target)
	}
	require.ElementsMatch(t, []string{"203.0.113.7", "2001:db8::/64"}, []string{*found[0].Address, *found[1].Address})
}

// Failures of one tenant's old keys and of its provider's tokens are told, and a flood of them is not.
func TestFailedSignInsAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	verifier := &tokens{claims: map[string]token.Claims{}}
	_, err := b.store.CreateTenant(t.Context(), tenant.CreateTenantInput{Slug: "globex", Name: "Globex"})
	require.NoError(t, err)
	k, secret := b.key(t, tenant.ScopeRead)
	_, err = b.store.RevokeAPIKey(b.ctx, k.ID)
	require.NoError(t, err)
	in := func(credential string) {
		a := tenant.NewAuthenticator(b.door, verifier, b.clock.now, quiet)
		for range 3 {
			_, err := a.Authenticate(tenant.WithAddress(t.Context(), "203.0.113.7"), "Bearer "+credential)
			refused(t, err)
		}
		a.Stop()
	}
	in(secret)
	verifier.claims["roleless"] = token.Claims{Subject: "sub", Email: "eve@acme.example", Tenant: "acme", ExpiresAt: start.Add(time.Hour)}
	in("roleless")
	verifier.claims["stranger"] = token.Claims{Subject: "sub", Tenant: "acme", Customer: "nobody", ExpiresAt: start.Add(time.Hour)}
	in("stranger")
	in("forged")             // Nobody knows whose it is.
	in("weir_" + secret[6:]) // Nor this.
	var told []string
	for _, e := range b.audit(t) {
		require.Equal(t, "signInFailed", e.Action)
		told = append(told, e.Actor+" "+string(e.Details))
	}
	require.ElementsMatch(t, []string{
		nodeid.Format(nodeid.APIKey, k.ID) + ` {"reason": "the API key was revoked"}`,
		`eve@acme.example {"reason": "the token has no role"}`,
		`sub {"reason": "the token's customer does not exist"}`,
	}, told)

	// One process tells of twenty an hour, and later how many it left out.
	before := len(told)
	a := tenant.NewAuthenticator(b.door, verifier, b.clock.now, quiet)
	flood := func(n int, name string) {
		for i := range n {
			raw := fmt.Sprint(name, i)
			verifier.claims[raw] = token.Claims{Subject: raw, Tenant: "acme", ExpiresAt: start.Add(100 * time.Hour)}
			_, err := a.Authenticate(t.Context(), "Bearer "+raw)
			refused(t, err)
		}
	}
	flood(200, "first")
	require.Eventually(t, func() bool { flood(30, "more"); return len(b.audit(t)) == before+20 }, 20*time.Second, 10*time.Millisecond)
	flood(100, "rest")
	b.clock.move(2 * time.Hour)
	require.Eventually(t, func() bool { flood(1, "late"); return len(b.audit(t)) == before+21 }, 20*time.Second, 10*time.Millisecond)
	a.Stop()
	require.Contains(t, string(b.audit(t)[0].Details), "notTold")
}
