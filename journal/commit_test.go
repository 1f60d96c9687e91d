package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

var today = DayOf(noon)

func key(tenantID uuid.UUID, day Day, id string) Key {
	return Key{Hash: KeyHash(tenantID, "external_event", id), Day: day}
}

func TestKeyHashIsOfTenantTypeAndID(t *testing.T) {
	t.Parallel()
	a, b := uuid.New(), uuid.New()
	seen := map[uint64]bool{}
	for _, tenantID := range []uuid.UUID{a, b} {
		for _, parts := range [][2]string{{"event", "1"}, {"event", "2"}, {"even", "t1"}, {"log", "1"}} {
			seen[KeyHash(tenantID, parts[0], parts[1])] = true
		}
	}
	require.Len(t, seen, 8)
	fixed := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	require.Equal(t, uint64(0xd1e4a92515b9c1e4), KeyHash(fixed, "api_request", "id-1"), "the hash is stored: it never changes")
}

// Whatever two processes commit in turn, and however little they can remember, each key is new exactly once.
func TestProcessesFindEachOthersDuplicates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		tenantID := uuid.New()
		ctx := as(t, tenantID)
		tight := func(o *Options) { o.KeyBytes = 1 }
		stores := []*Store{b.another(), b.another(), b.another(tight)}
		known := map[Key]bool{}
		for range rapid.IntRange(2, 12).Draw(rt, "commits") {
			s := rapid.SampledFrom(stores).Draw(rt, "store")
			var keys []Key
			var want []bool
			for range rapid.IntRange(0, 6).Draw(rt, "keys") {
				k := key(tenantID, today-Day(rapid.IntRange(0, 2).Draw(rt, "day")), rapid.StringMatching("[a-e]").Draw(rt, "id"))
				before := Key{Hash: k.Hash, Day: k.Day - 1}
				asked := k
				asked.OrDayBefore = rapid.Bool().Draw(rt, "or the day before")
				keys, want = append(keys, asked), append(want, known[k] || asked.OrDayBefore && known[before])
				if !want[len(want)-1] {
					known[k] = true
				}
			}
			switch rapid.IntRange(0, 5).Draw(rt, "what else") {
			case 0:
				// A commit that does not come to pass claims nothing.
				stop := errors.New("stop")
				require.ErrorIs(rt, s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
					c, err := s.Begin(ctx, tx, []Day{today})
					require.NoError(rt, err)
					c.Duplicate(key(tenantID, today, "z"))
					require.NoError(rt, c.Append(ctx, Batch{}))
					c.Failed(rapid.Bool().Draw(rt, "unknown"))
					return stop
				}), stop)
			case 1:
				_, err := stores[0].Compact(ctx, noon.Add(48*time.Hour))
				require.NoError(rt, err)
			}
			got, err := commit(ctx, s, Batch{}, keys...)
			require.NoError(rt, err)
			require.Equal(rt, want, got)
		}
	})
}

func TestCommitNumbersAreDense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, uuid.New())
	stop := errors.New("stop")
	for i := range 6 {
		err := b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			c, err := b.store.Begin(ctx, tx, nil)
			require.NoError(t, err)
			require.Equal(t, int64(i/2+1), c.No)
			if i%2 == 0 {
				return stop
			}
			return nil
		})
		require.Equal(t, i%2 == 0, errors.Is(err, stop))
	}
}

// The answer to a COMMIT may be lost: it may have come to pass, or not.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, cameToPass := range map[string]bool{"committed": true, "rolled back": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			tenantID := uuid.New()
			ctx, k := as(t, tenantID), key(tenantID, today, "1")
			_, err := commit(ctx, b.store, Batch{}, key(tenantID, today, "0"))
			require.NoError(t, err)
			var c *Commit
			err = b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
				if c, err = b.store.Begin(ctx, tx, []Day{today}); err != nil {
					return err
				}
				require.False(t, c.Duplicate(k))
				if err = c.Append(ctx, Batch{}); err == nil && !cameToPass {
					err = errors.New("the connection broke")
				}
				return err
			})
			require.Equal(t, cameToPass, err == nil)
			c.Failed(true)
			got, err := commit(ctx, b.store, Batch{}, k, key(tenantID, today, "0"))
			require.NoError(t, err)
			require.Equal(t, []bool{cameToPass, true}, got)
		})
	}
}

// When the database comes back without its last commits, what they held is new again.
func TestLostCommitsAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID := uuid.New()
	ctx := as(t, tenantID)
	first, lost := key(tenantID, today, "1"), key(tenantID, today, "2")
	for _, k := range []Key{first, lost} {
		_, err := commit(ctx, b.store, Batch{}, k)
		require.NoError(t, err)
	}
	b.exec(ctx, t, "UPDATE journal_cursor SET commit_no = 1 WHERE tenant_id = $1")
	b.exec(ctx, t, "DELETE FROM journal_key WHERE tenant_id = $1 AND commit_no = 2")
	b.exec(ctx, t, "DELETE FROM journal_commit WHERE tenant_id = $1 AND commit_no = 2")
	got, err := commit(ctx, b.store, Batch{}, first, lost)
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, got)
}

func TestCommitsOfOneTenantFollowOneAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID := uuid.New()
	ctx := as(t, tenantID)
	stores := []*Store{b.another(), b.another()}
	fresh := make(chan bool, 400)
	done := make(chan error, 4)
	for i := range 4 {
		go func() {
			var err error
			for n := range 50 {
				var c *Commit
				var isNew bool
				err = b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
					if c, err = stores[i%2].Begin(ctx, tx, []Day{today}); err != nil {
						return err
					}
					isNew = !c.Duplicate(key(tenantID, today, string(rune('A'+n))))
					return c.Append(ctx, Batch{})
				})
				if err != nil {
					break
				}
				c.Committed()
				fresh <- isNew
			}
			done <- err
		}()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
	close(fresh)
	n := 0
	for isNew := range fresh {
		if isNew {
			n++
		}
	}
	require.Equal(t, 50, n)
}

func TestSealedEntriesLessDuplicates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(11, 1))
	list := w.entries(r, 2300, 50*time.Hour)
	for i, e := range list {
		if e.Kind == entry.KindLogLine {
			list[i] = w.entry(r, noon)
			list[i].Kind, list[i].Status = entry.KindTransaction, entry.StatusFailure
		}
	}
	want := model(list, entry.Filter{}, entry.OldestFirst)
	sealed, err := b.store.Seal(list)
	require.NoError(t, err)
	n := 0
	for _, s := range sealed {
		n += s.Len()
	}
	require.Equal(t, len(list), n)
	dropped := map[uuid.UUID]struct{}{}
	for i, e := range list {
		if i%3 == 0 || dayOf(e.Micros()) == today-2 { // All of one day.
			dropped[e.ID] = struct{}{}
		}
	}
	_, err = commit(ctx, b.store, Batch{Sealed: sealed, Dropped: dropped})
	require.NoError(t, err)
	kept := slices.DeleteFunc(want, func(e *entry.Entry) bool { _, gone := dropped[e.ID]; return gone })
	got, _, err := walk(ctx, b.store, Query{First: 500, Order: entry.OldestFirst})
	require.NoError(t, err)
	require.Equal(t, ids(kept), ids(got))
	failed := entry.Filter{Statuses: []entry.Status{entry.StatusFailure}}
	got, _, err = walk(ctx, b.store, Query{First: 500, Filter: failed})
	require.NoError(t, err)
	require.Equal(t, ids(model(kept, failed, entry.NewestFirst)), ids(got))
	require.NotEmpty(t, got)
}

func TestEntryOfADayWithoutPartitionFailsTheCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	first, last, ok, err := b.store.Days(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, []Day{today - keptDays, today + 1}, []Day{first, last})
	_, err = commit(ctx, b.store, Batch{Loose: []*entry.Entry{w.entry(rand.New(rand.NewPCG(1, 1)), (first - 1).Time())}})
	require.Error(t, err)

	made, err := b.store.EnsurePartitions(ctx, first-1, last)
	require.NoError(t, err)
	require.Equal(t, 2, made)
	first, _, _, err = b.store.Days(ctx)
	require.NoError(t, err)
	require.Equal(t, today-keptDays-1, first)
}

func TestKeySetIsASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var s keySet
		want := map[uint64]bool{}
		s.reserve(rapid.IntRange(0, 200).Draw(rt, "room"))
		for _, h := range rapid.SliceOfN(rapid.Uint64Range(0, 300), 0, 400).Draw(rt, "hashes") {
			require.Equal(rt, want[h], s.has(h))
			require.Equal(rt, !want[h], s.add(h))
			want[h] = true
			require.True(rt, s.has(h))
		}
	})
}

func TestKeyringForgetsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	r := newKeyring(3 * (smallestKeySet*8 + setOverhead))
	tenantID := uuid.New()
	for day := range Day(5) {
		k := &dayKeys{tenantID: tenantID, day: day}
		k.load(binary.BigEndian.AppendUint64(nil, uint64(day)+1))
		r.put(k)
		r.find(tenantID, []Day{0})
	}
	found := r.find(tenantID, []Day{0, 1, 2, 3, 4})
	require.NotNil(t, found[0])
	require.Nil(t, found[1])
	require.Nil(t, found[2])
	require.NotNil(t, found[3])
	require.NotNil(t, found[4])
	require.LessOrEqual(t, r.bytes, r.limit)
	r.forget(tenantID)
	require.Zero(t, r.bytes)
	require.Empty(t, r.tenants)
}
