package journal

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
)

// Bucket counts the entries of a span of time: From is inside, To is not.
type Bucket struct {
	From, To      time.Time
	Total, Failed int
}

// MaxBuckets is how many buckets a histogram has at most.
const MaxBuckets = 1000

// Histogram counts the entries that match, as Entries would find them, in so many buckets of the filter's range. Where
// the range has no beginning it begins with the first day that has entries, and without an end it ends now. Errors:
// BadInput of buckets and of filter.search; Unavailable when there is too much to count.
func (s *Store) Histogram(ctx context.Context, f entry.Filter, buckets int) ([]Bucket, error) {
	if buckets < 1 || buckets > MaxBuckets {
		return nil, errs.Invalid("buckets", "buckets must be from 1 to %d", MaxBuckets)
	}
	if f.Range.To.IsZero() {
		f.Range.To = s.opt.Now().Add(time.Microsecond)
	}
	f, some := onlyEntries(f)
	p, ok, err := s.prepare(ctx, f, entry.NewestFirst, nil)
	if err != nil {
		return nil, err
	}
	if !ok || !some {
		if f.Range.From.IsZero() {
			return nil, nil
		}
		return newCounter(ceilMicros(f.Range.From), ceilMicros(f.Range.To), buckets).buckets, nil
	}
	var count counter
	err = s.read(ctx, func(ctx context.Context, r *reader) error {
		sc := newScan(r, p, entry.NewestFirst, nil)
		from, to := p.match.Span()
		if f.Range.From.IsZero() {
			first, ok, err := sc.firstAfter(ctx, r.tx, window{from: p.lo, to: p.hi})
			if err != nil || !ok {
				return err
			}
			from = max(p.lo, dayOf(first).micros())
		}
		count = newCounter(from, to, buckets)
		sc.guide, sc.chunk = s.guide(p, entry.NewestFirst, sc, hintsAtOnce), mostChunk
		sc.sink = func(h hit) { count.count(h.seg.head.Micros(h.at), h.seg.head.Status(h.at)) }
		for until := s.opt.Now().Add(s.opt.HistogramTime); s.opt.Now().Before(until); {
			if more, err := sc.advance(ctx); err != nil || !more {
				return err
			}
		}
		return errTooMuch
	})
	if err != nil {
		return nil, err
	}
	return count.buckets, nil
}

var errTooMuch = errs.New(errs.Unavailable, "there is too much to count: ask for a shorter range")

// ceilMicros is the first whole microsecond that is not before the time.
func ceilMicros(t time.Time) int64 { return t.Add(time.Microsecond - 1).UnixMicro() }

// counter puts entries into buckets that divide a span evenly, to the microsecond.
type counter struct {
	from, span int64
	buckets    []Bucket
}

func newCounter(from, to int64, n int) counter {
	c := counter{from: from, span: to - from}
	if c.span <= 0 {
		return c
	}
	c.buckets = make([]Bucket, min(int64(n), c.span))
	count := int64(len(c.buckets))
	for i := range c.buckets {
		// The first microsecond of bucket i is the first that add puts there.
		c.buckets[i].From = timeOf(from + (int64(i)*c.span+count-1)/count)
		c.buckets[i].To = timeOf(from + (int64(i+1)*c.span+count-1)/count)
	}
	return c
}

func (c *counter) count(micros int64, status entry.Status) {
	since := micros - c.from
	if since < 0 || since >= c.span {
		return
	}
	b := &c.buckets[since*int64(len(c.buckets))/c.span]
	b.Total++
	if status == entry.StatusFailure {
		b.Failed++
	}
}
