package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/tenant"
)

var errNoLive = errs.New(errs.Unavailable, "this process has no subscriptions")

// runFeed is a source of flow runs.
type runFeed struct {
	// first is sent before all others.
	first *run.FlowRun
	feed  *live.Subscription[journal.Change]
}

func (f *runFeed) next(ctx context.Context) (*model.FlowRun, string, error) {
	if r := f.first; r != nil {
		f.first = nil
		return model.NewFlowRun(r), "", nil
	}
	item, err := f.feed.Next(ctx)
	if err != nil {
		return nil, "", err
	}
	return model.NewFlowRun(item.Value.Run), "", nil
}

// resync is none: whoever subscribes again gets the present state first, or has to list the runs anyway.
func (f *runFeed) resync() string { return "" }

func (f *runFeed) close() { f.feed.Close() }

// flowRunUpdated follows one run.
func (r *Resolver) flowRunUpdated(ctx context.Context, id string) (<-chan *model.FlowRun, error) {
	if r.deps.Live == nil {
		return nil, errNoLive
	}
	key, err := nodeid.ParseAs(nodeid.FlowRun, id)
	if err != nil {
		return nil, errs.New(errs.NotFound, "there is no such flow run")
	}
	first, commit, err := r.deps.Logs.RunNow(ctx, key)
	if err != nil {
		return nil, err
	}
	if first == nil {
		return nil, errs.New(errs.NotFound, "there is no such flow run")
	}
	return r.followRuns(ctx, run.Filter{IDs: []uuid.UUID{key}}, &commit, first)
}

// flowRunsUpdated follows the runs that match.
func (r *Resolver) flowRunsUpdated(ctx context.Context, in *model.FlowRunFilter) (<-chan *model.FlowRun, error) {
	filter, err := runFilter(in)
	if err != nil {
		return nil, err
	}
	return r.followRuns(ctx, filter, nil, nil)
}

func (r *Resolver) followRuns(ctx context.Context, filter run.Filter, after *int64, first *run.FlowRun) (<-chan *model.FlowRun, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if r.deps.Live == nil {
		return nil, errNoLive
	}
	matcher, err := run.NewMatcher(p, filter)
	if err != nil {
		return nil, err
	}
	feed, err := r.deps.Live.Subscribe(ctx, live.Want[journal.Change]{
		After: after, Deep: matcher.NeedsPayload(),
		Accept: func(i *live.Item[journal.Change]) bool {
			return i.Value.Run != nil && i.Value.Latest && matcher.Matches(i.Value.Run, i.Value.Payload)
		},
	})
	if err != nil {
		return nil, err
	}
	return sending(ctx, &runFeed{first: first, feed: feed}), nil
}

// logAdded follows the log entries that match.
func (r *Resolver) logAdded(ctx context.Context, in *model.LogFilter, after *string) (<-chan model.LogEntry, error) {
	if r.deps.Live == nil {
		return nil, errNoLive
	}
	t := &tail{logs: r.deps.Logs, live: r.deps.Live, cursor: text(after)}
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if t.place, err = model.ParsePlace(t.cursor); err != nil {
		return nil, err
	}
	if t.filter, err = r.logFilter(ctx, in); err != nil {
		return nil, err
	}
	if t.matcher, err = journal.NewMatcher(p, t.filter); err != nil {
		return nil, err
	}
	if err := t.begin(ctx); err != nil {
		return nil, ended(err, "")
	}
	return sending(ctx, t), nil
}

// tail is a source of log entries. Behind the cursor of a list it gives at first what was added to the part of the list
// before that cursor since, commit by commit; then the rest of the list; and then what is committed.
type tail struct {
	logs    *journal.Logs
	live    *live.Feed[journal.Change]
	filter  entry.Filter
	matcher *journal.Matcher
	place   *model.Place
	// cursor is that of the last message.
	cursor string

	// through is the last commit of which the list is read. late is how far was read of what was added before the cursor.
	through int64
	late    int64
	listed  bool // there is more of the list to read
	resume  *entry.Position
	ready   []added

	feed *live.Subscription[journal.Change]
}

