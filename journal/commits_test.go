package journal

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// told is which entries each commit wrote, as the writer knows it.
type told map[int64][]uuid.UUID

// append commits entries and notes with which commit.
func (w told) append(ctx context.Context, t require.TestingT, s *Store, list []*entry.Entry) {
	var c *Commit
	err := s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if c, err = s.Begin(ctx, tx, nil); err != nil {
			return err
		}
		return c.Append(ctx, Batch{Loose: slices.Clone(list)})
	})
	require.NoError(t, err)
	c.Committed()
	shown := slices.DeleteFunc(slices.Clone(list), func(e *entry.Entry) bool { return e.Kind == entry.KindLogLine })
	of := ids(shown)
	slices.SortFunc(of, compareIDs)
	w[c.No] = of
}

// after is what commits after one wrote, in the order in which it is to be read.
func (w told) after(no int64) (all []uuid.UUID) {
	for _, n := range slices.Sorted(maps.Keys(w)) {
		if n > no {
			all = append(all, w[n]...)
		}
	}
	return all
}

// follow reads all changes after a commit, page by page.
func follow(ctx context.Context, t require.TestingT, l *Logs, after int64, details bool) (all []uuid.UUID, through int64) {
	last := after
	for {
		page, err := l.Changes(ctx, after, details)
		require.NoError(t, err)
		for _, c := range page.Items {
			require.Greater(t, c.No, after)
			require.LessOrEqual(t, c.No, page.Through)
			require.GreaterOrEqual(t, c.No, last)
			last = c.No
			require.Equal(t, details, c.Entry.Detail != nil)
			all = append(all, c.ID())
		}
		if !page.More {
			return all, page.Through
		}
		require.Greater(t, page.Through, after)
		after = page.Through
	}
}

// What was committed after any commit is read whole, in order, however much of it was merged, erased, expired or
// forgotten by the log of commits since.
func TestChangesAfterAnyCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	logs := NewLogs(b.store, run.NewStore(b.door))
	rapid.Check(t, func(t *rapid.T) {
		ctx := tenant.WithPrincipal(context.Background(), tenant.System(uuid.New()))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		world, written := newWorld(), told{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0:
				_, err := b.store.Compact(ctx, noon)
				require.NoError(t, err)
			case 1:
				_, err := b.store.Compact(ctx, noon.Add(-time.Duration(r.IntN(48))*time.Hour))
				require.NoError(t, err)
			case 2:
				gone := pick(r, world.customers)
				_, err := b.store.EraseCustomer(ctx, gone)
				require.NoError(t, err)
				b.dropErased(ctx, t, written)
			case 3:
				require.NoError(t, b.store.forgetCommits(ctx, noon.Add(time.Hour)))
			default:
				written.append(ctx, t, b.store, world.entries(r, r.IntN(60), 60*time.Hour))
			}
		}
		last := int64(len(written))
		for _, after := range []int64{0, last, r.Int64N(last + 1)} {
			all, through := follow(ctx, t, logs, after, r.IntN(2) == 0)
			require.Equal(t, last, through)
			require.Equal(t, written.after(after), all)
		}
		_, err := logs.Changes(ctx, last+1, false)
		require.True(t, errs.Is(err, errs.Conflict), "%v", err)

		all := written.after(0)
		commits, err := b.store.CommitsOf(ctx, all)
		require.NoError(t, err)
		for no, of := range written {
			for _, id := range of {
				require.Equal(t, no, commits[id])
			}
		}
	})
}

// dropErased forgets what is not there any more.
func (b *bundle) dropErased(ctx context.Context, t require.TestingT, w told) {
	there, err := b.store.ByIDs(ctx, w.after(0))
	require.NoError(t, err)
	for no := range w {
		w[no] = slices.DeleteFunc(w[no], func(id uuid.UUID) bool { return there[id] == nil })
	}
}

// A follower reads everything once while several processes commit, some of them slowly, and another compacts.
func TestChangesWhileCommitsAreUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, uuid.New())
	logs := NewLogs(b.store, run.NewStore(b.door))
	var mu sync.Mutex
	written := told{}
	var writers, others sync.WaitGroup
	stop := make(chan struct{})
	for i := range 3 {
		store := b.another()
		writers.Go(func() {
			r, world := rand.New(rand.NewPCG(uint64(i), 2)), newWorld()
			for range 40 {
				mine := told{}
				mine.append(ctx, t, store, world.entries(r, 1+r.IntN(20), 30*time.Hour))
				mu.Lock()
				maps.Copy(written, mine)
				mu.Unlock()
			}
		})
	}
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, err := b.another().Compact(ctx, noon)
				require.NoError(t, err)
			}
		}
	})
	var all []uuid.UUID
	at := int64(0)
	for at < 120 {
		some, through := follow(ctx, t, logs, at, false)
		all, at = append(all, some...), through
	}
	close(stop)
	writers.Wait()
	others.Wait()
	require.Equal(t, written.after(0), all)
}

func TestNumbersOfManyCommits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 200).Draw(t, "numbers")
		packed := packNumbers(numbers)
		if packed == nil {
			require.Len(t, slices.Compact(slices.Clone(numbers)), 1)
			return
		}
		back, err := unpackNumbers(packed)
		require.NoError(t, err)
		require.Equal(t, numbers, back)
	})
	for _, broken := range []string{"\x01", "\xff\xff\xff\xff\x7f\x02", "\x02\x01\x01", "\x81"} {
		_, err := unpackNumbers([]byte(broken))
		require.Error(t, err, "%q", broken)
	}
}
