package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/page"
)

// auditDays is how long entries of the audit log are kept.
const auditDays = 400

// AuditEntry is a line of the audit log.
type AuditEntry struct {
	bun.BaseModel `bun:"table:audit_entry,alias:a"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	ID       uuid.UUID `bun:",pk,type:uuid"`
	At       time.Time
	// Actor is an e-mail address, or the id of an API key, or else what the credential calls itself.
	Actor  string
	Action string
	// Target is the id of what it was done to.
	Target *string
	// Address is where it came from.
	Address *string
	// Details is a JSON object, or nil.
	Details json.RawMessage `bun:"type:jsonb"`
}

var auditList = Listing[AuditEntry]{
	Name: "audit", Column: "at", NewestFirst: true, Uncounted: true, Parse: ByTime,
	Key: func(e *AuditEntry) (string, uuid.UUID) { return TimeKey(e.At), e.ID },
}

// Cursor is the entry's place in the audit log.
func (e *AuditEntry) Cursor() string { return auditList.Cursor(e) }

// AuditLog lists the tenant's audit log, the newest first, without a count. It needs the role ADMIN.
func (s *Store) AuditLog(ctx context.Context, req page.Request) (page.Page[*AuditEntry], error) {
	if _, err := admin(ctx); err != nil {
		return page.Page[*AuditEntry]{}, err
	}
	return auditList.Load(ctx, s.door, req, func(*bun.SelectQuery) {})
}

// AuditEntriesByIDs reads entries of the audit log; one that does not exist is not in the map. It needs the role ADMIN.
func (s *Store) AuditEntriesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*AuditEntry, error) {
	if _, err := admin(ctx); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*AuditEntry{}
	rows, err := readByIDs[AuditEntry](ctx, s.door, "SELECT * FROM audit_entry WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", ids)
	for _, e := range rows {
		out[e.ID] = e
	}
	return out, err
}

// Tell has the audit log tell of the context's act, if no transaction did: of what changes no row, such as a token that
// is signed or data that is exported.
func (s *Store) Tell(ctx context.Context) error {
	return s.door.Write(ctx, func(context.Context, *Tx) error { return nil })
}

// ExpireAudit removes the entries of the context's tenant that are over 400 days old, and gives how many there were.
// With dry it only counts them.
func (s *Store) ExpireAudit(ctx context.Context, dry bool) (n int, err error) {
	const over = " FROM audit_entry WHERE tenant_id = $1 AND at < $2"
	before := s.now().AddDate(0, 0, -auditDays)
	if dry {
		err = s.door.Read(ctx, func(ctx context.Context, tx *Tx) error {
			return tx.Pgx().QueryRow(ctx, "SELECT count(*)"+over, tx.TenantID(), before).Scan(&n)
		})
		if err != nil {
			return 0, fmt.Errorf("count old entries of the audit log: %w", err)
		}
		return n, nil
	}
	for {
		var gone int
		err := s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
			tag, err := tx.Pgx().Exec(ctx, fmt.Sprintf("DELETE FROM audit_entry WHERE tenant_id = $1 AND id IN (SELECT id%s LIMIT %d)", over, erasureBatch),
				tx.TenantID(), before)
			gone = int(tag.RowsAffected())
			return err
		})
		n += gone
		if err != nil {
			return n, fmt.Errorf("remove old entries of the audit log: %w", err)
		}
		if gone < erasureBatch {
			return n, nil
		}
	}
}
