package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// news tells, in the transaction that changes them, of issues and of what they do to connected apps.
type news struct {
	issues  *issues.Store
	told    *notify.Store
	entries *journal.Store
}

// newsOf are what actions on issues are told as.
var newsOf = map[string]notify.Kind{"opened": notify.IssueOpened, "reopened": notify.IssueReopened, "resolved": notify.IssueResolved}

func (n *news) changed(ctx context.Context, tx *tenant.Tx, changes []issues.Change) error {
	asked, err := n.told.Asked(ctx, tx)
	if err != nil {
		return err
	}
	var wanted []issues.Change
	for _, c := range changes {
		if asked[newsOf[c.Action]] {
			wanted = append(wanted, c)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	list, err := n.issues.News(ctx, tx, wanted)
	if err != nil {
		return err
	}
	shown, err := n.shown(ctx, list)
	if err != nil {
		return err
	}
	events := make([]notify.Event, len(list))
	for i, one := range list {
		item := newsItem(one)
		if e := one.Evidence; e != nil && shown[e.ID] != nil && len(item.Evidence) > 0 {
			item.Evidence[0].Summary = callOf(shown[e.ID], item.Title)
		}
		events[i] = notify.OfIssue(newsOf[one.Action], item)
	}
	return n.told.Tell(ctx, tx, events...)
}

// shown are the entries that show what is wrong. That it is over needs none.
func (n *news) shown(ctx context.Context, list []*issues.News) (map[uuid.UUID]*entry.Entry, error) {
	var ids []uuid.UUID
	for _, one := range list {
		if one.Evidence != nil && newsOf[one.Action] != notify.IssueResolved {
			ids = append(ids, one.Evidence.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return n.entries.ByIDs(ctx, ids)
}

// callOf is an entry in a line: the call and how it ended; of what is no call, other words.
func callOf(e *entry.Entry, other string) string {
	if e.Method == "" {
		return other
	}
	text := e.Method + " " + cmp.Or(e.Endpoint, "/")
	if e.StatusCode == 0 {
		return text
	}
	return fmt.Sprintf("%s: %d", text, e.StatusCode)
}

// mostSignals is how many parts of an entry an excerpt quotes.
const mostSignals = 3

func newsItem(n *issues.News) *notify.Issue {
	d := &n.Diagnosis
	out := &notify.Issue{
		ID: n.ID, Title: d.Title, Cause: d.Cause, Category: strings.ToUpper(string(n.Key.Category)), Severity: string(n.Severity), Status: string(n.Status),
		Integration: thing(n.Integration), CustomerCount: n.CustomerCount, Occurrences: n.Occurrences, OpenedAt: n.OpenedAt,
		ResolvedBy: string(d.ResolvedBy), Steps: newsSteps(d.Steps),
	}
	if n.ResolvedAt != nil {
		out.ResolvedAt = *n.ResolvedAt
	}
	for _, c := range n.Customers {
		out.Customers = append(out.Customers, thing(c))
	}
	if e := n.Evidence; e != nil {
		out.Evidence = []notify.Evidence{{
			ID: nodeid.Format(e.Kind.NodeKind(), e.ID), At: e.At, Summary: d.Title, Excerpt: strings.Join(d.Signals[:min(mostSignals, len(d.Signals))], "; "),
		}}
	}
	return out
}

func thing(n issues.Named) notify.Thing {
	return notify.Thing{ID: n.ID, ExternalID: n.Key, Name: n.Name}
}

func newsSteps(steps []diagnostics.Step) []notify.Step {
	out := make([]notify.Step, len(steps))
	for i, s := range steps {
		out[i] = notify.Step{Actor: string(s.Actor), Text: s.Text, URL: s.URL}
	}
	return out
}

// tellingApps are connected apps whose changes are told.
type tellingApps struct {
	*directory.Store
	told *notify.Store
}

// NeedReauth turns connected apps, and tells of it.
func (a tellingApps) NeedReauth(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, reason string, at time.Time) ([]uuid.UUID, error) {
	turned, err := a.Store.NeedReauth(ctx, tx, ids, reason, at)
	if err != nil {
		return nil, err
	}
	return turned, a.tell(ctx, tx, turned, at)
}

// Reconnect turns them back, and tells of it.
func (a tellingApps) Reconnect(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, at time.Time) error {
	if err := a.Store.Reconnect(ctx, tx, ids, at); err != nil {
		return err
	}
	return a.tell(ctx, tx, ids, at)
}

func (a tellingApps) tell(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	in := notify.Ingested{Apps: ids}
	for range ids {
		in.Said = append(in.Said, at.Truncate(time.Microsecond))
	}
	return a.told.TellIngested(ctx, tx, in)
}
