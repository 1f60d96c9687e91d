package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/tenant"
)

// policies are what a tenant of the tests keeps, in days of entries and of headers and bodies.
func policies(days map[entry.Kind][2]int) *tenant.Retention {
	r := &tenant.Retention{}
	for _, kind := range entry.Kinds {
		d, ok := days[kind]
		if !ok {
			d = [2]int{tenant.DefaultDays, tenant.DefaultPayloadDays}
		}
		r.Policies = append(r.Policies, tenant.RetentionPolicy{Kind: kind.String(), Days: d[0], PayloadDays: d[1]})
	}
	return r
}

var mixed = policies(map[entry.Kind][2]int{
	entry.KindAPIRequest: {20, 5}, entry.KindExternalWebhook: {30, 0}, entry.KindExternalEvent: {10, 10}, entry.KindFlowRun: {15, 3},
})

// unpacked is every entry that lies in a segment of the tenant, with its details.
func (b *bundle) unpacked(ctx context.Context, t require.TestingT) map[uuid.UUID]*entry.Entry {
	all := map[uuid.UUID]*entry.Entry{}
	require.NoError(t, b.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT checksum, head, list, tokens, body FROM journal_segment WHERE tenant_id = $1", tx.TenantID())
		if err != nil {
			return err
		}
		var one segment.Encoded
		_, err = pgx.ForEachRow(rows, []any{&one.Checksum, &one.Head, &one.List, &one.Tokens, &one.Body}, func() error {
			entries, err := one.Unpack()
			for _, e := range entries {
				all[e.ID] = e
			}
			one = segment.Encoded{}
			return err
		})
		return err
	}))
	return all
}

// requireKept compares what is there with what the policies say of what was put.
func (b *bundle) requireKept(ctx context.Context, t require.TestingT, put []*entry.Entry, r Retention) {
	got := b.unpacked(ctx, t)
	failures := map[uuid.UUID]bool{}
	kept := 0
	for _, e := range put {
		day, there := DayOf(e.OccurredAt()), got[e.ID]
		if day < r.Entries(e.Kind) {
			require.Nil(t, there, "%s of %s", e.Kind, day)
			continue
		}
		kept++
		require.NotNil(t, there, "%s of %s", e.Kind, day)
		require.Equal(t, e.Head, there.Head)
		require.Equal(t, e.List, there.List)
		if day < r.Payloads(e.Kind) {
			require.Equal(t, &entry.Detail{Metadata: e.Detail.Metadata}, there.Detail, "%s of %s", e.Kind, day)
		} else {
			require.Equal(t, e.Detail, there.Detail, "%s of %s", e.Kind, day)
		}
		if e.Status == entry.StatusFailure && e.Kind != entry.KindLogLine {
			failures[e.ID] = true
		}
	}
	require.Len(t, got, kept)
	require.NoError(t, b.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT entry_id FROM journal_failure WHERE tenant_id = $1", tx.TenantID())
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
		require.Len(t, ids, len(failures))
		for _, id := range ids {
			require.True(t, failures[id])
		}
		return err
	}))
}

// expected counts what the policies take away.
func expected(put []*entry.Entry, r Retention) (e Expired) {
	for _, it := range put {
		switch day := DayOf(it.OccurredAt()); {
		case day < r.Entries(it.Kind):
			e.Entries[it.Kind]++
			if it.Status == entry.StatusFailure && it.Kind != entry.KindLogLine {
				e.Failures[it.Kind]++
			}
		case day < r.Payloads(it.Kind):
			e.Payloads[it.Kind]++
		}
	}
	return e
}

