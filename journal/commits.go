package journal

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// committed is what one commit wrote.
type committed struct {
	no int64
	// entries are in the order of their ids.
	entries []*entry.Entry
	// runs are the flow runs that it changed. Those of commits that are not logged any more are not known here.
	runs []uuid.UUID
}

// commitPage is what some commits wrote, in their order. All up to through are in it.
type commitPage struct {
	commits []committed
	through int64
	more    bool
	// unlogged says that the runs of commits are not in it.
	unlogged bool
}

const (
	// commitsKept is how long what commits wrote is logged at least.
	commitsKept = time.Hour
	// commitsAtOnce and entriesAtOnce, of entries and runs together, bound a page; a commit is never divided. detailsAtOnce
	// holds where headers and bodies are read too, of which an entry may have 128 KiB.
	commitsAtOnce = 256
	entriesAtOnce = 2000
	detailsAtOnce = 250
	// segmentsAtOnce is how many segments are in memory at a time while commits are put together from merged ones.
	segmentsAtOnce = 32
)

// segmentPlace is where a segment lies, and how many entries it has.
type segmentPlace struct {
	last    int64
	id      uuid.UUID
	entries int
}

const placeBytes = 8 + 16 + 4

func appendPlace(to []byte, p segmentPlace) []byte {
	to = binary.BigEndian.AppendUint64(to, uint64(p.last)) //nolint:gosec // As it is taken out.
	to = append(to, p.id[:]...)
	return binary.BigEndian.AppendUint32(to, uint32(p.entries)) //nolint:gosec // At most 1,024.
}

func places(packed []byte) (list []segmentPlace) {
	for ; len(packed) >= placeBytes; packed = packed[placeBytes:] {
		list = append(list, segmentPlace{
			last: int64(binary.BigEndian.Uint64(packed)), id: uuid.UUID(packed[8:24]), entries: int(binary.BigEndian.Uint32(packed[24:])), //nolint:gosec // As it was put in.
		})
	}
	return list
}

const (
	sqlCommits    = `SELECT commit_no, segments, runs FROM journal_commit WHERE tenant_id = $1 AND commit_no > $2 ORDER BY commit_no LIMIT $3`
	sqlLastCommit = `SELECT commit_no FROM journal_cursor WHERE tenant_id = $1`
)

// LastCommit is the number of the tenant's last commit, 0 when there was none yet.
func (s *Store) LastCommit(ctx context.Context) (no int64, err error) {
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		no, err = lastCommit(ctx, tx)
		return err
	})
	return no, err
}

func lastCommit(ctx context.Context, tx *tenant.Tx) (int64, error) {
	rows, err := query(ctx, tx, sqlLastCommit, tx.TenantID())
	if err != nil {
		return 0, fmt.Errorf("read the last commit: %w", err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	return numbers[0], nil
}

// commitsAfter gives what the next commits after one wrote, with headers and bodies if details is set. A number that the
// tenant has not come to is a Conflict: the database has been put back to an earlier state.
func (s *Store) commitsAfter(ctx context.Context, after int64, details bool) (page commitPage, err error) {
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		c := &commitReader{reader: r, after: after, parts: partHead | partList, most: entriesAtOnce}
		if details {
			c.parts, c.most = c.parts|partBody, detailsAtOnce
		}
		page, err = c.read(ctx)
		return err
	})
	return page, err
}

// runsAfter is commitsAfter without entries, however many commits and segments hold them.
func (s *Store) runsAfter(ctx context.Context, after int64) (page commitPage, err error) {
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		page, err = (&commitReader{reader: r, after: after, most: entriesAtOnce}).read(ctx)
		return err
	})
	return page, err
}

// commitReader reads commits within one snapshot: the runs that they changed, and of their entries the parts.
type commitReader struct {
	*reader
	after int64
	parts part
	most  int
}

// loggedCommit is a row of journal_commit.
type loggedCommit struct {
	no     int64
	places []segmentPlace
	runs   []uuid.UUID
}

func (c *commitReader) read(ctx context.Context) (commitPage, error) {
	logged, more, err := c.logged(ctx)
	if err != nil {
		return commitPage{}, err
	}
	if len(logged) > 0 && logged[0].no == c.after+1 {
		page, ok, err := c.recent(ctx, logged)
		if err != nil || ok {
			page.more = more
			return page, err
		}
		// Segments were merged since. Their entries are found all the same.
		page, err = c.merged(ctx, logged[len(logged)-1].no)
		page.more = page.more || more
		page.runsOf(logged)
		return page, err
	}
	last, err := lastCommit(ctx, c.tx)
	switch {
	case err != nil:
		return commitPage{}, err
	case last < c.after:
		return commitPage{}, errs.New(errs.Conflict, "the cursor lies behind the last commit: the database was put back to an earlier state")
	case last == c.after:
		return commitPage{through: last}, nil
	}
	through := last
	if len(logged) > 0 {
		through = logged[0].no - 1
	}
	page := commitPage{through: through}
	if c.parts != 0 {
		page, err = c.merged(ctx, through)
	}
	page.unlogged = true
	page.more = page.more || through < last
	return page, err
}

