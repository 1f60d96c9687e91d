package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/segment"
)

// sqlMerged finds what segments hold of commits after one, wherever it lies by now.
const sqlMerged = `SELECT id, last_at, ` + sqlNumbers + `, entries FROM journal_segment WHERE tenant_id = $1 AND commit_no > $2 AND compacted AND NOT damaged
UNION ALL SELECT id, last_at, ` + sqlNumbers + `, entries FROM journal_segment WHERE tenant_id = $1 AND commit_no > $2 AND NOT compacted AND NOT damaged`

// mergedSegment is a segment with entries of several commits, or of one that is not logged.
type mergedSegment struct {
	opened
	numbers *numbering
}

// merged reads commits, up to one, from wherever their entries lie by now.
func (c *commitReader) merged(ctx context.Context, through int64) (page commitPage, err error) {
	segs, err := c.holding(ctx)
	if err != nil {
		return page, err
	}
	page.through = c.cut(segs, through)
	page.more = page.through < through
	byNo := map[int64]*committed{}
	segs = slices.DeleteFunc(segs, func(seg *mergedSegment) bool { return !seg.holds(c.after, page.through) })
	for some := range slices.Chunk(segs, segmentsAtOnce) {
		group := make([]*opened, len(some))
		for i, seg := range some {
			group[i] = &seg.opened
		}
		if err := c.load(ctx, group, c.parts); err != nil {
			return page, err
		}
		for _, seg := range some {
			if seg.broken {
				continue
			}
			if seg.lacks(c.parts) {
				return page, errGone(&seg.opened)
			}
			for no := range seg.within(c.after, page.through) {
				if byNo[no] == nil {
					byNo[no] = &committed{no: no}
				}
				if err := c.take(&seg.opened, byNo[no], func(i int) bool { return seg.numbers.at(i) == no }); err != nil {
					return page, err
				}
			}
			seg.opened = opened{}
		}
	}
	for _, one := range byNo {
		one.sort()
		page.commits = append(page.commits, *one)
	}
	slices.SortFunc(page.commits, func(a, b committed) int { return cmp.Compare(a.no, b.no) })
	return page, nil
}

// holding finds the segments that may hold entries of commits after the reader's.
func (c *commitReader) holding(ctx context.Context) (segs []*mergedSegment, err error) {
	rows, err := query(ctx, c.tx, sqlMerged, c.tx.TenantID(), c.after)
	if err != nil {
		return nil, fmt.Errorf("find the segments of commits: %w", err)
	}
	var id [16]byte
	var last time.Time
	var numbers []byte
	var entries int
	_, err = pgx.ForEachRow(rows, []any{&id, &last, &numbers, &entries}, func() error {
		segs = append(segs, &mergedSegment{opened: opened{id: id, last: last.UnixMicro(), entries: entries, format: segment.Format}, numbers: openNumbers(numbers)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find the segments of commits: %w", err)
	}
	return segs, nil
}

// within is how many entries a segment has of each commit after one and up to another.
func (seg *mergedSegment) within(after, through int64) map[int64]int {
	if seg.numbers.each == nil {
		if seg.numbers.one > after && seg.numbers.one <= through {
			return map[int64]int{seg.numbers.one: seg.entries}
		}
		return nil
	}
	count := map[int64]int{}
	for _, no := range seg.numbers.each {
		if no > after && no <= through {
			count[no]++
		}
	}
	return count
}

func (seg *mergedSegment) holds(after, through int64) bool {
	if seg.numbers.each == nil {
		return seg.numbers.one > after && seg.numbers.one <= through
	}
	return slices.ContainsFunc(seg.numbers.each, func(no int64) bool { return no > after && no <= through })
}

// cut is the commit, up to one, with which a page is full.
func (c *commitReader) cut(segs []*mergedSegment, through int64) int64 {
	count := map[int64]int{}
	for _, seg := range segs {
		for no, n := range seg.within(c.after, through) {
			count[no] += n
		}
	}
	numbers := make([]int64, 0, len(count))
	for no := range count {
		numbers = append(numbers, no)
	}
	slices.Sort(numbers)
	entries := 0
	for _, no := range numbers {
		if entries += count[no]; entries >= c.most {
			return no
		}
	}
	return through
}