func TestWhatIsOverGoesByKindAndPayloadsBeforeEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := rand.New(rand.NewPCG(3, 14))
	w, ctx, other := newWorld(), as(t, uuid.New()), as(t, uuid.New())
	list, others := w.entries(r, 3000, keptDays*24*time.Hour), w.entries(r, 300, keptDays*24*time.Hour)
	for part := range slices.Chunk(list, 100) {
		put(ctx, t, b.store, part)
	}
	put(other, t, b.store, others)
	_, err := b.store.Compact(ctx, noon.AddDate(0, 0, -12))
	require.NoError(t, err)

	kept := RetentionOf(mixed, noon)
	want := expected(list, kept)
	require.NotZero(t, want.Payloads[entry.KindLogLine], "lines go by the policy of flow runs")
	would, err := b.store.Expire(ctx, kept, true)
	require.NoError(t, err)
	b.requireKept(ctx, t, list, RetentionOf(policies(map[entry.Kind][2]int{entry.KindFlowRun: {90, 90}, entry.KindAPIRequest: {90, 90}, entry.KindExternalWebhook: {90, 90},
		entry.KindExternalEventPull: {90, 90}, entry.KindExternalEvent: {90, 90}, entry.KindInternalEvent: {90, 90}, entry.KindTransaction: {90, 90}}), noon))

	done, err := b.store.Expire(ctx, kept, false)
	require.NoError(t, err)
	require.Equal(t, would, done, "a dry run says what goes")
	done.Segments = 0
	require.Equal(t, want, done)
	b.requireKept(ctx, t, list, kept)
	b.requireKept(other, t, others, RetentionOf(policies(nil), noon.AddDate(0, 0, -9)))

	again, err := b.store.Expire(ctx, kept, false)
	require.NoError(t, err)
	require.Equal(t, Expired{}, again, "nothing is packed anew twice")

	_, err = b.store.Compact(ctx, noon)
	require.NoError(t, err)
	_, err = b.store.Expire(ctx, kept, false)
	require.NoError(t, err)
	b.requireKept(ctx, t, list, kept)
	got, _, err := walk(ctx, b.store, Query{First: 200, Filter: entry.Filter{Search: "invoice"}})
	require.NoError(t, err)
	for _, e := range got {
		if DayOf(e.OccurredAt()) < kept.Payloads(e.Kind) {
			require.Contains(t, e.Message, "invoice", "words of bodies that went find nothing")
		}
	}
	require.NotEmpty(t, got)
}

// A month goes by, a day at a time: what comes late is removed like the rest, and partitions follow behind.
func TestAMonthOfRetention(t *testing.T) {
	t.Parallel()
	now := noon
	b := setup(t, func(o *Options) { o.Now = func() time.Time { return now } })
	id := uuid.New()
	ctx := as(t, id)
	_, err := b.pool.Exec(t.Context(), "SELECT create_tenant($1, 'acme', 'Acme', $2)", id, noon)
	require.NoError(t, err)
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		for _, p := range mixed.Policies { // The longest is 30 days.
			if _, err := tx.Pgx().Exec(ctx, "INSERT INTO retention_policy VALUES ($1, $2, $3, $4)", id, p.Kind, min(p.Days, 30), p.PayloadDays); err != nil {
				return err
			}
		}
		return nil
	}))
	short := &tenant.Retention{}
	for _, p := range mixed.Policies {
		short.Policies = append(short.Policies, tenant.RetentionPolicy{Kind: p.Kind, Days: min(p.Days, 30), PayloadDays: p.PayloadDays})
	}
	r, w := rand.New(rand.NewPCG(5, 9)), newWorld()
	var all []*entry.Entry
	for range 45 {
		now = now.AddDate(0, 0, 1)
		_, err := b.store.EnsurePartitions(ctx, DayOf(now), DayOf(now)+1)
		require.NoError(t, err)
		var fresh []*entry.Entry
		for range 20 {
			fresh = append(fresh, w.entry(r, now.Add(-time.Duration(r.Int64N(int64(10*24*time.Hour))))))
		}
		kept := RetentionOf(short, now)
		fresh = slices.DeleteFunc(fresh, func(e *entry.Entry) bool { return e.OccurredAt().Before(kept.Entries(e.Kind).Time()) })
		_, err = commit(ctx, b.store, Batch{Loose: slices.Clone(fresh)}, key(id, DayOf(now), fmt.Sprint(DayOf(now))))
		require.NoError(t, err)
		all = append(all, fresh...)
		_, err = b.store.Expire(ctx, kept, false)
		require.NoError(t, err)
		dropped, err := b.store.DropPartitions(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, dropped)
		b.requireKept(ctx, t, all, kept)
		first, _, ok, err := b.store.Days(ctx)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, DayOf(now)-30, first)
	}
	for _, table := range []string{"journal_key", "journal_term"} {
		var oldest time.Time
		require.NoError(t, b.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
			return tx.Pgx().QueryRow(ctx, "SELECT min(day) FROM "+table+" WHERE tenant_id = $1", id).Scan(&oldest)
		}))
		require.False(t, oldest.Before(now.AddDate(0, 0, -31)), "%s has rows of %s", table, oldest)
	}
}

