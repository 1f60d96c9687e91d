package directory_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/tenant"
)

func TestWhatWeirSaysOfAnAppsStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ref := directory.Ref{Customer: "c", Integration: "crm", ConnectedApp: "a"}
	id := b.ingest(t, b.store, ref)[0].ConnectedAppID
	report := func(status directory.ConnectedAppStatus, at time.Time) {
		b.apply(t, b.store, []directory.Ref{ref}, []directory.StateEvent{{At: at, ConnectedApp: &directory.ConnectedAppState{Status: status}}})
	}
	turn := func(at time.Time) (turned []uuid.UUID) {
		require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
			turned, err = b.store.NeedReauth(ctx, tx, []uuid.UUID{id, uuid.New()}, "The token was revoked\x00", at)
			return err
		}))
		return turned
	}
	back := func(at time.Time) {
		require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			return b.store.Reconnect(ctx, tx, []uuid.UUID{id}, at)
		}))
	}
	state := func() (state directory.AppState) {
		require.NoError(t, b.door.Look(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			states, err := b.store.States(ctx, tx, []uuid.UUID{id, uuid.New()})
			require.Len(t, states, 1)
			state = states[id]
			return err
		}))
		return state
	}
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }

	require.Equal(t, directory.AppState{Status: "CONNECTED"}, state(), "nobody has said anything")
	require.Equal(t, []uuid.UUID{id}, turn(at(1)))
	require.Equal(t, directory.AppState{Status: "NEEDS_REAUTH", ChangedAt: at(1)}, state())
	require.Equal(t, "The token was revoked", *b.app(t, id).Reason)
	require.Empty(t, turn(at(2)), "it is so already")
	back(at(0))
	require.Equal(t, directory.AppState{Status: "CONNECTED", ChangedAt: at(1).Add(time.Microsecond)}, state(), "never before what it takes back")
	require.Nil(t, b.app(t, id).Reason)

	report(directory.Connected, at(10))
	require.Empty(t, turn(at(9)), "something newer was said")
	require.Equal(t, []uuid.UUID{id}, turn(at(11)))
	report(directory.Connected, at(5))
	require.Equal(t, "NEEDS_REAUTH", state().Status, "what is said late of before changes nothing")
	report(directory.Connected, at(12))
	require.Equal(t, directory.AppState{Status: "CONNECTED", ChangedAt: at(12)}, state())

	report(directory.NeedsReauth, at(13))
	back(at(14))
	require.Equal(t, "NEEDS_REAUTH", state().Status, "what the sender said is for the sender to take back")
	report(directory.Connected, at(15))
	require.Equal(t, []uuid.UUID{id}, turn(at(16)))
	report(directory.Disconnected, at(17))
	back(at(18))
	require.Equal(t, "DISCONNECTED", state().Status)
}
