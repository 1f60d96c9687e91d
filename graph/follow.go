package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/tenant"
)

var errNoLive = errs.New(errs.Unavailable, "this process has no subscriptions")

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
	if t.place == nil {
		return t.follow(ctx, nil)
	}
	var err error
	if t.through, err = standsAt(ctx, t.live, t.logs, t.place.Commit); err != nil {
		return err
	}
	// The commit itself is looked at once more: not all of it may have been read.
	before := max(t.place.Commit-1, 0)
	if t.place.Followed {
		return t.follow(ctx, &before)
	}
	t.late, t.listed, t.resume = t.through, true, &t.place.Position
	if t.place.Listed {
		t.late = before
	}
	return nil
}

// standsAt gives the tenant's last commit to somebody who stands at one. It is ErrReset when the tenant has not come to that.
func standsAt(ctx context.Context, feed *live.Feed[journal.Change], logs *journal.Logs, at int64) (last int64, err error) {
	err = feed.Try(ctx, func(ctx context.Context) (err error) {
		last, err = logs.LastCommit(ctx)
		return err
	})
	if err == nil && last < at {
		err = live.ErrReset
	}
	return last, err
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