// logged reads the next rows of the log that follow one another, as many as a page has.
func (c *commitReader) logged(ctx context.Context) (list []loggedCommit, more bool, err error) {
	rows, err := query(ctx, c.tx, sqlCommits, c.tx.TenantID(), c.after, commitsAtOnce+1)
	if err != nil {
		return nil, false, fmt.Errorf("read commits: %w", err)
	}
	var no int64
	var segments, runs []byte
	entries := 0
	_, err = pgx.ForEachRow(rows, []any{&no, &segments, &runs}, func() error {
		one := loggedCommit{no: no, places: places(segments)}
		if more || len(list) == commitsAtOnce || len(list) > 0 && (no != list[len(list)-1].no+1 || entries >= c.most) {
			more = true
			return nil
		}
		if c.parts == 0 {
			one.places = nil
		}
		for _, p := range one.places {
			entries += p.entries
		}
		one.runs = unpackIDs(runs)
		entries += len(one.runs)
		list = append(list, one)
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("read commits: %w", err)
	}
	return list, more, nil
}

// recent reads commits from the segments that they wrote; ok is false when one of those is not there any more.
func (c *commitReader) recent(ctx context.Context, logged []loggedCommit) (page commitPage, ok bool, err error) {
	var segs []*opened
	for _, one := range logged {
		for _, p := range one.places {
			segs = append(segs, &opened{id: p.id, last: p.last, entries: p.entries, format: segment.Format})
		}
	}
	if err := c.load(ctx, segs, c.parts); err != nil {
		return page, false, err
	}
	page.through = logged[len(logged)-1].no
	for _, one := range logged {
		out := committed{no: one.no, runs: one.runs}
		for _, seg := range segs[:len(one.places)] {
			if seg.broken {
				continue
			}
			if seg.lacks(c.parts) {
				return page, false, nil
			}
			if err := c.take(seg, &out, func(int) bool { return true }); err != nil {
				return page, false, err
			}
		}
		segs = segs[len(one.places):]
		out.sort()
		page.commits = append(page.commits, out)
	}
	return page, true, nil
}

// take takes the entries of a segment that are wanted into a commit.
func (c *commitReader) take(seg *opened, into *committed, want func(i int) bool) error {
	for i := 0; i < seg.head.Len() && !seg.broken; i++ {
		if !want(i) {
			continue
		}
		e := &entry.Entry{}
		err := hit{seg: seg, at: i}.fill(e, c.parts&partBody != 0)
		if err == nil {
			into.entries = append(into.entries, e)
		}
		if err := c.broke(seg, err); err != nil {
			return err
		}
	}
	return nil
}

func (c *committed) sort() {
	// What is neither in lists nor counted is not followed either.
	c.entries = slices.DeleteFunc(c.entries, func(e *entry.Entry) bool { return !slices.Contains(entryKinds, e.Kind) })
	slices.SortFunc(c.entries, byID)
}

// runsOf adds the runs of logged commits to a page that was read from merged segments.
func (p *commitPage) runsOf(logged []loggedCommit) {
	for _, one := range logged {
		if one.no > p.through || len(one.runs) == 0 {
			continue
		}
		i, found := slices.BinarySearchFunc(p.commits, one.no, func(c committed, no int64) int { return cmp.Compare(c.no, no) })
		if !found {
			p.commits = slices.Insert(p.commits, i, committed{no: one.no})
		}
		p.commits[i].runs = one.runs
	}
}

// CommitsOf says of which commits entries are, by their ids. One that is not there has none.
func (s *Store) CommitsOf(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]int64, error) {
	out := make(map[uuid.UUID]int64, len(ids))
	days, err := s.byDay(ctx, ids)
	if err != nil || len(days) == 0 {
		return out, err
	}
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		hits, err := r.find(ctx, days)
		if err != nil {
			return err
		}
		segs := make([]*opened, len(hits))
		for i, h := range hits {
			segs[i] = h.seg
		}
		if err := r.load(ctx, segs, partNumbers); err != nil {
			return err
		}
		for _, h := range hits {
			if h.seg.numbers != nil {
				out[h.seg.head.ID(h.at)] = h.seg.numbers.at(h.at)
			}
		}
		return nil
	})
	return out, err
}

// forgetAtOnce is how many commits one transaction of forgetCommits removes from the log.
const forgetAtOnce = 1000

// forgetCommits removes what is logged of commits up to the last that was before a time. Which runs they changed is kept,
// packed. It may be stopped at any point, and run again.
func (s *Store) forgetCommits(ctx context.Context, before time.Time) error {
	for more := true; more; {
		err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
			more, err = forgetSome(ctx, tx, before)
			return err
		})
		if err != nil {
			return fmt.Errorf("forget commits: %w", err)
		}
	}
	return nil
}

func forgetSome(ctx context.Context, tx *tenant.Tx, before time.Time) (more bool, err error) {
	rows, err := query(ctx, tx, `DELETE FROM journal_commit WHERE tenant_id = $1 AND commit_no IN (
		SELECT commit_no FROM journal_commit WHERE tenant_id = $1 AND commit_no <= (SELECT max(commit_no) FROM journal_commit WHERE tenant_id = $1 AND at < $2)
		ORDER BY commit_no LIMIT $3) RETURNING commit_no, at, runs`, tx.TenantID(), before, forgetAtOnce)
	if err != nil {
		return false, err
	}
	var no, first int64
	var at, last time.Time
	var runs []byte
	var changed []run.Changed
	n := 0
	if _, err = pgx.ForEachRow(rows, []any{&no, &at, &runs}, func() error {
		if n++; n == 1 || no < first {
			first = no
		}
		if at.After(last) {
			last = at
		}
		for _, id := range unpackIDs(runs) {
			changed = append(changed, run.Changed{No: no, ID: id})
		}
		return nil
	}); err != nil || n == 0 {
		return false, err
	}
	return n == forgetAtOnce, run.KeepChanges(ctx, tx, first, last, changed)
}

// unpackIDs are the runs of a row of the log.
func unpackIDs(packed []byte) (ids []uuid.UUID) {
	for ; len(packed) >= len(uuid.Nil); packed = packed[len(uuid.Nil):] {
		ids = append(ids, uuid.UUID(packed[:len(uuid.Nil)]))
	}
	return ids
}
