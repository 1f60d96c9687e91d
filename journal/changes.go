package journal

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// Change is an entry that a commit added, or a flow run that it changed.
type Change struct {
	// No is the commit.
	No int64
	Item
	// Payload is of a run, where it was asked for and there is one.
	Payload *run.Payload
	// Began and Ended say that with this commit the run was first shown, and that it ended. Latest says that it is the
	// last change of the run that was there when it was read, of all commits and not only of those that were read with it:
	// the run is shown as it was then, with all of its changes, and whoever reads on behind a commit finds each run once.
	Began, Ended, Latest bool
}

// ID is that of the entry or the run.
func (c *Change) ID() uuid.UUID { return c.Position().ID }

// Changes are what some commits changed, in the order of the commits, and of the ids within each. All commits up to
// Through are in it; More says that there are further ones.
type Changes struct {
	Items   []Change
	Through int64
	More    bool
}

// Changes gives what the next commits after one changed; what they wrote of one run may be told as one. With details
// entries have theirs, and runs their payloads. A number that the tenant has not come to is a Conflict: the database has
// been put back to an earlier state.
func (l *Logs) Changes(ctx context.Context, after int64, details bool) (out Changes, err error) {
	err = l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) error {
		page, err := l.entries.commitsAfter(ctx, after, details)
		if err != nil {
			return err
		}
		if err := l.runChanges(ctx, &page, after, &out); err != nil {
			return err
		}
		out.Through, out.More = page.through, page.more
		for _, c := range page.commits {
			for _, e := range c.entries {
				if c.no <= page.through {
					out.Items = append(out.Items, Change{No: c.no, Item: Item{Entry: e}})
				}
			}
		}
		return nil
	})
	if err != nil {
		return Changes{}, err
	}
	if details {
		if err := l.payloads(ctx, out.Items); err != nil {
			return Changes{}, err
		}
	}
	out.sort()
	return out, nil
}

func (c *Changes) sort() {
	slices.SortStableFunc(c.Items, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.No, b.No), compareIDs(a.ID(), b.ID()))
	})
}

// RunsChanged gives, of what the next commits after one changed, the runs alone, each at its last change: so whoever reads on
// behind Through finds each once. It takes as long as there are runs, however many entries were committed. Errors are those
// of Changes.
func (l *Logs) RunsChanged(ctx context.Context, after int64, payloads bool) (out Changes, err error) {
	err = l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) error {
		page, err := l.entries.runsAfter(ctx, after)
		if err != nil {
			return err
		}
		err = l.runChanges(ctx, &page, after, &out)
		out.Through, out.More = page.through, page.more
		return err
	})
	if err != nil {
		return Changes{}, err
	}
	out.Items = slices.DeleteFunc(out.Items, func(c Change) bool { return !c.Latest })
	if payloads {
		if err := l.payloads(ctx, out.Items); err != nil {
			return Changes{}, err
		}
	}
	out.sort()
	return out, nil
}

// runChanges adds the changes of runs. The page may end sooner than before.
func (l *Logs) runChanges(ctx context.Context, page *commitPage, after int64, out *Changes) (err error) {
	if page.unlogged {
		err = l.unloggedRuns(ctx, page, after, out)
	} else {
		err = l.loggedRuns(ctx, page, out)
	}
	if err != nil || !page.more {
		return err
	}
	return l.leaveLater(ctx, page, out)
}

func (l *Logs) loggedRuns(ctx context.Context, page *commitPage, out *Changes) error {
	last := map[uuid.UUID]int64{}
	for _, c := range page.commits {
		for _, id := range c.runs {
			last[id] = c.no
		}
	}
	found, err := l.runs.ByIDs(ctx, slices.Collect(maps.Keys(last)))
	if err != nil {
		return err
	}
	for _, c := range page.commits {
		for _, id := range c.runs {
			if r := found[id]; r != nil {
				out.Items = append(out.Items, Change{No: c.no, Item: Item{Run: r}, Began: r.AddedNo == c.no, Ended: r.EndedNo == c.no, Latest: last[id] == c.no})
			}
		}
	}
	return nil
}

// unloggedRuns adds what can still be told of runs: when they began, ended, and changed last.
func (l *Logs) unloggedRuns(ctx context.Context, page *commitPage, after int64, out *Changes) error {
	since, err := l.runs.ChangedSince(ctx, after, page.through)
	if err != nil {
		return err
	}
	if since.Through < page.through {
		page.through, page.more = since.Through, true
	}
	for _, r := range since.Runs {
		numbers := slices.DeleteFunc([]int64{r.AddedNo, r.EndedNo, since.Last[r.ID]}, func(no int64) bool { return no <= after || no > page.through })
		slices.Sort(numbers)
		numbers = slices.Compact(numbers)
		for i, no := range numbers {
			out.Items = append(out.Items, Change{No: no, Item: Item{Run: r}, Began: r.AddedNo == no, Ended: r.EndedNo == no, Latest: i == len(numbers)-1})
		}
	}
	return nil
}

// leaveLater makes the last change of a run none where commits behind the page changed it again: it is told of then.
func (l *Logs) leaveLater(ctx context.Context, page *commitPage, out *Changes) error {
	var ids []uuid.UUID
	for i := range out.Items {
		if out.Items[i].Latest {
			ids = append(ids, out.Items[i].Run.ID)
		}
	}
	last, err := l.runs.LastChanges(ctx, ids)
	for i := range out.Items {
		if c := &out.Items[i]; c.Latest && last[c.Run.ID] > page.through {
			c.Latest = false
		}
	}
	return err
}

