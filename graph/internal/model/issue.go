package model

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

// Issue is a problem of the tenant.
type Issue struct{ *issues.Issue }

// NewIssue gives an issue the shape of the API.
func NewIssue(i *issues.Issue) *Issue { return &Issue{i} }

func (Issue) node() {}

// ID is the issue's id.
func (i Issue) ID() string { return nodeid.Format(nodeid.Issue, i.Issue.ID) }

// Category is what is wrong.
func (i Issue) Category() string { return categoryName(i.Key.Category) }

// Title is the problem in one line.
func (i Issue) Title() string { return i.Issue.Diagnosis.Title }

// Occurrences is how often it was seen since it opened.
func (i Issue) Occurrences() int { return count(i.Issue.Occurrences) }

// Diagnosis says what is wrong, and what to do about it.
func (i Issue) Diagnosis(ctx context.Context) *Diagnosis {
	d := i.Issue.Diagnosis
	// What it was opened for stands, whatever the diagnosis of the entry calls it.
	d.Category = i.Key.Category
	return newDiagnosis(ctx, &d)
}

// Integration is what it is of.
func (i Issue) Integration(ctx context.Context) (*Integration, error) {
	return loadIntegration(ctx, i.Key.IntegrationID)
}

// Assignee is who looks after it; nil for nobody, and for one who is no member any more.
func (i Issue) Assignee(ctx context.Context) (*Member, error) {
	found, err := load.Optional(ctx, load.From(ctx).Members, i.AssigneeID)
	if err != nil || found == nil {
		return nil, err
	}
	return NewMember(found), nil
}

// Parent is the provider's incident that it is a part of.
func (i Issue) Parent(ctx context.Context) (*Issue, error) {
	found, err := load.Optional(ctx, load.From(ctx).Issues, i.ParentID)
	if err != nil || found == nil {
		return nil, err
	}
	return NewIssue(found), nil
}

// Children are its parts. Only a provider's incident has any.
func (i Issue) Children(ctx context.Context) ([]*Issue, error) {
	if i.Key.Category != diagnostics.ProviderIncident {
		return []*Issue{}, nil
	}
	l := load.From(ctx)
	ids, err := load.Many(ctx, l.PartsOfIssue, i.Issue.ID)
	if err != nil {
		return nil, err
	}
	found, err := load.All(ctx, l.Issues, ids)
	if err != nil {
		return nil, err
	}
	return shaped(found, NewIssue), nil
}

// IssueActivity is something that happened to an issue.
type IssueActivity struct{ issues.Activity }

// Note is what was said about it.
func (a IssueActivity) Note() *string { return optional(a.Activity.Note) }

// Activity is what happened to it, the oldest first.
func (i Issue) Activity(ctx context.Context) ([]*IssueActivity, error) {
	found, err := load.Many(ctx, load.From(ctx).ActivityOfIssue, i.Issue.ID)
	if err != nil {
		return nil, err
	}
	return shaped(found, func(a issues.Activity) *IssueActivity { return &IssueActivity{a} }), nil
}

// IssueFingerprint is what makes what was seen one issue.
type IssueFingerprint struct{ issues.Key }

// Fingerprint is why it grouped.
func (i Issue) Fingerprint() *IssueFingerprint { return &IssueFingerprint{i.Key} }

// Category is what is wrong.
func (f IssueFingerprint) Category() string { return categoryName(f.Key.Category) }

// Integration is what it is of.
func (f IssueFingerprint) Integration(ctx context.Context) (*Integration, error) {
	return loadIntegration(ctx, f.IntegrationID)
}

// Scope is where it happens.
func (f IssueFingerprint) Scope() *string { return optional(f.Key.Scope) }

// NewIssueTimeline gives a timeline the shape of the API.
func NewIssueTimeline(points []issues.Point) []*IssueTimelinePoint {
	return shaped(points, func(p issues.Point) *IssueTimelinePoint {
		return &IssueTimelinePoint{At: p.At, Occurrences: count(p.Occurrences), Customers: p.Customers}
	})
}

// Issues gives a page of issues the shape of the API.
func Issues(p page.Page[*issues.Issue]) *IssueConnection {
	return NewConnection(mapped(p, NewIssue), "")
}

// categoryName is a category's name in the API.
func categoryName(c diagnostics.Category) string { return strings.ToUpper(string(c)) }

// shaped gives the items of a list the shape of the API.
func shaped[A, B any](list []A, shape func(A) B) []B {
	out := make([]B, len(list))
	for i, item := range list {
		out[i] = shape(item)
	}
	return out
}

// loadIssueOf gives the issue that an entry is a part of, or the one that this is folded into where it can be seen.
func loadIssueOf(ctx context.Context, id uuid.UUID) (*Issue, error) {
	l := load.From(ctx)
	found, err := load.Optional(ctx, l.Issues, id)
	if err != nil || found == nil {
		return nil, err
	}
	parent, err := load.Optional(ctx, l.Issues, found.ParentID)
	if err != nil {
		return nil, err
	}
	if parent != nil {
		found = parent
	}
	return NewIssue(found), nil
}

// IssueEvidence gives a page of what shows an issue the shape of the API, with the items' cursors. What is no longer kept
// is left out.
func IssueEvidence(ctx context.Context, p page.Page[issues.Evidence], cursors []string) (*LogEntryConnection, error) {
	return present(ctx, p, cursors, func(ctx context.Context, e issues.Evidence) (LogEntry, error) {
		if e.Kind == entry.KindFlowRun {
			run, err := loadFlowRun(ctx, e.ID)
			if run == nil {
				return nil, err
			}
			return run, nil
		}
		found, err := load.Optional(ctx, load.From(ctx).Entries, e.ID)
		if found == nil {
			return nil, err
		}
		return NewLogEntry(found), nil
	})
}

// IssueCustomers gives a page of customers that an issue hits the shape of the API, with the items' cursors.
func IssueCustomers(ctx context.Context, p page.Page[uuid.UUID], cursors []string) (*CustomerConnection, error) {
	return present(ctx, p, cursors, loadCustomer)
}

// present reads all items of a page at once, and leaves out those that are gone. The page ends where it ended.
func present[A any, B interface {
	comparable
	Listed
}](ctx context.Context, p page.Page[A], cursors []string, read func(context.Context, A) (B, error)) (*Connection[B], error) {
	var none B
	found, failures := make([]B, len(p.Items)), make([]error, len(p.Items))
	turn.Each(ctx, len(p.Items), func(i int) {
		failures[i] = errs.Catch(func() (err error) {
			found[i], err = read(ctx, p.Items[i])
			return err
		})
	})
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	out := page.Page[B]{HasNext: p.HasNext, HasPrevious: p.HasPrevious, Total: p.Total}
	var kept []string
	for i, item := range found {
		if item != none {
			out.Items, kept = append(out.Items, item), append(kept, cursors[i])
		}
	}
	end := ""
	if len(cursors) > 0 {
		end = cursors[len(cursors)-1]
	}
	return NewConnectionOf(out, kept, end), nil
}
