package tenant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
)

const (
	// secretPrefix starts every API key, so that scanners for leaked secrets know one.
	secretPrefix = "weir_"
	// secretLength is the number of random characters: 256 bits.
	secretLength = 43
	// shownLength is how much of a secret is kept in clear.
	shownLength = 12
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// APIKey is a key as it can be shown: the secret itself is known to its holder alone.
type APIKey struct {
	bun.BaseModel `bun:"table:api_key,alias:k"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	ID       uuid.UUID `bun:",pk,type:uuid"`
	Name     string
	// Prefix is the first characters of the secret.
	Prefix    string
	Scopes    []Scope `bun:",array"`
	CreatedAt time.Time
	// LastUsedAt is to the minute.
	LastUsedAt *time.Time
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
}

var apiKeyList = Listing[APIKey]{
	Name: "api_keys", Column: "created_at", Parse: ByTime,
	Key: func(k *APIKey) (string, uuid.UUID) { return TimeKey(k.CreatedAt), k.ID },
}

// Cursor is the key's place in the list of keys.
func (k *APIKey) Cursor() string { return apiKeyList.Cursor(k) }

// CreateAPIKeyInput is what a new key is made of.
type CreateAPIKeyInput struct {
	// Name has 1 to 200 characters.
	Name string
	// Scopes are at least one.
	Scopes []Scope
	// ExpiresAt is in the future, or nil for a key that does not expire.
	ExpiresAt *time.Time
}

func (in *CreateAPIKeyInput) validate(now time.Time) error {
	var f errs.Fields
	checkName(&f, "name", in.Name)
	f.Check(len(in.Scopes) > 0, "scopes", "must not be empty")
	for _, scope := range in.Scopes {
		f.Check(scope == ScopeIngest || scope == ScopeRead || scope == ScopeAdmin, "scopes", "must be of INGEST, READ, ADMIN")
	}
	f.Check(in.ExpiresAt == nil || in.ExpiresAt.After(now), "expiresAt", "must be in the future")
	return f.Err()
}

// APIKeys lists the tenant's keys, the oldest first, with the count of all. It needs the role ADMIN.
func (s *Store) APIKeys(ctx context.Context, req page.Request) (page.Page[*APIKey], error) {
	if _, err := admin(ctx); err != nil {
		return page.Page[*APIKey]{}, err
	}
	return apiKeyList.Load(ctx, s.door, req, func(*bun.SelectQuery) {})
}

// APIKeysByIDs reads keys; one that does not exist is not in the map. It needs the role ADMIN.
func (s *Store) APIKeysByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*APIKey, error) {
	if _, err := admin(ctx); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*APIKey{}
	rows, err := readByIDs[APIKey](ctx, s.door, "SELECT * FROM api_key WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", ids)
	for _, k := range rows {
		out[k.ID] = k
	}
	return out, err
}

// CreateAPIKey makes a key and gives its secret, which is not kept. It is BadInput, one error a field. It needs the role
// ADMIN.
func (s *Store) CreateAPIKey(ctx context.Context, in CreateAPIKeyInput) (k *APIKey, secret string, err error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, "", err
	}
	now := s.moment()
	if err := in.validate(now); err != nil {
		return nil, "", err
	}
	secret = newSecret()
	k = &APIKey{
		TenantID: p.TenantID, ID: nodeid.New(now), Name: in.Name, Prefix: secret[:shownLength],
		Scopes: slices.Compact(slices.Sorted(slices.Values(in.Scopes))), CreatedAt: now,
	}
	if in.ExpiresAt != nil {
		expires := in.ExpiresAt.UTC().Truncate(time.Microsecond)
		k.ExpiresAt = &expires
	}
	hash := sha256.Sum256([]byte(secret))
	Concerns(ctx, nodeid.Format(nodeid.APIKey, k.ID))
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Bun().NewInsert().Model(k).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.Pgx().Exec(ctx, "SELECT register_api_key($1, $2)", hash[:], k.ID)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("create an API key: %w", err)
	}
	return k, secret, nil
}

// RevokeAPIKey ends a key's use, within five seconds on every process, or says NotFound. One that is revoked already
// stays as it is. It needs the role ADMIN.
func (s *Store) RevokeAPIKey(ctx context.Context, id uuid.UUID) (*APIKey, error) {
	if _, err := admin(ctx); err != nil {
		return nil, err
	}
	var rows []*APIKey
	err := s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		err := tx.Bun().NewUpdate().Model(&rows).Set("revoked_at = coalesce(revoked_at, ?)", s.moment()).
			Where("tenant_id = ? AND id = ?", tx.TenantID(), id).Returning("*").Scan(ctx)
		if err == nil && len(rows) == 0 {
			return errs.New(errs.NotFound, "no such API key")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("revoke API key %s: %w", id, err)
	}
	return rows[0], nil
}

// newSecret makes the secret of a key from the system's randomness, which does not fail.
func newSecret() string {
	out := []byte(secretPrefix)
	var random [64]byte
	for len(out) < len(secretPrefix)+secretLength {
		_, _ = rand.Read(random[:])
		for _, b := range random {
			// Bytes from 248 on would make the first characters likelier.
			if b < 248 && len(out) < len(secretPrefix)+secretLength {
				out = append(out, base62[b%62])
			}
		}
	}
	return string(out)
}

func readByIDs[T any](ctx context.Context, door *Door, sql string, ids []uuid.UUID) (rows []*T, err error) {
	err = door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sql, tenantID, UUIDs(ids))
	}, func(r pgx.BatchResults) error {
		found, err := r.Query()
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, pgx.RowToAddrOfStructByNameLax[T])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rows by their ids: %w", err)
	}
	return rows, nil
}
