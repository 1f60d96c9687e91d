package journal

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// Runs lists and counts flow runs by where they stand among the log entries; *run.Store does.
type Runs interface {
	List(ctx context.Context, query run.Query) (page.Page[*run.FlowRun], error)
	Pages(ctx context.Context, query run.PagesQuery) (map[uuid.UUID]page.Page[*run.FlowRun], error)
	Count(ctx context.Context, f run.Filter, from, length int64, parts int) ([]run.Count, error)
	ByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*run.FlowRun, error)
	Payloads(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*run.Payload, error)
	ChangedSince(ctx context.Context, after, through int64) (run.Since, error)
	LastChanges(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]int64, error)
}

// Logs is what the API calls logs: entries and flow runs as one list.
type Logs struct {
	entries *Store
	runs    Runs
}

// NewLogs makes Logs of both.
func NewLogs(entries *Store, runs Runs) *Logs { return &Logs{entries: entries, runs: runs} }

// Item is an entry or a flow run: one of them is nil.
type Item struct {
	Entry *entry.Entry
	Run   *run.FlowRun
}

// Position is where the item stands.
func (i Item) Position() entry.Position {
	if i.Run != nil {
		return i.Run.Position()
	}
	return entry.Position{Micros: i.Entry.Micros(), ID: i.Entry.ID}
}

// ItemPage is a page of items; Resume is as in Page.
type ItemPage struct {
	page.Page[Item]
	Resume *entry.Position
}

// List gives a page of the items that match. A run matches a filter by FlowRunID of itself, and of error kinds it has
// APPLICATION; what it cannot have, such as a status code, it does not match. Errors are those of Store.Entries.
func (l *Logs) List(ctx context.Context, q Query) (ItemPage, error) {
	var entries Page
	var runs page.Page[*run.FlowRun]
	// Both at one moment, and in one transaction: it takes less than two side by side.
	err := l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) (err error) {
		if entries, err = l.entries.Entries(ctx, q); err != nil {
			return err
		}
		runs, err = l.listRuns(ctx, q)
		return err
	})
	if err != nil {
		return ItemPage{}, err
	}
	return merge(&q, &entries, runs), nil
}

// Pages gives for each parent, by its id, the page that List gives when the filter asks for that parent too. Errors are
// those of Store.Pages, of which the bounds hold here too.
func (l *Logs) Pages(ctx context.Context, q PagesQuery) (map[uuid.UUID]ItemPage, error) {
	var entries map[uuid.UUID]Page
	var runs map[uuid.UUID]page.Page[*run.FlowRun]
	err := l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) (err error) {
		if entries, err = l.entries.Pages(ctx, q); err != nil {
			return err
		}
		if f, ok := runFilter(&q.Filter); ok {
			runs, err = l.runs.Pages(ctx, run.PagesQuery{Query: runQuery(&q.Query, f), Of: q.Of, Parents: q.Parents})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]ItemPage, len(entries))
	for id, p := range entries {
		out[id] = merge(&q.Query, &p, runs[id])
	}
	return out, nil
}

// merge makes one page of entries and of runs.
func merge(q *Query, entries *Page, runs page.Page[*run.FlowRun]) ItemPage {
	out := ItemPage{Page: page.Page[Item]{HasPrevious: q.After != nil, Total: -1}}
	// Up to the nearer of the two ends both lists are complete.
	end := endOf(runs)
	if end == nil || entries.Resume != nil && comparePositions(q.Order, *entries.Resume, *end) < 0 {
		end = entries.Resume
	}
	items := make([]Item, 0, len(entries.Items)+len(runs.Items))
	for _, e := range entries.Items {
		items = append(items, Item{Entry: e})
	}
	for _, r := range runs.Items {
		items = append(items, Item{Run: r})
	}
	slices.SortFunc(items, func(a, b Item) int { return comparePositions(q.Order, a.Position(), b.Position()) })
	if end != nil {
		items = slices.DeleteFunc(items, func(i Item) bool { return comparePositions(q.Order, i.Position(), *end) > 0 })
	}
	if len(items) > q.First {
		items = items[:q.First]
		last := items[q.First-1].Position()
		end = &last
	}
	out.Items, out.HasNext, out.Resume = items, end != nil, end
	return out
}

func comparePositions(order entry.Order, a, b entry.Position) int {
	if order == entry.NewestFirst {
		a, b = b, a
	}
	return cmp.Or(cmp.Compare(a.Micros, b.Micros), bytes.Compare(a.ID[:], b.ID[:]))
}