// added is an item that is to be sent, and its cursor.
type added struct {
	item   journal.Item
	cursor string
}

// listSize is how many items of the list are read at a time.
const listSize = 200

// begin finds out where to begin.
func (t *tail) begin(ctx context.Context) error {
	switch {
	case t.place == nil:
		return t.follow(ctx, nil)
	case t.place.Followed:
		before := max(t.place.Commit-1, 0)
		return t.follow(ctx, &before)
	}
	err := t.live.Try(ctx, func(ctx context.Context) (err error) {
		t.through, err = t.logs.LastCommit(ctx)
		return err
	})
	if err != nil {
		return err
	}
	t.late, t.listed, t.resume = t.through, true, &t.place.Position
	if t.place.Listed {
		// The commit itself is looked at once more: not all of it may have been read.
		if t.late = max(t.place.Commit-1, 0); t.place.Commit > t.through {
			return live.ErrReset
		}
	}
	return nil
}

// follow goes on with what is committed behind a commit, or from now on.
func (t *tail) follow(ctx context.Context, after *int64) (err error) {
	t.feed, err = t.live.Subscribe(ctx, live.Want[journal.Change]{After: after, Deep: t.matcher.NeedsDetails(), Accept: func(i *live.Item[journal.Change]) bool {
		return !t.seen(&i.Value) && t.matcher.Matches(&i.Value)
	}})
	if err == nil && t.cursor == "" {
		t.cursor = model.FollowedCursor(entry.Position{ID: uuid.Max}, t.feed.Cursor())
	}
	return err
}

// seen tells whether a change lies before the cursor in the commit that the cursor is in.
func (t *tail) seen(c *journal.Change) bool {
	if t.place == nil || !t.place.Followed && !t.place.Listed || c.No != t.place.Commit {
		return false
	}
	id := c.ID()
	return compare(entry.Position{ID: id}, entry.Position{ID: t.place.Within}) <= 0
}

func (t *tail) next(ctx context.Context) (model.LogEntry, string, error) {
	for t.feed == nil {
		if len(t.ready) > 0 {
			first := t.ready[0]
			t.ready = t.ready[1:]
			t.cursor = first.cursor
			return model.NewItem(first.item), t.cursor, nil
		}
		var err error
		switch {
		case t.late < t.through:
			err = t.live.Try(ctx, t.readLate)
		case t.listed:
			err = t.live.Try(ctx, t.readList)
		default:
			err = t.follow(ctx, &t.through)
		}
		if err != nil {
			return nil, "", err
		}
	}
	item, err := t.feed.Next(ctx)
	if err != nil {
		return nil, "", err
	}
	t.cursor = model.FollowedCursor(item.Value.Position(), item.At)
	return model.NewItem(item.Value.Item), t.cursor, nil
}

// readLate reads what was added to the part of the list before the cursor.
func (t *tail) readLate(ctx context.Context) error {
	changes, err := t.logs.Changes(ctx, t.late, t.matcher.NeedsDetails())
	if err != nil {
		return err
	}
	t.ready = nil
	for i := range changes.Items {
		c := &changes.Items[i]
		if c.No > t.through || compare(c.Position(), t.place.Position) > 0 || t.seen(c) || !t.matcher.Matches(c) {
			continue
		}
		t.ready = append(t.ready, added{c.Lean().Item, model.BehindCursor(t.place.Position, c.No, c.ID())})
	}
	t.late = changes.Through
	return nil
}

// readList reads on in the list.
func (t *tail) readList(ctx context.Context) error {
	page, err := t.logs.Listed(ctx, journal.Query{Filter: t.filter, Order: entry.OldestFirst, First: listSize, After: t.resume}, t.matcher, t.through)
	if err != nil {
		return err
	}
	t.ready = nil
	for _, item := range page.Items {
		t.ready = append(t.ready, added{item, model.BehindCursor(item.Position(), t.through, uuid.Max)})
	}
	t.listed, t.resume = page.HasNext, page.Resume
	return nil
}

func (t *tail) resync() string { return t.cursor }

func (t *tail) close() {
	if t.feed != nil {
		t.feed.Close()
	}
}
