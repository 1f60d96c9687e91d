package tenant_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

func (b *bundle) invite(t *testing.T, email string, role tenant.Role) *tenant.Member {
	t.Helper()
	m, err := b.store.InviteMember(b.ctx, tenant.InviteMemberInput{Email: email, Role: role})
	require.NoError(t, err)
	return m
}

func TestMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, err := b.store.InviteMember(b.ctx, tenant.InviteMemberInput{Email: " Bob@Example.com ", Name: ptr("Bob"), Role: tenant.RoleSupport})
	require.NoError(t, err)
	require.Equal(t, "bob@example.com", m.Email)
	_, err = b.store.InviteMember(b.ctx, tenant.InviteMemberInput{Email: "BOB@example.com", Role: tenant.RoleViewer})
	require.True(t, errs.Is(err, errs.Conflict))
	_, err = b.store.InviteMember(b.ctx, tenant.InviteMemberInput{Email: "Bob <bob@example.com>"})
	require.Len(t, errs.All(err), 2)

	b.invite(t, "ann@example.com", tenant.RoleOwner)
	list, err := b.store.Members(b.ctx, page.Request{Size: 1})
	require.NoError(t, err)
	require.Equal(t, 2, list.Total)
	require.Equal(t, "ann@example.com", list.Items[0].Email)
	list, err = b.store.Members(b.ctx, page.Request{Size: 1, After: list.Items[0].Cursor()})
	require.NoError(t, err)
	require.Equal(t, "Bob", *list.Items[0].Name)
	require.False(t, list.HasNext)

	changed, err := b.store.UpdateMemberRole(b.ctx, m.ID, tenant.RoleDeveloper)
	require.NoError(t, err)
	require.Equal(t, tenant.RoleDeveloper, changed.Role)
	byID, err := b.store.MembersByIDs(b.ctx, []uuid.UUID{m.ID, uuid.New()})
	require.NoError(t, err)
	require.Len(t, byID, 1)
	require.Equal(t, tenant.RoleDeveloper, byID[m.ID].Role)
	require.NoError(t, b.store.RemoveMember(b.ctx, m.ID))
	require.True(t, errs.Is(b.store.RemoveMember(b.ctx, m.ID), errs.NotFound))
	_, err = b.store.UpdateMemberRole(b.ctx, m.ID, tenant.RoleAdmin)
	require.True(t, errs.Is(err, errs.NotFound))
	_, err = b.store.UpdateMemberRole(b.ctx, m.ID, tenant.RoleNone)
	require.True(t, errs.Is(err, errs.BadInput))
}

func TestATenantKeepsAnOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := b.invite(t, "one@example.com", tenant.RoleOwner)
	require.True(t, errs.Is(b.store.RemoveMember(b.ctx, one.ID), errs.Conflict))
	_, err := b.store.UpdateMemberRole(b.ctx, one.ID, tenant.RoleAdmin)
	require.True(t, errs.Is(err, errs.Conflict))
	_, err = b.store.UpdateMemberRole(b.ctx, one.ID, tenant.RoleOwner)
	require.NoError(t, err)

	// Two owners at once: one of them stays.
	for range 5 {
		two := b.invite(t, uuid.NewString()+"@example.com", tenant.RoleOwner)
		var wait sync.WaitGroup
		results := make([]error, 2)
		for i, id := range []uuid.UUID{one.ID, two.ID} {
			wait.Go(func() { results[i] = b.store.RemoveMember(b.ctx, id) })
		}
		wait.Wait()
		if results[0] == nil {
			one = two
			require.True(t, errs.Is(results[1], errs.Conflict), "%v", results[1])
		} else {
			require.True(t, errs.Is(results[0], errs.Conflict), "%v", results[0])
			require.NoError(t, results[1])
		}
	}
}

func TestWhoMayAdminister(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.invite(t, "one@example.com", tenant.RoleOwner)
	b.invite(t, "two@example.com", tenant.RoleOwner)
	bob := b.invite(t, "bob@example.com", tenant.RoleViewer)
	admin := b.as(t, tenant.RoleAdmin)
	for name, err := range map[string]error{
		"invite an owner": second(b.store.InviteMember(admin, tenant.InviteMemberInput{Email: "c@example.com", Role: tenant.RoleOwner})),
		"make an owner":   second(b.store.UpdateMemberRole(admin, bob.ID, tenant.RoleOwner)),
		"demote an owner": second(b.store.UpdateMemberRole(admin, owner.ID, tenant.RoleViewer)),
		"remove an owner": b.store.RemoveMember(admin, owner.ID),
	} {
		require.True(t, errs.Is(err, errs.Forbidden), "%s: %v", name, err)
	}
	_, err := b.store.UpdateMemberRole(admin, bob.ID, tenant.RoleAdmin)
	require.NoError(t, err)

	_, err = b.store.MembersByIDs(b.as(t, tenant.RoleSupport), []uuid.UUID{bob.ID})
	require.NoError(t, err, "whoever looks after issues sees who else does")
	_, err = b.store.MembersByIDs(b.as(t, tenant.RoleViewer), []uuid.UUID{bob.ID})
	require.True(t, errs.Is(err, errs.Forbidden))
	limited := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant.ID, Kind: tenant.KindCustomer, CustomerID: uuid.New(), Role: tenant.RoleOwner})
	_, err = b.store.MembersByIDs(limited, []uuid.UUID{bob.ID})
	require.True(t, errs.Is(err, errs.Forbidden))
	ctx := b.as(t, tenant.RoleDeveloper)
	for i := range 2 {
		if i == 1 {
			ctx = limited
		}
		for name, err := range map[string]error{
			"members":          second(b.store.Members(ctx, page.Request{Size: 1})),
			"invite":           second(b.store.InviteMember(ctx, tenant.InviteMemberInput{})),
			"role":             second(b.store.UpdateMemberRole(ctx, bob.ID, tenant.RoleViewer)),
			"remove":           b.store.RemoveMember(ctx, bob.ID),
			"keys":             second(b.store.APIKeys(ctx, page.Request{Size: 1})),
			"keys by id":       second(b.store.APIKeysByIDs(ctx, nil)),
			"revoke":           second(b.store.RevokeAPIKey(ctx, uuid.New())),
			"retention":        second(b.store.RetentionPolicies(ctx)),
			"update retention": second(b.store.UpdateRetention(ctx, nil)),
			"redaction":        second(b.store.RedactionPolicy(ctx)),
			"update redaction": second(b.store.UpdateRedaction(ctx, tenant.RedactionInput{})),
			"delete":           b.store.DeleteTenant(ctx),
		} {
			require.True(t, errs.Is(err, errs.Forbidden), "%s: %v", name, err)
		}
		_, _, err := b.store.CreateAPIKey(ctx, tenant.CreateAPIKeyInput{})
		require.True(t, errs.Is(err, errs.Forbidden))
	}
}

func second[T any](_ T, err error) error { return err }
