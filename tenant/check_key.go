package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/nodeid"
)

// storedKey is what the directory tells about a key to whoever has it.
type storedKey struct {
	TenantID   uuid.UUID
	ID         uuid.UUID
	Scopes     []Scope
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
	LastUsedAt *time.Time
}

// checkKey looks an API key up by its hash. Why one is not accepted is told only to those who had the secret once.
func (a *Authenticator) checkKey(ctx context.Context, print fingerprint, now time.Time) (verdict, error) {
	rows, err := a.door.Directory().Query(ctx,
		"SELECT tenant_id, id, scopes, expires_at, revoked_at, last_used_at FROM find_api_key($1)", print[:])
	if err != nil {
		return verdict{}, fmt.Errorf("find an API key: %w", err)
	}
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[storedKey])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return verdict{}, unauthenticated("the API key is not valid")
	case err != nil:
		return verdict{}, fmt.Errorf("find an API key: %w", err)
	case k.RevokedAt != nil:
		return refusedOf(k.TenantID, nodeid.Format(nodeid.APIKey, k.ID), "the API key was revoked")
	case k.ExpiresAt != nil && !now.Before(*k.ExpiresAt):
		return refusedOf(k.TenantID, nodeid.Format(nodeid.APIKey, k.ID), "the API key has expired")
	}
	v := verdict{
		key: k.ID, until: now.Add(acceptedFor),
		principal: &Principal{
			TenantID: k.TenantID, Kind: KindAPIKey, Subject: k.ID.String(), Role: roleOfScopes(k.Scopes), Scopes: k.Scopes,
		},
	}
	if k.ExpiresAt != nil {
		v.until, v.principal.ExpiresAt = earlier(v.until, *k.ExpiresAt), *k.ExpiresAt
	}
	if k.LastUsedAt != nil {
		a.uses.saw(k.ID, *k.LastUsedAt)
	}
	return v, nil
}
