package directory_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
)

func TestPullsThatLeaveTheCursorAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var id uuid.UUID
	pull := func(s *directory.Store, showing ...directory.Cursor) {
		refs := make([]directory.Ref, len(showing))
		for i, c := range showing {
			b.now = b.now.Add(time.Minute)
			refs[i] = directory.Ref{Customer: "acme", Integration: "crm", DataSource: "contacts", Use: directory.UsePull, At: b.now, Cursor: c}
		}
		id = b.ingest(t, s, refs...)[0].DataSourceID
	}
	minutes := func(n int) *time.Time { return ptr(start.Add(time.Duration(n) * time.Minute)) }
	check := func(pulls int, since *time.Time) {
		t.Helper()
		d := b.source(t, id)
		require.Equal(t, pulls, d.CursorStillPulls)
		if since == nil {
			require.Nil(t, d.CursorStillSince)
			return
		}
		require.True(t, since.Equal(*d.CursorStillSince))
	}
	pull(b.store, directory.CursorUnknown)
	check(0, nil)
	pull(b.store, directory.CursorStill, directory.CursorFine, directory.CursorStill)
	check(1, minutes(4))
	pull(b.store, directory.CursorStill)
	pull(b.process(), directory.CursorUnknown, directory.CursorStill)
	check(3, minutes(4))

	// One that comes late says nothing of now.
	b.ingest(t, b.process(), directory.Ref{Customer: "acme", Integration: "crm", DataSource: "contacts", Use: directory.UsePull, At: start, Cursor: directory.CursorFine})
	check(3, minutes(4))
	pull(b.store, directory.CursorFine)
	check(0, nil)
	pull(b.store, directory.CursorFine, directory.CursorStill)
	check(1, minutes(10))
}

func TestExpiriesAreRememberedInAnyOrder(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return start.Add(time.Duration(n) * 24 * time.Hour) }
	said := []directory.Expiry{{SaidAt: day(0), Until: day(30)}, {SaidAt: day(1), Until: day(30)}, {SaidAt: day(25), Until: day(55)}}
	for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}} {
		b := setup(t)
		var id uuid.UUID
		for _, i := range order {
			targets, _ := b.apply(t, b.process(), []directory.Ref{{Customer: "acme", Integration: "crm", ConnectedApp: "app"}}, []directory.StateEvent{
				{At: said[i].SaidAt, ConnectedApp: &directory.ConnectedAppState{Status: directory.Connected, CredentialsExpireAt: &said[i].Until}},
			})
			id = targets[0].ConnectedAppID
		}
		require.Equal(t, []directory.Expiry{said[0], said[2]}, b.app(t, id).Expiries())
		require.True(t, said[2].Until.Equal(*b.app(t, id).CredentialsExpireAt))
	}
}
