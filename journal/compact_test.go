package journal

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

func TestCompactMakesFewSegmentsOfMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tenantID, w := uuid.New(), newWorld()
	ctx := as(t, tenantID)
	r := rand.New(rand.NewPCG(21, 1))
	list := w.entries(r, 3000, 60*time.Hour)
	slices.SortFunc(list, byID)
	var keys []Key
	for part := range slices.Chunk(list, 30) {
		k := key(tenantID, DayOf(part[0].OccurredAt()), part[0].ID.String())
		_, err := commit(ctx, b.store, Batch{Loose: slices.Clone(part)}, k)
		require.NoError(t, err)
		keys = append(keys, k)
	}
	midnight := today.Time()
	done, err := b.store.Compact(ctx, midnight)
	require.NoError(t, err)
	require.Greater(t, done.SegmentsBefore, 70)
	require.Less(t, done.SegmentsAfter, 8)
	require.Less(t, done.BytesAfter, done.BytesBefore)
	require.Greater(t, done.KeyRowsBefore, 70)
	require.Equal(t, 2, done.KeyRowsAfter, "one a closed day")
	require.Greater(t, done.TermRowsBefore, 70)
	require.Less(t, done.TermRowsAfter, done.TermRowsBefore)
	require.False(t, done.Busy)

	require.Zero(t, b.count(ctx, t, "NOT compacted AND last_at < '"+midnight.Format(time.RFC3339)+"'"))
	require.Zero(t, b.count(ctx, t, "compacted AND EXISTS (SELECT FROM journal_segment o WHERE o.tenant_id = journal_segment.tenant_id AND o.compacted"+
		" AND o.id <> journal_segment.id AND o.first_at < journal_segment.last_at AND o.last_at > journal_segment.first_at)"), "none overlap")
	require.NotZero(t, b.count(ctx, t, "NOT compacted"), "those of today stay")

	got, _, err := walk(ctx, b.store, Query{First: 400})
	require.NoError(t, err)
	require.Equal(t, ids(model(list, entry.Filter{}, entry.NewestFirst)), ids(got))
	for _, f := range []entry.Filter{{FlowRunID: w.runs[0]}, {FlowRunID: w.runs[1], Range: entry.Range{To: midnight}}} {
		got, _, err := walk(ctx, b.store, Query{First: 400, Filter: f})
		require.NoError(t, err)
		require.NotEmpty(t, got)
		require.Equal(t, ids(model(list, f, entry.NewestFirst)), ids(got))
	}
	duplicates, err := commit(ctx, b.another(), Batch{}, keys...)
	require.NoError(t, err)
	require.NotContains(t, duplicates, false)

	again, err := b.store.Compact(ctx, midnight)
	require.NoError(t, err)
	require.Zero(t, again.SegmentsBefore)
}

func TestCompactIsLeftToWhoeverCompacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(22, 1))
	put(ctx, t, b.store, w.entries(r, 10, time.Hour), w.entries(r, 10, time.Hour))
	require.NoError(t, b.door.Write(ctx, func(inner context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(inner, sqlLockRewriting, tx.TenantID().String()); err != nil {
			return err
		}
		done, err := b.store.Compact(ctx, noon.Add(time.Hour))
		require.NoError(t, err)
		require.True(t, done.Busy)
		// Ingestion does not wait for it.
		put(ctx, t, b.store, w.entries(r, 10, time.Hour))
		return nil
	}))
	require.Equal(t, 3, b.count(ctx, t, "NOT compacted"))
}

// A worker may be killed at any point: a page finds each entry once all the same, and the next worker ends the work.
func TestCompactMayBeKilled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(23, 1))
	list := w.entries(r, 600, 80*time.Hour)
	for part := range slices.Chunk(list, 20) {
		put(ctx, t, b.store, part)
	}
	want := ids(model(list, entry.Filter{}, entry.NewestFirst))
	killed := 0
	for limit := time.Millisecond; ; limit = limit * 3 / 2 {
		short, cancel := context.WithTimeout(ctx, limit)
		_, err := b.store.Compact(short, noon)
		cancel()
		got, _, pageErr := walk(ctx, b.store, Query{First: 300})
		require.NoError(t, pageErr)
		require.Equal(t, want, ids(got))
		if err == nil {
			break
		}
		killed++
	}
	require.NotZero(t, killed)
	require.Zero(t, b.count(ctx, t, "NOT compacted"))
}

func TestCompactSetsDamagedSegmentsAside(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(24, 1))
	put(ctx, t, b.store, w.entries(r, 10, time.Hour))
	b.spoil(ctx, t, "body")
	good := w.entries(r, 30, time.Hour)
	put(ctx, t, b.store, good[:15], good[15:])
	done, err := b.store.Compact(ctx, noon.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, done.SegmentsBefore)
	require.Equal(t, 1, b.count(ctx, t, "damaged"))
	require.Contains(t, b.log.String(), "set aside")
	got, _, err := walk(ctx, b.store, Query{First: 300})
	require.NoError(t, err)
	require.Equal(t, ids(model(good, entry.Filter{}, entry.NewestFirst)), ids(got))
}

// Terms that cannot be read cost a look at their whole day, and no merging.
func TestDamagedTermsAreLookedThrough(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(26, 1))
	list := w.entries(r, 300, 30*time.Hour)
	for part := range slices.Chunk(list, 60) {
		put(ctx, t, b.store, part)
	}
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE journal_term SET terms = '\\xff' WHERE tenant_id = $1 AND commit_no = 2", tx.TenantID())
		return err
	}))
	f := entry.Filter{FlowRunID: w.runs[0]}
	for range 2 {
		got, _, err := walk(ctx, b.store, Query{First: 300, Filter: f})
		require.NoError(t, err)
		require.Equal(t, ids(model(list, f, entry.NewestFirst)), ids(got))
		_, err = b.store.Compact(ctx, noon)
		require.NoError(t, err)
	}
	require.Contains(t, b.log.String(), "terms of a day cannot be read")
}

func TestEraseCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, w := as(t, uuid.New()), newWorld()
	r := rand.New(rand.NewPCG(25, 1))
	list := w.entries(r, 900, 80*time.Hour)
	gone := w.customers[2]
	for i, e := range list {
		if i < 30 {
			e.CustomerID = gone // Nothing is left of the first segments.
		}
	}
	want := slices.DeleteFunc(slices.Clone(list), func(e *entry.Entry) bool { return e.CustomerID == gone })
	for part := range slices.Chunk(list, 30) {
		put(ctx, t, b.store, part)
	}
	_, err := b.store.Compact(ctx, (today - 1).Time())
	require.NoError(t, err)
	erased, err := b.store.EraseCustomer(ctx, gone)
	require.NoError(t, err)
	require.Equal(t, len(list)-len(want), erased)
	for _, f := range []entry.Filter{{}, {Statuses: []entry.Status{entry.StatusFailure}}} {
		got, _, err := walk(ctx, b.store, Query{First: 300, Filter: f})
		require.NoError(t, err)
		require.Equal(t, ids(model(want, f, entry.NewestFirst)), ids(got))
	}
	erased, err = b.store.EraseCustomer(ctx, gone)
	require.NoError(t, err)
	require.Zero(t, erased)
	require.NoError(t, b.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var failures int
		err := tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM journal_failure WHERE tenant_id = $1 AND customer_id = $2", tx.TenantID(), gone).Scan(&failures)
		require.Zero(t, failures)
		return err
	}))
}
