package issues

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// issueList is in the cursors of lists of issues.
const issueList = "issues"

// Cursor is the issue's place in lists of issues.
func (i *Issue) Cursor() string {
	return page.EncodeCursor(issueList, tenant.TimeKey(i.LastSeenAt), i.ID.String())
}

// sqlIssues reads issues with what they hit in the present episode, or the last: as far as the principal may see it.
const sqlIssues = "SELECT " + recordColumns + `, h.occurrences, h.customers, h.apps FROM issue i
CROSS JOIN LATERAL (
	SELECT coalesce(sum(a.occurrences), 0)::bigint AS occurrences,
		count(DISTINCT a.customer_id) FILTER (WHERE a.customer_id <> '00000000-0000-0000-0000-000000000000') AS customers,
		count(DISTINCT a.connected_app_id) FILTER (WHERE a.connected_app_id <> '00000000-0000-0000-0000-000000000000') AS apps
	FROM issue_affected a WHERE a.tenant_id = i.tenant_id AND a.issue_id = i.id AND a.last_seen_at >= i.began_at) h`

// where is what a filter asks for, as SQL with its arguments.
type where struct {
	sql  []string
	args []any
}

// add adds a condition in which each ? is the next of the arguments.
func (w *where) add(sql string, args ...any) {
	var out strings.Builder
	for _, c := range sql {
		if c != '?' {
			out.WriteRune(c)
			continue
		}
		w.args, args = append(w.args, args[0]), args[1:]
		out.WriteString("$" + strconv.Itoa(len(w.args)))
	}
	w.sql = append(w.sql, out.String())
}

func (w *where) String() string { return strings.Join(w.sql, " AND ") }

// hits is that an issue i hits one of those that a column of issue_affected names.
func hits(column, value string) string {
	return "EXISTS (SELECT FROM issue_affected a WHERE a.tenant_id = i.tenant_id AND a.issue_id = i.id AND a.last_seen_at >= i.began_at AND a." +
		column + " = " + value + ")"
}

// conditions are what the filter asks of an issue i. What is folded is shown only to those who ask for its category.
func (f *Filter) conditions(tenantID uuid.UUID) *where {
	w := &where{}
	w.add("i.tenant_id = ? AND i.status <> 'WATCHED'", tenantID)
	if len(f.Statuses) > 0 {
		w.add("i.status = ANY (?)", texts(f.Statuses))
	}
	if len(f.Severities) > 0 {
		w.add("i.severity = ANY (?)", texts(f.Severities))
	}
	if len(f.Categories) > 0 {
		w.add("i.category = ANY (?)", texts(f.Categories))
	} else {
		w.add("i.parent_id IS NULL")
	}
	if len(f.IntegrationIDs) > 0 {
		w.add("i.integration_id = ANY (?::uuid[])", tenant.UUIDs(f.IntegrationIDs))
	}
	if len(f.CustomerIDs) > 0 {
		w.add(hits("customer_id", "ANY (?::uuid[])"), tenant.UUIDs(f.CustomerIDs))
	}
	if len(f.ConnectedAppIDs) > 0 {
		w.add(hits("connected_app_id", "ANY (?::uuid[])"), tenant.UUIDs(f.ConnectedAppIDs))
	}
	if f.AssigneeID != uuid.Nil {
		w.add("i.assignee_id = ?", f.AssigneeID)
	}
	return w
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = string(text)
	}
	return out
}

