package issues

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/numbering"
	"github.com/weirhq/weir/tenant"
)

// stream is what is told of issues to those who follow them. One whose diagnosis was erased is told when it has another.
var stream = numbering.Of("issue", "status <> 'WATCHED' AND diagnosis IS NOT NULL")

// Update is an issue that changed: as it is now, with the number of its last change.
type Update struct {
	No int64
	*Issue
	// hits are whom it hits in the present episode, or the last, and did in earlier ones; nil unless they were asked for.
	hits []episode
}

// episode is one that an issue hits, and whether it is in the present episode, or the last.
type episode struct {
	whom
	present bool
}

// Lean is the update without what is only of use to a Matcher.
func (u Update) Lean() Update {
	u.hits = nil
	return u
}

// Updates are the issues that changed behind a number, each once, by the number of its last change: all up to Through.
type Updates struct {
	Items   []Update
	Through int64
	More    bool
}

// updatesAtOnce is how many issues Updates gives at a time.
const updatesAtOnce = 100

const sqlEpisodes = `SELECT a.issue_id, a.customer_id, a.connected_app_id, a.last_seen_at >= i.began_at FROM issue_affected a
JOIN issue i ON i.tenant_id = $1 AND i.id = a.issue_id WHERE a.tenant_id = $1 AND a.issue_id = ANY ($2::uuid[])`

// LastUpdate is the number of the last change of the tenant's issues, 0 when there was none yet.
func (s *Store) LastUpdate(ctx context.Context) (no int64, err error) {
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		no, err = stream.Last(ctx, tx)
		return err
	})
	return no, err
}

// Updates gives the next issues that changed behind a number, with what a Matcher that NeedsHits wants if hits is set. A
// number that the tenant has not come to is a Conflict: the database has been put back to an earlier state.
func (s *Store) Updates(ctx context.Context, after int64, hits bool) (out Updates, err error) {
	p, err := reader(ctx)
	if err != nil {
		return out, err
	}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if out.Through, err = stream.Reach(ctx, tx, after); err != nil || out.Through == after {
			return err
		}
		if err := s.readUpdates(ctx, tx, p, after, &out); err != nil || !hits {
			return err
		}
		return readHits(ctx, tx, out.Items)
	})
	if err != nil {
		return Updates{}, fmt.Errorf("read which issues changed: %w", err)
	}
	return out, nil
}

func (s *Store) readUpdates(ctx context.Context, tx *tenant.Tx, p *tenant.Principal, after int64, out *Updates) error {
	rows, err := tx.Pgx().Query(ctx, fmt.Sprintf(`SELECT c.change_no, x.* FROM issue c CROSS JOIN LATERAL (%s
		WHERE i.tenant_id = $1 AND i.id = c.id) x WHERE c.tenant_id = $1 AND c.change_no > $2 AND c.status <> 'WATCHED'
		ORDER BY c.change_no LIMIT %d`, sqlIssues, updatesAtOnce+1), tx.TenantID(), after)
	if err != nil {
		return err
	}
	var no int64
	scan := s.scan(p, &no)
	out.Items, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Update, error) {
		i, err := scan(row)
		return Update{No: no, Issue: i}, err
	})
	if err == nil && len(out.Items) > updatesAtOnce {
		out.Items, out.More = out.Items[:updatesAtOnce], true
		out.Through = out.Items[updatesAtOnce-1].No
	}
	return err
}

func readHits(ctx context.Context, tx *tenant.Tx, list []Update) error {
	ids, byID := make([]uuid.UUID, len(list)), make(map[uuid.UUID]*Update, len(list))
	for i := range list {
		ids[i], byID[list[i].ID] = list[i].ID, &list[i]
	}
	rows, err := tx.Pgx().Query(ctx, sqlEpisodes, tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return err
	}
	var id uuid.UUID
	var e episode
	_, err = pgx.ForEachRow(rows, []any{&id, &e.customer, &e.app, &e.present}, func() error {
		byID[id].hits = append(byID[id].hits, e)
		return nil
	})
	return err
}

// Matcher tells which updates somebody is told of who asked for issues by a filter. It lets through what List lists.
type Matcher struct {
	filter Filter
	// customer limits the principal, unless it is uuid.Nil.
	customer uuid.UUID
}

// NewMatcher makes a Matcher. It is Forbidden to whoever may not read.
func NewMatcher(p *tenant.Principal, f Filter) (*Matcher, error) {
	return &Matcher{filter: f, customer: p.CustomerID}, p.RequireRead()
}

// NeedsHits tells whether Updates have to be read with whom they hit.
func (m *Matcher) NeedsHits() bool {
	return m.customer != uuid.Nil || len(m.filter.CustomerIDs) > 0 || len(m.filter.ConnectedAppIDs) > 0
}

// Matches tells whether an issue, as it is after a change, is one of those.
func (m *Matcher) Matches(u *Update) bool {
	f := &m.filter
	switch {
	case !among(f.Statuses, u.Status), !among(f.Severities, u.Severity), !among(f.Categories, u.Key.Category), !among(f.IntegrationIDs, u.Key.IntegrationID):
		return false
	case len(f.Categories) == 0 && u.ParentID != uuid.Nil, f.AssigneeID != uuid.Nil && u.AssigneeID != f.AssigneeID:
		return false
	}
	return m.customer == uuid.Nil && len(f.CustomerIDs) == 0 && len(f.ConnectedAppIDs) == 0 || m.hits(u)
}

// hits tells whether an issue hits those whom the filter wants, as far as the principal may see whom it hits.
func (m *Matcher) hits(u *Update) bool {
	visible, customer, app := false, len(m.filter.CustomerIDs) == 0, len(m.filter.ConnectedAppIDs) == 0
	for _, e := range u.hits {
		if m.customer != uuid.Nil && e.customer != m.customer {
			continue
		}
		visible = true
		customer = customer || e.present && slices.Contains(m.filter.CustomerIDs, e.customer)
		app = app || e.present && slices.Contains(m.filter.ConnectedAppIDs, e.app)
	}
	return visible && customer && app
}

// among tells whether a list that asks for any of its items, or for all when it is empty, asks for one.
func among[T comparable](list []T, item T) bool { return len(list) == 0 || slices.Contains(list, item) }
