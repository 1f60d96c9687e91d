package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// defaultEvidence is how many entries a page of an issue's evidence has without an argument.
const defaultEvidence = 20

// Issues is what the API asks of the store of issues.
type Issues interface {
	load.Issues
	List(ctx context.Context, f issues.Filter, req page.Request) (page.Page[*issues.Issue], error)
	Customers(ctx context.Context, issueID uuid.UUID, req page.Request) (page.Page[uuid.UUID], error)
	Evidence(ctx context.Context, issueID uuid.UUID, req page.Request) (page.Page[issues.Evidence], error)
	Timeline(ctx context.Context, issueID uuid.UUID, b statistics.Buckets) ([]issues.Point, error)
	Unwell(ctx context.Context, of entry.ParentKind) (map[uuid.UUID]issues.Severity, error)

	Acknowledge(ctx context.Context, id uuid.UUID, note string) (*issues.Issue, error)
	Resolve(ctx context.Context, id uuid.UUID, note string) (*issues.Issue, error)
	Reopen(ctx context.Context, id uuid.UUID, note string) (*issues.Issue, error)
	Ignore(ctx context.Context, id uuid.UUID, note string) (*issues.Issue, error)
	Snooze(ctx context.Context, id uuid.UUID, until time.Time, note string) (*issues.Issue, error)
	Assign(ctx context.Context, id, memberID uuid.UUID) (*issues.Issue, error)
}

// issueArgs are the arguments of a list of issues.
type issueArgs struct {
	first  *int
	after  *string
	filter *model.IssueFilter
}

// issues gives a page of issues.
func (r *Resolver) issues(ctx context.Context, args issueArgs) (*model.IssueConnection, error) {
	req, err := pageOf(args.first, args.after)
	if err != nil {
		return nil, err
	}
	where, err := issueFilter(ctx, args.filter)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Issues.List(ctx, where, req)
	return model.Issues(found), err
}

// issuesBelow gives a page of those that hit something, or are of it. The first page is read for all parents at once.
func (r *Resolver) issuesBelow(ctx context.Context, args issueArgs, of load.Unit) (*model.IssueConnection, error) {
	req, err := pageOf(args.first, args.after)
	if err != nil {
		return nil, err
	}
	where, err := issueFilter(ctx, args.filter)
	if err != nil {
		return nil, err
	}
	own := ownList(&where, of.Of)
	if len(*own) > 0 && !slices.Contains(*own, of.ID) {
		return model.Issues(page.Page[*issues.Issue]{}), nil
	}
	if req.After == "" {
		*own = nil
		found, err := load.From(ctx).IssuesBelow(ctx, of, load.IssueQuery{Filter: where, First: req.Size})
		return model.Issues(found), err
	}
	*own = []uuid.UUID{of.ID}
	found, err := r.deps.Issues.List(ctx, where, req)
	return model.Issues(found), err
}

// ownList is the list of a filter that asks for what has parents of the kind.
func ownList(f *issues.Filter, of entry.ParentKind) *[]uuid.UUID {
	switch of {
	case entry.ParentCustomer:
		return &f.CustomerIDs
	case entry.ParentIntegration:
		return &f.IntegrationIDs
	default:
		return &f.ConnectedAppIDs
	}
}

// issueFilter makes the filter of issues of a query's.
func issueFilter(ctx context.Context, in *model.IssueFilter) (issues.Filter, error) {
	if in == nil {
		return issues.Filter{}, nil
	}
	var f errs.Fields
	out := issues.Filter{
		Statuses: in.Statuses, Severities: in.Severities,
		IntegrationIDs:  idsIn(&f, nodeid.Integration, "filter.integrationIds", in.IntegrationIds),
		CustomerIDs:     idsIn(&f, nodeid.Customer, "filter.customerIds", in.CustomerIds),
		ConnectedAppIDs: idsIn(&f, nodeid.ConnectedApp, "filter.connectedAppIds", in.ConnectedAppIds),
	}
	if in.AssigneeID != nil {
		// Who may not see who looks after an issue does not find out by asking for it.
		p, err := tenant.FromContext(ctx)
		if err == nil {
			err = p.Require(tenant.RoleSupport)
		}
		if err != nil {
			return issues.Filter{}, err
		}
		out.AssigneeID = idsIn(&f, nodeid.Member, "filter.assigneeId", []string{*in.AssigneeID})[0]
	}
	f.Check(len(in.Categories) <= maxIDs, "filter.categories", "has %d items: at most %d are allowed", len(in.Categories), maxIDs)
	for _, name := range in.Categories[:min(len(in.Categories), maxIDs)] {
		category := diagnostics.Category(strings.ToLower(name))
		f.Check(category.Wrong() && name == strings.ToUpper(name), "filter.categories", "%.100q is no category: they are written like AUTH_TOKEN_REVOKED", name)
		out.Categories = append(out.Categories, category)
	}
	return out, f.Err()
}

// issueCustomers gives a page of the customers that an issue hits.
func (r *Resolver) issueCustomers(ctx context.Context, of *model.Issue, first *int, after *string) (*model.CustomerConnection, error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	var found page.Page[uuid.UUID]
	if req.After == "" {
		found, err = load.One(ctx, load.From(ctx).CustomersOfIssue, load.IssueHead{Issue: of.Issue.ID, First: req.Size})
	} else {
		found, err = r.deps.Issues.Customers(ctx, of.Issue.ID, req)
	}
	if err != nil {
		return nil, err
	}
	cursors := make([]string, len(found.Items))
	for i, id := range found.Items {
		cursors[i] = issues.CustomerCursor(id)
	}
	return model.IssueCustomers(ctx, found, cursors)
}

// evidence gives a page of the entries that show an issue, less those that are no longer kept.
func (r *Resolver) evidence(ctx context.Context, of *model.Issue, first *int, after *string) (*model.LogEntryConnection, error) {
	size, err := pageSize(first, defaultEvidence, maxFirst)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Issues.Evidence(ctx, of.Issue.ID, page.Request{Size: size, After: text(after)})
	if err != nil {
		return nil, err
	}
	cursors := make([]string, len(found.Items))
	for i, e := range found.Items {
		cursors[i] = e.Cursor()
	}
	return model.IssueEvidence(ctx, found, cursors)
}

// timeline counts an issue's occurrences over time.
func (r *Resolver) timeline(ctx context.Context, of *model.Issue, in model.TimeRange, g statistics.Granularity, timeZone *string) ([]*model.IssueTimelinePoint, error) {
	b, err := buckets(in, g, timeZone)
	if err != nil {
		return nil, err
	}
	points, err := r.deps.Issues.Timeline(ctx, of.Issue.ID, b)
	return model.NewIssueTimeline(points), err
}

// change is one of the things that are done to an issue with nothing but a note.
type change func(ctx context.Context, id uuid.UUID, note string) (*issues.Issue, error)

func (do change) apply(ctx context.Context, in model.IssueActionInput) (*model.IssuePayload, error) {
	id, err := nodeid.ParseAs(nodeid.Issue, in.ID)
	if err != nil {
		return nil, err
	}
	return issuePayload(do(ctx, id, text(in.Note)))
}

func issuePayload(changed *issues.Issue, err error) (*model.IssuePayload, error) {
	if err != nil {
		userErrors, err := mend(err)
		return &model.IssuePayload{UserErrors: userErrors}, err
	}
	return &model.IssuePayload{Issue: model.NewIssue(changed)}, nil
}