func (l *Logs) payloads(ctx context.Context, items []Change) error {
	var ids []uuid.UUID
	for i := range items {
		if items[i].Run != nil {
			ids = append(ids, items[i].Run.ID)
		}
	}
	found, err := l.runs.Payloads(ctx, ids)
	for i := range items {
		if items[i].Run != nil {
			items[i].Payload = found[items[i].Run.ID]
		}
	}
	return err
}

// RunState is a run as it is, nil when there is none: Changed is the commit that changed it last, itself or by a node run,
// and Through the tenant's last commit.
type RunState struct {
	Run              *run.FlowRun
	Changed, Through int64
}

// RunNow gives a run as it is.
func (l *Logs) RunNow(ctx context.Context, id uuid.UUID) (now RunState, err error) {
	err = l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) (err error) {
		if now.Through, err = l.entries.LastCommit(ctx); err != nil {
			return err
		}
		found, err := l.runs.ByIDs(ctx, []uuid.UUID{id})
		if err != nil {
			return err
		}
		now.Run = found[id]
		changed, err := l.runs.LastChanges(ctx, []uuid.UUID{id})
		now.Changed = changed[id]
		return err
	})
	return now, err
}

// Matcher tells of single changes what List tells of all items: whether a filter asks for them. It is safe for
// concurrent use.
type Matcher struct {
	entries  *segment.Matcher // nil when no entry can match
	search   *segment.Search
	payloads bool
	runs     *run.Matcher // nil when no run can match
	// atEnd says that runs are looked at when they end, else when they begin.
	atEnd bool
}

// NewMatcher makes a filter ready for a principal. Errors are those of List.
func NewMatcher(p *tenant.Principal, f entry.Filter) (*Matcher, error) {
	m := &Matcher{payloads: p.SeesPayloads(), atEnd: onlyEnded(&f)}
	if !limit(&f, p.CustomerID) {
		return m, nil
	}
	var err error
	if m.search, err = segment.ParseSearch(f.Search); err != nil {
		return nil, err
	}
	if of, some := onlyEntries(f); some {
		if m.entries, err = segment.NewMatcher(&of); err != nil {
			return nil, err
		}
	}
	if of, some := runFilter(&f); some {
		m.runs, err = run.NewMatcher(p, of)
	}
	return m, err
}

// onlyEnded tells whether a filter asks for what only a run that has ended can have.
func onlyEnded(f *entry.Filter) bool {
	return len(f.Statuses) > 0 && !slices.Contains(f.Statuses, entry.StatusPending) ||
		len(f.ErrorKinds) > 0 || len(f.ErrorCodes) > 0 || f.DurationMS.Min != nil || f.DurationMS.Max != nil
}

// NeedsDetails tells whether Matches looks into details and payloads.
func (m *Matcher) NeedsDetails() bool { return m.search != nil && !m.search.Empty() }

// Matches tells whether a change is one that adds an item that matches. An entry is added once, and so is a run: when it
// begins, or when it ends if the filter asks for what only a run that has ended can have.
func (m *Matcher) Matches(c *Change) bool {
	if c.Run == nil {
		return m.matchesEntry(c.Entry)
	}
	if m.atEnd && !c.Ended || !m.atEnd && !c.Began {
		return false
	}
	return m.runs != nil && m.runs.Matches(c.Run, c.Payload)
}

func (m *Matcher) matchesEntry(e *entry.Entry) bool {
	if m.entries == nil || !m.entries.Matches(e) {
		return false
	}
	if m.search.Empty() {
		return true
	}
	if !m.payloads && e.Detail != nil {
		bare := *e
		bare.Detail = &entry.Detail{Metadata: e.Detail.Metadata}
		e = &bare
	}
	return m.search.Matches(e)
}

// commitOf is the commit with which the matcher takes a run to be added.
func (m *Matcher) commitOf(r *run.FlowRun) int64 {
	if m.atEnd {
		return r.EndedNo
	}
	return r.AddedNo
}

// Listed gives a page as List does, of what was added with the commits up to one: what came later is left out, so that a
// page may have fewer items than were asked for. m is the matcher of the query's filter.
func (l *Logs) Listed(ctx context.Context, q Query, m *Matcher, through int64) (page ItemPage, err error) {
	err = l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) error {
		if page, err = l.List(ctx, q); err != nil {
			return err
		}
		var ids []uuid.UUID
		for _, it := range page.Items {
			if it.Entry != nil {
				ids = append(ids, it.Entry.ID)
			}
		}
		commits, err := l.entries.CommitsOf(ctx, ids)
		page.Items = slices.DeleteFunc(page.Items, func(it Item) bool {
			if it.Run != nil {
				// What the matcher takes to be added when it ends is told then.
				return m.atEnd && !it.Run.Status.Final() || m.commitOf(it.Run) > through
			}
			return commits[it.Entry.ID] > through
		})
		return err
	})
	return page, err
}

// Snapshot gives a page as List does, and the number of the last commit that is in it.
func (l *Logs) Snapshot(ctx context.Context, q Query) (page ItemPage, no int64, err error) {
	err = l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) error {
		if page, err = l.List(ctx, q); err != nil {
			return err
		}
		no, err = l.entries.LastCommit(ctx)
		return err
	})
	return page, no, err
}

// Lean is the change without details and payload, which a search looks at and which are too much to keep.
func (c Change) Lean() Change {
	c.Payload = nil
	if c.Entry != nil && c.Entry.Detail != nil {
		bare := *c.Entry
		bare.Detail = nil
		c.Entry = &bare
	}
	return c
}

// LastCommit is the number of the tenant's last commit, 0 when there was none yet.
func (l *Logs) LastCommit(ctx context.Context) (int64, error) { return l.entries.LastCommit(ctx) }
