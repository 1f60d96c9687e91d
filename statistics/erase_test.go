package statistics_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// cells are all that lie in the tables of a tenant, roll-ups too.
func (b *bundle) cells(t *testing.T, ctx context.Context) (all []statistics.Cell) { //nolint:revive // The context is the tenant.
	t.Helper()
	require.NoError(t, b.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT cells FROM statistic WHERE tenant_id = $1 UNION ALL SELECT cells FROM statistic_minute WHERE tenant_id = $1
UNION ALL SELECT parts FROM statistic_rollup WHERE tenant_id = $1 AND parts IS NOT NULL`, tx.TenantID())
		require.NoError(t, err)
		packed, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		for _, p := range packed {
			c, err := statistics.Open(p)
			require.NoError(t, err)
			for i := range c.Len() {
				var cell statistics.Cell
				c.Cell(i, &cell)
				all = append(all, cell)
			}
		}
		return err
	}))
	return all
}

// A customer that is forgotten counts as nobody from then on: all figures are those of the same entries of nobody.
func TestACustomerIsForgottenAndSumsStay(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string]int{"days of few cells": 100, "days of many": 9_500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			customerIsForgotten(t, entries)
		})
	}
}

func customerIsForgotten(t *testing.T, entries int) {
	t.Helper()
	b := setup(t)
	lost := ids[0]
	nobody := tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	r := rand.New(rand.NewPCG(7, 7))
	put := func(n int) {
		list := draw(r, n)
		b.put(t, list)
		for _, e := range list {
			if e.CustomerID == lost {
				e.CustomerID, e.ConnectedAppID = uuid.Nil, uuid.Nil
			}
		}
		as := *b
		as.ctx = nobody
		as.put(t, list)
	}
	put(entries)
	for _, ctx := range []context.Context{b.ctx, nobody} {
		_, err := b.store.Compact(ctx, noon.Add(-20*time.Hour))
		require.NoError(t, err)
	}
	put(50) // waits
	knows := func() (n int) {
		for _, c := range b.cells(t, b.ctx) {
			if c.CustomerID == lost {
				n++
			}
		}
		return n
	}
	require.NotZero(t, knows())
	n, err := b.store.EraseCustomer(b.ctx, lost)
	require.NoError(t, err)
	require.NotZero(t, n)
	require.Zero(t, knows())
	n, err = b.store.EraseCustomer(b.ctx, lost)
	require.NoError(t, err)
	require.Zero(t, n)

	check := func() {
		for _, span := range [][2]time.Duration{{-96 * time.Hour, time.Hour}, {-72 * time.Hour, -13 * time.Hour}, {-30 * time.Hour, 0}} {
			from, to := noon.Add(span[0]), noon.Add(span[1])
			buckets, err := statistics.NewBuckets(from, to, statistics.Hour, time.UTC)
			require.NoError(t, err)
			days, err := statistics.NewBuckets(from, to, statistics.Day, time.UTC)
			require.NoError(t, err)
			require.Equal(t, b.everything(t, nobody, buckets, days), b.everything(t, b.ctx, buckets, days))
		}
	}
	check()
	for _, ctx := range []context.Context{b.ctx, nobody} {
		_, err := b.store.Compact(ctx, noon.Add(10*24*time.Hour))
		require.NoError(t, err)
	}
	check()
	require.Zero(t, knows())
}

func TestFiguresGoWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := rand.New(rand.NewPCG(4, 4))
	b.put(t, draw(r, 4000))
	_, err := b.store.Compact(b.ctx, noon.Add(-36*time.Hour))
	require.NoError(t, err)
	before := noon.Add(-48 * time.Hour)
	day := before.Truncate(24 * time.Hour)
	tables := []string{"statistic", "statistic_minute", "statistic_rollup"}
	counts := func() (rows, old []int) {
		for _, table := range tables {
			var all, over int
			require.NoError(t, b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
				return tx.Pgx().QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE day < $2) FROM "+table+" WHERE tenant_id = $1", tx.TenantID(), day).Scan(&all, &over)
			}))
			rows, old = append(rows, all), append(old, over)
		}
		return rows, old
	}
	had, over := counts()
	require.NotZero(t, over[1])
	require.NotZero(t, over[2])
	want := statistics.Expired{Waiting: over[0], Minutes: over[1], Rollups: over[2]}
	would, err := b.store.Expire(b.ctx, before, true)
	require.NoError(t, err)
	require.Equal(t, want, would)
	done, err := b.store.Expire(b.ctx, before, false)
	require.NoError(t, err)
	require.Equal(t, want, done)
	has, over := counts()
	require.Equal(t, []int{0, 0, 0}, over)
	for i := range tables {
		require.Equal(t, had[i]-[]int{want.Waiting, want.Minutes, want.Rollups}[i], has[i], tables[i])
	}
	for _, c := range b.cells(t, b.ctx) {
		require.GreaterOrEqual(t, c.Minute, statistics.MinuteOf(day))
		require.NotEqual(t, entry.KindLogLine, c.Kind)
	}
}
