package journal

import (
	"cmp"
	"context"
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
	// last change of the run that was there when it was read: the run is shown as it was then, with all of its changes.
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
		out = Changes{Through: page.through, More: page.more}
		for _, c := range page.commits {
			for _, e := range c.entries {
				out.Items = append(out.Items, Change{No: c.no, Item: Item{Entry: e}})
			}
		}
		return l.runChanges(ctx, &page, after, &out)
	})
	if err != nil {
		return Changes{}, err
	}
	if details {
		if err := l.payloads(ctx, out.Items); err != nil {
			return Changes{}, err
		}
	}
	slices.SortStableFunc(out.Items, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.No, b.No), compareIDs(a.ID(), b.ID()))
	})
	return out, nil
}

func (l *Logs) runChanges(ctx context.Context, page *commitPage, after int64, out *Changes) error {
	if page.unlogged {
		return l.unloggedRuns(ctx, after, out)
	}
	last := map[uuid.UUID]int64{}
	for _, c := range page.commits {
		for _, id := range c.runs {
			last[id] = c.no
		}
	}
	ids := make([]uuid.UUID, 0, len(last))
	for id := range last {
		ids = append(ids, id)
	}
	found, err := l.runs.ByIDs(ctx, ids)
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
func (l *Logs) unloggedRuns(ctx context.Context, after int64, out *Changes) error {
	runs, err := l.runs.Between(ctx, after, out.Through)
	if err != nil {
		return err
	}
	for _, r := range runs {
		numbers := slices.DeleteFunc([]int64{r.AddedNo, r.EndedNo, r.CommitNo}, func(no int64) bool { return no <= after || no > out.Through })
		slices.Sort(numbers)
		numbers = slices.Compact(numbers)
		for i, no := range numbers {
			out.Items = append(out.Items, Change{No: no, Item: Item{Run: r}, Began: r.AddedNo == no, Ended: r.EndedNo == no, Latest: i == len(numbers)-1})
		}
	}
	return nil
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

// RunNow gives a run as it is, nil when there is none, and the last commit that is in it.
func (l *Logs) RunNow(ctx context.Context, id uuid.UUID) (r *run.FlowRun, no int64, err error) {
	err = l.entries.door.Look(ctx, func(ctx context.Context, _ *tenant.Tx) (err error) {
		if no, err = l.entries.LastCommit(ctx); err != nil {
			return err
		}
		found, err := l.runs.ByIDs(ctx, []uuid.UUID{id})
		r = found[id]
		return err
	})
	return r, no, err
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