// List lists issues, those that were seen last first, with the count of all that the filter lets through. What is folded
// into another is listed only when its category is asked for. Errors: BadInput for a bad size or cursor.
func (s *Store) List(ctx context.Context, f Filter, req page.Request) (out page.Page[*Issue], err error) {
	p, err := reader(ctx)
	if err != nil {
		return out, err
	}
	at, id, err := position(issueList, req)
	if err != nil {
		return out, err
	}
	err = s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		w := f.conditions(tenantID)
		b.Queue("SELECT count(*) FROM issue i WHERE "+w.String(), w.args...)
		if at != nil {
			w.add("(i.last_seen_at, i.id) < (?, ?)", *at, *id)
		}
		b.Queue(fmt.Sprintf("%s WHERE %s ORDER BY i.last_seen_at DESC, i.id DESC LIMIT %d", sqlIssues, w, req.Size+1), w.args...)
	}, func(r pgx.BatchResults) error {
		if err := r.QueryRow().Scan(&out.Total); err != nil {
			return err
		}
		rows, err := r.Query()
		if err != nil {
			return err
		}
		out.Items, err = pgx.CollectRows(rows, s.scan(p))
		return err
	})
	if err != nil {
		return page.Page[*Issue]{}, fmt.Errorf("list issues: %w", err)
	}
	cut(&out, req)
	return out, nil
}

// scan reads a row of sqlIssues. Who is limited to one customer gets no words that are of others: of a condition, which
// names those whom it hits, the advice on its category, and of no entry what the diagnosis rests on.
func (s *Store) scan(p *tenant.Principal, before ...any) func(row pgx.CollectableRow) (*Issue, error) {
	return func(row pgx.CollectableRow) (*Issue, error) {
		r := &record{}
		var occurrences int64
		var customers, apps int
		if err := row.Scan(append(append(before, r.fields()...), &occurrences, &customers, &apps)...); err != nil {
			return nil, err
		}
		i, err := r.issue()
		if err != nil {
			return nil, err
		}
		i.Occurrences, i.CustomerCount, i.ConnectedAppCount = occurrences, customers, apps
		if p.CustomerID != uuid.Nil {
			s.limit(i, r)
		}
		return i, nil
	}
}

func (s *Store) limit(i *Issue, r *record) {
	if r.byCondition {
		confidence := i.Diagnosis.Confidence
		i.Diagnosis = s.advice(r.category, r.provider)
		i.Diagnosis.Confidence = confidence
	}
	i.Diagnosis.Signals = nil
	for at := range i.Diagnosis.Others {
		i.Diagnosis.Others[at].Signals = nil
	}
}

// ByIDs reads issues; one that does not exist is not in the map.
func (s *Store) ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Issue, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]*Issue, len(ids))
	err = s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sqlIssues+" WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[]) AND i.status <> 'WATCHED'", tenantID, tenant.UUIDs(ids))
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, s.scan(p))
		for _, i := range list {
			out[i.ID] = i
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read issues: %w", err)
	}
	return out, nil
}

// belowOf is the condition that an issue i stands below parent.id.
func belowOf(of entry.ParentKind) (string, error) {
	switch of {
	case entry.ParentCustomer:
		return hits("customer_id", "parent.id"), nil
	case entry.ParentConnectedApp:
		return hits("connected_app_id", "parent.id"), nil
	case entry.ParentIntegration:
		return "i.integration_id = parent.id", nil
	default:
		return "", errs.New(errs.BadInput, "issues stand below customers, integrations and connected apps")
	}
}

// ListBelow gives the first page of List for each of many customers, integrations or connected apps, in one round trip,
// with the count of each. Every id is in the map.
func (s *Store) ListBelow(ctx context.Context, of entry.ParentKind, parentIDs []uuid.UUID, f Filter, first int) (map[uuid.UUID]page.Page[*Issue], error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	if first < 1 {
		return nil, errs.Invalid("first", "must be at least 1")
	}
	below, err := belowOf(of)
	if err != nil {
		return nil, err
	}
	parentIDs = without(parentIDs, nil)
	out := make(map[uuid.UUID]page.Page[*Issue], len(parentIDs))
	for _, id := range parentIDs {
		out[id] = page.Page[*Issue]{}
	}
	err = s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		w := f.conditions(tenantID)
		w.add(below)
		w.args = append(w.args, tenant.UUIDs(parentIDs))
		from := fmt.Sprintf("FROM unnest($%d::uuid[]) parent (id) CROSS JOIN LATERAL ", len(w.args))
		b.Queue("SELECT parent.id, n.n "+from+"(SELECT count(*) AS n FROM issue i WHERE "+w.String()+") n", w.args...)
		b.Queue(fmt.Sprintf("SELECT parent.id, i.* %s(%s WHERE %s ORDER BY i.last_seen_at DESC, i.id DESC LIMIT %d) i", from, sqlIssues, w, first+1), w.args...)
	}, func(r pgx.BatchResults) error { return s.readBelow(r, p, first, out) })
	if err != nil {
		return nil, fmt.Errorf("list issues below others: %w", err)
	}
	return out, nil
}

