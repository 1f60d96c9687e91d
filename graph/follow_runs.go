package graph

import (
	"bytes"
	"cmp"
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/tenant"
)

// runChanges is in the cursors of runs that change. A run told by one subscription is a place in any other.
const runChanges = "run_changes"

// runPlace is where somebody stands who follows runs: a commit, and the run up to which it was told of what that changed.
type runPlace struct {
	commit int64
	within uuid.UUID
}

// whole is the place behind all that a commit changed.
func whole(commit int64) runPlace { return runPlace{commit, uuid.Max} }

func (p runPlace) cursor() string {
	return page.EncodeCursor(runChanges, strconv.FormatInt(p.commit, 10), p.within.String())
}

// told tells whether the change of a run by a commit lies at the place or before it.
func (p runPlace) told(commit int64, id uuid.UUID) bool {
	return cmp.Or(cmp.Compare(commit, p.commit), bytes.Compare(id[:], p.within[:])) <= 0
}

// from is the commit to read behind: that of the place is read once more where not all of it was told.
func (p runPlace) from() int64 {
	if p.within == uuid.Max {
		return p.commit
	}
	return max(p.commit-1, 0)
}

// parseRunPlace reads a cursor; no cursor is no place.
func parseRunPlace(after *string) (*runPlace, error) {
	cursor := text(after)
	if cursor == "" {
		return nil, nil // Nothing was asked for.
	}
	keys, err := page.DecodeCursor(runChanges, cursor, 2)
	if err != nil {
		return nil, err
	}
	commit, err := strconv.ParseInt(keys[0], 10, 64)
	within, wrong := uuid.Parse(keys[1])
	if err != nil || wrong != nil || commit < 0 {
		return nil, errs.Invalid("after", "this is no cursor of this list")
	}
	return &runPlace{commit, within}, nil
}

// runFeed is a source of flow runs. From a place of the past it reads those that changed since by itself, without all that
// was committed beside them, until there are no more; then it is told of what is committed.
type runFeed struct {
	logs    *journal.Logs
	live    *live.Feed[journal.Change]
	matcher *run.Matcher
	// begin is where the subscriber stood, at where it stands.
	begin, at runPlace

	// ready are to be sent. They are up to the commit through, and behind says that there are more before it is the present.
	ready   []journal.Change
	through int64
	behind  bool

	feed *live.Subscription[journal.Change]
}

func (f *runFeed) next(ctx context.Context) (*model.FlowRun, string, error) {
	for f.feed == nil || len(f.ready) > 0 {
		if len(f.ready) > 0 {
			first := f.ready[0]
			f.ready = f.ready[1:]
			return f.tell(runPlace{first.No, first.Run.ID}, first.Run)
		}
		var err error
		if f.behind {
			err = f.live.Try(ctx, f.catchUp)
		} else {
			err = f.follow(ctx, &f.through)
		}
		if err != nil {
			return nil, "", err
		}
	}
	item, err := f.feed.Next(ctx)
	if err != nil {
		return nil, "", err
	}
	return f.tell(runPlace{item.At, item.Value.Run.ID}, item.Value.Run)
}

func (f *runFeed) tell(at runPlace, r *run.FlowRun) (*model.FlowRun, string, error) {
	f.at = at
	return model.NewFlowRun(r), at.cursor(), nil
}

// catchUp reads the next runs that changed since.
func (f *runFeed) catchUp(ctx context.Context) error {
	changes, err := f.logs.RunsChanged(ctx, f.through, f.matcher.NeedsPayload())
	if err != nil {
		return err
	}
	f.ready = nil
	for _, c := range changes.Items {
		if !f.begin.told(c.No, c.Run.ID) && f.matcher.Matches(c.Run, c.Payload) {
			f.ready = append(f.ready, c.Lean())
		}
	}
	f.through, f.behind = changes.Through, changes.More
	return nil
}

// follow goes on with what is committed behind a commit, or from now on.
func (f *runFeed) follow(ctx context.Context, after *int64) (err error) {
	f.feed, err = f.live.Subscribe(ctx, live.Want[journal.Change]{
		After: after, Deep: f.matcher.NeedsPayload(),
		Accept: func(i *live.Item[journal.Change]) bool {
			c := &i.Value
			return c.Run != nil && c.Latest && !f.begin.told(c.No, c.Run.ID) && f.matcher.Matches(c.Run, c.Payload)
		},
	})
	return err
}

func (f *runFeed) resync() string { return f.at.cursor() }

func (f *runFeed) close() {
	if f.feed != nil {
		f.feed.Close()
	}
}

// flowRunUpdated follows one run.
func (r *Resolver) flowRunUpdated(ctx context.Context, id string, after *string) (<-chan *model.FlowRun, error) {
	place, err := parseRunPlace(after)
	if err != nil {
		return nil, err
	}
	key, err := nodeid.ParseAs(nodeid.FlowRun, id)
	if err != nil {
		return nil, errs.New(errs.NotFound, "there is no such flow run")
	}
	f, err := r.newRunFeed(ctx, run.Filter{IDs: []uuid.UUID{key}})
	if err != nil {
		return nil, err
	}
	// Whatever changed since a cursor, the run itself says whether it did.
	var now journal.RunState
	if err := f.live.Try(ctx, func(ctx context.Context) (err error) {
		now, err = f.logs.RunNow(ctx, key)
		return err
	}); err != nil {
		return nil, err
	}
	switch {
	case place != nil && now.Through < place.commit:
		return nil, ended(live.ErrReset, "")
	case now.Run == nil:
		return nil, errs.New(errs.NotFound, "there is no such flow run")
	}
	f.begin, f.at, f.through = whole(now.Through), whole(now.Through), now.Through
	if place == nil || !place.told(now.Changed, key) {
		f.ready = []journal.Change{{No: now.Changed, Item: journal.Item{Run: now.Run}}}
	}
	return sending(ctx, f), nil
}

// flowRunsUpdated follows the runs that match.
func (r *Resolver) flowRunsUpdated(ctx context.Context, in *model.FlowRunFilter, after *string) (<-chan *model.FlowRun, error) {
	place, err := parseRunPlace(after)
	if err != nil {
		return nil, err
	}
	filter, err := runFilter(in)
	if err != nil {
		return nil, err
	}
	f, err := r.newRunFeed(ctx, filter)
	if err != nil {
		return nil, err
	}
	if place == nil {
		if err := f.follow(ctx, nil); err != nil {
			return nil, err
		}
		f.at = whole(f.feed.Cursor())
		return sending(ctx, f), nil
	}
	if _, err := standsAt(ctx, f.live, f.logs, place.commit); err != nil {
		return nil, ended(err, "")
	}
	f.begin, f.at, f.through, f.behind = *place, *place, place.from(), true
	return sending(ctx, f), nil
}

func (r *Resolver) newRunFeed(ctx context.Context, filter run.Filter) (*runFeed, error) {
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
	return &runFeed{logs: r.deps.Logs, live: r.deps.Live, matcher: matcher}, nil
}
