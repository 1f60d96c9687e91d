package tenant_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// key makes a key with the scopes and gives its secret.
func (b *bundle) key(t *testing.T, scopes ...tenant.Scope) (*tenant.APIKey, string) {
	t.Helper()
	k, secret, err := b.store.CreateAPIKey(b.ctx, tenant.CreateAPIKeyInput{Name: "agent", Scopes: scopes})
	require.NoError(t, err)
	return k, secret
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expires := start.Add(time.Hour)
	k, secret, err := b.store.CreateAPIKey(b.ctx, tenant.CreateAPIKeyInput{
		Name: "agent", Scopes: []tenant.Scope{tenant.ScopeRead, tenant.ScopeIngest, tenant.ScopeRead}, ExpiresAt: &expires,
	})
	require.NoError(t, err)
	require.Regexp(t, regexp.MustCompile(`^weir_[0-9A-Za-z]{40,}$`), secret)
	require.Equal(t, secret[:12], k.Prefix)
	require.Equal(t, []tenant.Scope{tenant.ScopeIngest, tenant.ScopeRead}, k.Scopes)
	_, another := b.key(t, tenant.ScopeAdmin)
	require.NotEqual(t, secret, another)

	list, err := b.store.APIKeys(b.ctx, page.Request{Size: 1})
	require.NoError(t, err)
	require.Equal(t, 2, list.Total)
	require.True(t, list.HasNext)
	rest, err := b.store.APIKeys(b.ctx, page.Request{Size: 5, After: list.Items[0].Cursor()})
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	byID, err := b.store.APIKeysByIDs(b.ctx, []uuid.UUID{k.ID, uuid.New()})
	require.NoError(t, err)
	require.Len(t, byID, 1)
	require.Equal(t, k.Scopes, byID[k.ID].Scopes)
	require.True(t, expires.Equal(*byID[k.ID].ExpiresAt))

	revoked, err := b.store.RevokeAPIKey(b.ctx, k.ID)
	require.NoError(t, err)
	require.Equal(t, start, revoked.RevokedAt.UTC())
	b.clock.move(time.Minute)
	revoked, err = b.store.RevokeAPIKey(b.ctx, k.ID)
	require.NoError(t, err)
	require.Equal(t, start, revoked.RevokedAt.UTC(), "when it was revoked first")
	_, err = b.store.RevokeAPIKey(b.ctx, uuid.New())
	require.True(t, errs.Is(err, errs.NotFound))
	_, err = b.store.RevokeAPIKey(asSystem(t, b.create(t, "umbrella").ID), k.ID)
	require.True(t, errs.Is(err, errs.NotFound))

	past := start
	_, _, err = b.store.CreateAPIKey(b.ctx, tenant.CreateAPIKeyInput{Scopes: []tenant.Scope{"ROOT"}, ExpiresAt: &past})
	require.Equal(t, []string{"name", "scopes", "expiresAt"}, fields(err))
	_, _, err = b.store.CreateAPIKey(b.ctx, tenant.CreateAPIKeyInput{Name: "x"})
	require.Equal(t, []string{"scopes"}, fields(err))
}

// The secret must not be found in what the database keeps.
func TestOnlyTheHashOfASecretIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, secret := b.key(t, tenant.ScopeRead)
	for table, text := range b.dump(t) {
		require.NotContains(t, text, secret, table)
		require.NotContains(t, text, secret[13:], table)
	}
}