func (s *Store) readBelow(r pgx.BatchResults, p *tenant.Principal, first int, out map[uuid.UUID]page.Page[*Issue]) error {
	var parent uuid.UUID
	var n int
	rows, err := r.Query()
	if err != nil {
		return err
	}
	if _, err := pgx.ForEachRow(rows, []any{&parent, &n}, func() error {
		out[parent] = page.Page[*Issue]{Total: n}
		return nil
	}); err != nil {
		return err
	}
	rows, err = r.Query()
	if err != nil {
		return err
	}
	scan := s.scan(p, &parent)
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		i, err := scan(row)
		if err != nil {
			return struct{}{}, err
		}
		below := out[parent]
		if len(below.Items) == first {
			below.HasNext = true
		} else {
			below.Items = append(below.Items, i)
		}
		out[parent] = below
		return struct{}{}, nil
	})
	return err
}

// customerList is in the cursors of lists of an issue's customers.
const customerList = "issue_customers"

// CustomerCursor is a customer's place in the list of those whom an issue hits.
func CustomerCursor(customerID uuid.UUID) string {
	return page.EncodeCursor(customerList, customerID.String())
}

const (
	sqlHitCustomers = `FROM (SELECT a.customer_id AS id, max(a.last_seen_at) AS at FROM issue i JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = i.id
	AND a.last_seen_at >= i.began_at AND a.customer_id <> '00000000-0000-0000-0000-000000000000'
	WHERE i.tenant_id = $1 AND i.id = $2 AND i.status <> 'WATCHED' GROUP BY 1) c`

	sqlPlace = "SELECT c.at " + sqlHitCustomers + " WHERE c.id = $3"
)

// Customers lists whom an issue hits, or hit, in the present episode or the last: those who were seen last first, with their
// count. Errors: BadInput for a bad size or cursor.
func (s *Store) Customers(ctx context.Context, issueID uuid.UUID, req page.Request) (out page.Page[uuid.UUID], err error) {
	if _, err := reader(ctx); err != nil {
		return out, err
	}
	if req.Size < 1 {
		return out, errs.Invalid("first", "must be at least 1")
	}
	var after uuid.UUID
	if req.After != "" {
		keys, err := page.DecodeCursor(customerList, req.After, 1)
		if err != nil {
			return out, err
		}
		if after, err = uuid.Parse(keys[0]); err != nil {
			return out, errs.Invalid("after", "this is no cursor of this list")
		}
	}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		where, args := "", []any{tx.TenantID(), issueID}
		if req.After != "" {
			var at time.Time
			if err := tx.Pgx().QueryRow(ctx, sqlPlace, append(args, after)...).Scan(&at); err != nil {
				return errs.Wrap(err, errs.BadInput, "this cursor is of a customer whom the issue does not hit any more")
			}
			where, args = " WHERE (c.at, c.id) < ($3, $4)", append(args, at, after)
		}
		rows, err := tx.Pgx().Query(ctx, fmt.Sprintf("SELECT c.id %s%s ORDER BY c.at DESC, c.id DESC LIMIT %d", sqlHitCustomers, where, req.Size+1), args...)
		if err != nil {
			return err
		}
		if out.Items, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil {
			return err
		}
		return tx.Pgx().QueryRow(ctx, "SELECT count(*) "+sqlHitCustomers, args[:2]...).Scan(&out.Total)
	})
	if err != nil {
		return page.Page[uuid.UUID]{}, fmt.Errorf("list the customers of issue %s: %w", issueID, err)
	}
	cut(&out, req)
	return out, nil
}
