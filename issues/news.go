package issues

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// Change is that an issue was opened, reopened or resolved.
type Change struct {
	IssueID uuid.UUID
	// Action is opened, reopened or resolved.
	Action string
}

// News is an issue that changed, with what somebody needs to know who hears of it.
type News struct {
	Change
	*Issue
	Integration Named
	// Customers are the first five of those that it hits.
	Customers []Named
	// Evidence is the newest, or nil.
	Evidence *Evidence
}

// Named is an integration or a customer. ID is uuid.Nil for none.
type Named struct {
	ID        uuid.UUID
	Key, Name string
}

// changes are those of a transaction.
type changes struct{ list []Change }

type changesKey struct{}

// noting is a context in which changes are noted.
func noting(ctx context.Context) (context.Context, *changes) {
	c := &changes{}
	return context.WithValue(ctx, changesKey{}, c), c
}

// note notes what of the deeds is news.
func (d *deeds) note(ctx context.Context) {
	c, ok := ctx.Value(changesKey{}).(*changes)
	if !ok {
		return
	}
	for i, action := range d.actions {
		switch action {
		case opened, reopened, resolved:
			c.list = append(c.list, Change{d.issues[i], action})
		}
	}
}

// tell has Changed hear of what changed in the transaction. Parts of a provider's incident are no news: the incident is.
func (s *Store) tell(ctx context.Context, tx *tenant.Tx, c *changes) error {
	if s.deps.Changed == nil || len(c.list) == 0 {
		return nil
	}
	return s.deps.Changed(ctx, tx, c.list)
}

const (
	sqlNewsCustomers = `SELECT c.id, c.external_id, c.name FROM issue_affected a JOIN customer c ON c.tenant_id = $1 AND c.id = a.customer_id
WHERE a.tenant_id = $1 AND (a.issue_id = $2 OR a.issue_id IN (SELECT id FROM issue WHERE tenant_id = $1 AND parent_id = $2))
GROUP BY 1, 2, 3 ORDER BY max(a.last_seen_at) DESC, 1 LIMIT 5`

	sqlNewsEvidence = `SELECT entry_id, kind, at FROM issue_evidence WHERE tenant_id = $1 AND issue_id = $2 ORDER BY at DESC, entry_id LIMIT 1`
)

// News reads what changed, as it is in the transaction. What is watched only, or a part of an incident, is left out.
func (s *Store) News(ctx context.Context, tx *tenant.Tx, list []Change) (out []*News, err error) {
	ids := make([]uuid.UUID, len(list))
	for i := range list {
		ids[i] = list[i].IssueID
	}
	rows, err := tx.Pgx().Query(ctx, sqlIssues+" WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[]) AND i.status <> 'WATCHED' AND i.parent_id IS NULL",
		tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read what changed: %w", err)
	}
	found, err := pgx.CollectRows(rows, s.scan(tx.Principal()))
	if err != nil {
		return nil, fmt.Errorf("read what changed: %w", err)
	}
	for _, c := range list {
		at := slices.IndexFunc(found, func(i *Issue) bool { return i.ID == c.IssueID })
		if at < 0 {
			continue
		}
		n := &News{Change: c, Issue: found[at]}
		if err := n.read(ctx, tx); err != nil {
			return nil, fmt.Errorf("read whom an issue hits: %w", err)
		}
		out = append(out, n)
	}
	return out, nil
}

func (n *News) read(ctx context.Context, tx *tenant.Tx) error {
	if id := n.Key.IntegrationID; id != uuid.Nil {
		n.Integration.ID = id
		err := tx.Pgx().QueryRow(ctx, "SELECT key, name FROM integration WHERE tenant_id = $1 AND id = $2", tx.TenantID(), id).Scan(&n.Integration.Key, &n.Integration.Name)
		if err != nil {
			return err
		}
	}
	rows, err := tx.Pgx().Query(ctx, sqlNewsCustomers, tx.TenantID(), n.IssueID)
	if err != nil {
		return err
	}
	if n.Customers, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Named, err error) {
		var id [16]byte
		err = row.Scan(&id, &c.Key, &c.Name)
		c.ID = id
		return c, err
	}); err != nil {
		return err
	}
	rows, err = tx.Pgx().Query(ctx, sqlNewsEvidence, tx.TenantID(), n.IssueID)
	if err != nil {
		return err
	}
	shown, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Evidence, err error) {
		var id [16]byte
		var kind int16
		err = row.Scan(&id, &kind, &e.At)
		e.ID, e.Kind = id, entry.Kind(kind) //nolint:gosec // It was one when it was stored.
		return e, err
	})
	if len(shown) > 0 {
		n.Evidence = &shown[0]
	}
	return err
}