// It is stopped again and again, while entries are compacted: nothing is lost and nothing stays.
func TestExpireMayBeStoppedAtAnyPoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, uuid.New())
	r, w := rand.New(rand.NewPCG(8, 8)), newWorld()
	list := w.entries(r, 1500, keptDays*24*time.Hour)
	for part := range slices.Chunk(list, 50) {
		put(ctx, t, b.store, part)
	}
	kept := RetentionOf(mixed, noon)
	stops := 0
	for n := 1; ; n++ {
		err := expireUntil(ctx, b.store, kept, n)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, errStopped)
		stops++
		if n%5 == 0 {
			_, err := b.store.Compact(ctx, noon.AddDate(0, 0, -r.IntN(30)))
			require.NoError(t, err)
		}
	}
	require.Greater(t, stops, 5)
	_, err := b.store.Expire(ctx, kept, false)
	require.NoError(t, err)
	b.requireKept(ctx, t, list, kept)
}

var errStopped = errors.New("stopped")

// expireUntil expires segments until the n-th day that has anything, and fails within its first transaction.
func expireUntil(ctx context.Context, s *Store, kept Retention, n int) error {
	days := 0
	first, last, _, err := s.Days(ctx)
	if err != nil {
		return err
	}
	for day := first; day < min(kept.end(), last+1); day++ {
		var done Expired
		if err := s.expireDay(ctx, &kept, day, true, &done); err != nil {
			return err
		}
		if done.Segments == 0 {
			continue
		}
		if days++; days < n {
			done = Expired{}
			if err := s.expireDay(ctx, &kept, day, false, &done); err != nil {
				return err
			}
			continue
		}
		return s.door.Write(ctx, func(inner context.Context, tx *tenant.Tx) error {
			e := &expirer{rewrite: rewrite{store: s, tx: tx}, retention: &kept, day: day}
			e.gone, e.bare = kept.over(day)
			if _, err := e.step(inner, &segmentKey{micros: day.micros() - 1}); err != nil {
				return err
			}
			return errStopped
		})
	}
	return nil
}

// What cannot be read goes with its day, and is not asked for again and again.
func TestADamagedSegmentGoesWhenAllInItIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, uuid.New())
	r, w := rand.New(rand.NewPCG(1, 8)), newWorld()
	at := noon.AddDate(0, 0, -7)
	var list []*entry.Entry
	for range 40 {
		e := w.entry(r, at)
		e.Kind = []entry.Kind{entry.KindAPIRequest, entry.KindInternalEvent}[r.IntN(2)]
		list = append(list, e)
	}
	put(ctx, t, b.store, list)
	require.NoError(t, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE journal_segment SET body = set_byte(body, 20, 255 - get_byte(body, 20)) WHERE tenant_id = $1", tx.TenantID())
		return err
	}))
	for range 2 {
		_, err := b.store.Expire(ctx, RetentionOf(mixed, noon), false)
		require.NoError(t, err)
		require.Equal(t, 1, b.count(ctx, t, "damaged"))
	}
	require.Contains(t, b.log.String(), "cannot be read")
	_, err := b.store.Expire(ctx, RetentionOf(mixed, noon.AddDate(0, 0, 100)), false)
	require.NoError(t, err)
	require.Zero(t, b.count(ctx, t, "true"))
}