// listRuns gives the first runs that match, as many as a page has at least if there are so many.
func (l *Logs) listRuns(ctx context.Context, q Query) (page.Page[*run.FlowRun], error) {
	f, ok := runFilter(&q.Filter)
	if !ok {
		return page.Page[*run.FlowRun]{}, nil
	}
	return l.runs.List(ctx, runQuery(&q, f))
}

func runQuery(q *Query, f run.Filter) run.Query {
	return run.Query{Filter: f, Order: q.Order, Size: q.First, After: q.After}
}

// endOf is the position up to which the runs of a page are all that there are; nil when there are no more.
func endOf(p page.Page[*run.FlowRun]) *entry.Position {
	if !p.HasNext {
		return nil
	}
	last := p.Items[len(p.Items)-1].Position()
	return &last
}

// runFilter is the filter of runs that is like one of entries; ok is false when no run can match.
func runFilter(f *entry.Filter) (out run.Filter, ok bool) {
	code := f.StatusCode
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, entry.KindFlowRun) ||
		code.Equal != nil || code.Min != nil || code.Max != nil || len(code.In) > 0 ||
		len(f.Methods) > 0 || f.EndpointPrefix != "" || f.Direction != entry.DirectionNone || len(f.EventTypes) > 0 ||
		f.NodeRunID != uuid.Nil || f.MinLevel != 0 || len(f.Categories) > 0 || len(f.IssueIDs) > 0 || len(f.ErrorKinds) > 0 && !slices.Contains(f.ErrorKinds, entry.ErrorApplication) {
		return out, false
	}
	out = run.Filter{
		CustomerIDs: f.CustomerIDs, IntegrationIDs: f.IntegrationIDs, ConnectedAppIDs: f.ConnectedAppIDs, ErrorCodes: f.ErrorCodes,
		HasError: len(f.ErrorKinds) > 0, TraceID: f.TraceID, DurationMS: f.DurationMS, Range: f.Range, Identifier: f.Identifier, Search: f.Search,
	}
	if f.FlowRunID != uuid.Nil {
		out.IDs = []uuid.UUID{f.FlowRunID}
	}
	for s := run.Queued; s <= run.Skipped; s++ {
		if slices.Contains(f.Statuses, s.LogStatus()) {
			out.Statuses = append(out.Statuses, s)
		}
	}
	return out, len(f.Statuses) == 0 || len(out.Statuses) > 0
}

// Histogram is Store.Histogram with flow runs counted too.
func (l *Logs) Histogram(ctx context.Context, f entry.Filter, buckets int) ([]Bucket, error) {
	now := l.entries.opt.Now()
	if f.Range.To.IsZero() {
		f.Range.To = now.Add(time.Microsecond)
	}
	if f.Range.From.IsZero() {
		from, err := l.firstDay(ctx, f)
		if err != nil || from.IsZero() {
			return nil, err
		}
		f.Range.From = from
	}
	counts, err := l.entries.Histogram(ctx, f, buckets)
	if err != nil {
		return nil, err
	}
	if len(counts) == 0 {
		return counts, nil
	}
	c := counter{from: counts[0].From.UnixMicro(), buckets: counts}
	c.span = counts[len(counts)-1].To.UnixMicro() - c.from
	if f.Search == "" {
		return counts, l.countRuns(ctx, f, c)
	}
	q := Query{Filter: f, First: MaxFirst}
	for until := now.Add(l.entries.opt.HistogramTime); ; {
		runs, err := l.listRuns(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range runs.Items {
			c.count(r.At.UnixMicro(), r.LogStatus())
		}
		if q.After = endOf(runs); q.After == nil {
			return counts, nil
		}
		if !l.entries.opt.Now().Before(until) {
			return nil, errTooMuch
		}
	}
}

// countRuns adds the runs that match to the buckets.
func (l *Logs) countRuns(ctx context.Context, f entry.Filter, c counter) error {
	runs, ok := runFilter(&f)
	if !ok {
		return nil
	}
	counts, err := l.runs.Count(ctx, runs, c.from, c.span, len(c.buckets))
	for _, n := range counts {
		c.buckets[n.Part].Total += n.Total
		c.buckets[n.Part].Failed += n.Failed
	}
	return err
}

// firstDay is the day of the oldest item that matches, or an earlier one; the zero time when there is none.
func (l *Logs) firstDay(ctx context.Context, f entry.Filter) (time.Time, error) {
	p, err := l.List(ctx, Query{Filter: f, Order: entry.OldestFirst, First: 1})
	switch {
	case err != nil:
		return time.Time{}, err
	case len(p.Items) > 0:
		return dayOf(p.Items[0].Position().Micros).Time(), nil
	case p.Resume != nil:
		return dayOf(p.Resume.Micros).Time(), nil
	}
	return time.Time{}, nil
}
