package load

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

// Issues is what the loaders ask of the store of issues.
type Issues interface {
	ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*issues.Issue, error)
	ListBelow(ctx context.Context, of entry.ParentKind, parentIDs []uuid.UUID, f issues.Filter, first int) (map[uuid.UUID]page.Page[*issues.Issue], error)
	ChildrenOf(ctx context.Context, parentIDs []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error)
	CustomersBelow(ctx context.Context, issueIDs []uuid.UUID, first int) (map[uuid.UUID]page.Page[uuid.UUID], error)
	ActivityOf(ctx context.Context, issueIDs []uuid.UUID) (map[uuid.UUID][]issues.Activity, error)
	OpenCounts(ctx context.Context, integrationIDs []uuid.UUID) (map[uuid.UUID]int, error)
	Worst(ctx context.Context, of entry.ParentKind, ids []uuid.UUID) (map[uuid.UUID]issues.Severity, error)
}

// Unit is whatever has a health: a customer, a connected app or an integration.
type Unit struct {
	Of entry.ParentKind
	ID uuid.UUID
}

// IssueQuery asks for the first issues below parents.
type IssueQuery struct {
	Filter issues.Filter
	First  int
}

// Health says how something is of which something was last recorded at a time, nil for never.
func (l *Loaders) Health(ctx context.Context, of Unit, lastActivity *time.Time) (issues.Health, error) {
	worst, err := Zero(ctx, l.worst, of)
	if err != nil {
		return "", err
	}
	return issues.HealthOf(worst, lastActivity, l.now()), nil
}

// IssuesBelow gives the first issues of the query below a parent.
func (l *Loaders) IssuesBelow(ctx context.Context, of Unit, query IssueQuery) (page.Page[*issues.Issue], error) {
	key, err := l.issueLists.below(of.Of, entry.Parent{ID: of.ID}, query)
	if err != nil {
		return page.Page[*issues.Issue]{}, err
	}
	return One(ctx, l.issues, key)
}

func (src Sources) issuePages(ctx context.Context, keys []Below[IssueQuery]) (map[Below[IssueQuery]]page.Page[*issues.Issue], error) {
	return pages(keys, func(l *list[IssueQuery], parents []entry.Parent) (map[uuid.UUID]page.Page[*issues.Issue], error) {
		ids := make([]uuid.UUID, len(parents))
		for i, p := range parents {
			ids[i] = p.ID
		}
		return src.Issues.ListBelow(ctx, l.of, ids, l.query.Filter, l.query.First)
	})
}

// worst reads the worst severity of each, in one statement for each kind.
func (src Sources) worst(ctx context.Context, units []Unit) (map[Unit]issues.Severity, error) {
	ids := map[entry.ParentKind][]uuid.UUID{}
	for _, u := range units {
		ids[u.Of] = append(ids[u.Of], u.ID)
	}
	out := make(map[Unit]issues.Severity, len(units))
	for of, list := range ids {
		found, err := src.Issues.Worst(ctx, of, list)
		if err != nil {
			return nil, err
		}
		for id, severity := range found {
			out[Unit{of, id}] = severity
		}
	}
	return out, nil
}

// IssueHead asks for the first of those whom an issue hits.
type IssueHead struct {
	Issue uuid.UUID
	First int
}

// customersOfIssues reads the first customers of issues. Issues of one answer ask for the same number, unless their fields
// have aliases.
func (src Sources) customersOfIssues(ctx context.Context, heads []IssueHead) (map[IssueHead]page.Page[uuid.UUID], error) {
	ids := map[int][]uuid.UUID{}
	for _, h := range heads {
		ids[h.First] = append(ids[h.First], h.Issue)
	}
	out := make(map[IssueHead]page.Page[uuid.UUID], len(heads))
	for first, list := range ids {
		found, err := src.Issues.CustomersBelow(ctx, list, first)
		if err != nil {
			return nil, err
		}
		for id, p := range found {
			out[IssueHead{id, first}] = p
		}
	}
	return out, nil
}
