package directory_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
)

func TestFirstSightMakesAllThatAnEventNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := start.Add(-time.Hour)
	got := b.ingest(t, b.store, directory.Ref{
		Customer: "acme", Integration: "google-analytics", Flow: "sync", DataSource: "polls", Use: directory.UsePull, At: at,
	})[0]

	customer, err := b.store.CustomerByExternalID(b.ctx, "acme")
	require.NoError(t, err)
	require.Equal(t, got.CustomerID, customer.ID)
	require.Equal(t, "acme", customer.Name)
	require.True(t, at.Equal(*customer.LastActivityAt))
	require.JSONEq(t, "{}", string(customer.Attributes))
	integration, err := b.store.IntegrationByKey(b.ctx, "google-analytics")
	require.NoError(t, err)
	require.Equal(t, got.IntegrationID, integration.ID)
	require.Equal(t, "Google Analytics", integration.Name)
	flow, err := b.store.FlowByKey(b.ctx, "sync")
	require.NoError(t, err)
	require.Equal(t, got.FlowID, flow.ID)
	require.Equal(t, got.IntegrationID, *flow.IntegrationID)
	require.True(t, flow.Enabled)
	app := b.app(t, got.ConnectedAppID)
	require.True(t, app.Implicit)
	require.Equal(t, directory.Connected, app.Status)
	require.Nil(t, app.StatusChangedAt)
	source := b.source(t, got.DataSourceID)
	require.Equal(t, directory.ModePull, source.Mode)
	require.True(t, at.Equal(*source.LastPullAt))
	require.Nil(t, source.LastEventAt)

	// Another process comes to the same.
	require.Equal(t, got, b.ingest(t, b.process(), directory.Ref{
		Customer: "acme", Integration: "google-analytics", Flow: "sync", DataSource: "polls", Use: directory.UsePull, At: at,
	})[0])
}

func TestWhatIsRememberedNeedsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refs := []directory.Ref{
		{Customer: "acme", Integration: "crm", Flow: "f", DataSource: "d", Use: directory.UseEvent, At: start},
		{Customer: "acme", Integration: "crm", ConnectedApp: "app-1", At: start},
		{Customer: "acme"}, {Integration: "crm"}, {},
	}
	first := b.ingest(t, b.store, refs...)
	again, need, err := b.store.Resolver().Resolve(b.ctx, refs)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.True(t, need.Empty())

	// The row may be gone after a while, so it is made sure of again.
	b.now = b.now.Add(31 * time.Second)
	_, need, err = b.store.Resolver().Resolve(b.ctx, refs)
	require.NoError(t, err)
	require.False(t, need.Empty())
}

func TestFirstNamedConnectedAppTakesTheImplicitOnesPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	implicit := b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm"})[0].ConnectedAppID
	named := func(s *directory.Store, app string) uuid.UUID {
		return b.ingest(t, s, directory.Ref{Customer: "acme", Integration: "crm", ConnectedApp: app})[0].ConnectedAppID
	}
	require.Equal(t, implicit, named(b.process(), "app-1"))
	require.Equal(t, "app-1", b.app(t, implicit).ExternalID)
	require.False(t, b.app(t, implicit).Implicit)
	b.now = b.now.Add(time.Second)
	second := named(b.process(), "app-2")
	require.NotEqual(t, implicit, second)
	require.Equal(t, second, named(b.process(), "app-2"))
	require.Equal(t, implicit, named(b.process(), "app-1"))

	// Of several, the oldest stands in for events that name none.
	require.Equal(t, implicit, b.ingest(t, b.process(), directory.Ref{Customer: "acme", Integration: "crm"})[0].ConnectedAppID)
}

func TestBothOfARequestWhereTheNamedOneComesLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.ingest(t, b.store,
		directory.Ref{Customer: "acme", Integration: "crm"},
		directory.Ref{Customer: "acme", Integration: "crm", ConnectedApp: "app-1"},
		directory.Ref{Customer: "acme", Integration: "crm", ConnectedApp: "app-2"},
		directory.Ref{ConnectedApp: "app-2"},
	)
	require.Equal(t, got[0], got[1])
	require.NotEqual(t, got[0].ConnectedAppID, got[2].ConnectedAppID)
	require.Equal(t, got[2], got[3])
	require.Equal(t, "app-1", b.app(t, got[0].ConnectedAppID).ExternalID)
}

func TestConnectedAppOfAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", ConnectedApp: "app-1"})
	for _, s := range []*directory.Store{b.store, b.process()} {
		got, need, err := s.Resolver().Resolve(b.ctx, []directory.Ref{
			{Customer: "umbrella", Integration: "crm", ConnectedApp: "app-1"},
			{Customer: "acme", Integration: "erp", ConnectedApp: "app-1"},
			{ConnectedApp: "app-9"},
			{ConnectedApp: "app-1"},
		})
		require.NoError(t, err)
		for i := range 3 {
			require.NotNil(t, got[i].Err)
			require.Equal(t, []string{"connected_app"}, got[i].Err.Field)
			require.Equal(t, uuid.Nil, got[i].CustomerID)
		}
		require.Nil(t, got[3].Err)
		require.Equal(t, directory.CustomerID(b.tenantID, "acme"), got[3].CustomerID)
		require.True(t, need.Empty(), "events that are refused make nothing")
	}
}

func TestNamesThatCannotBeStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := string(make([]byte, 0))
	for range 201 {
		long += "ä"
	}
	got, need, err := b.store.Resolver().Resolve(b.ctx, []directory.Ref{
		{Customer: long}, {Integration: "a\x00b"}, {Flow: "\xff"}, {Customer: long[:len(long)-2]},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"customer"}, got[0].Err.Field)
	require.Equal(t, []string{"integration"}, got[1].Err.Field)
	require.Equal(t, []string{"data", "flow"}, got[2].Err.Field)
	require.Nil(t, got[3].Err)
	_, err = b.commit(b.store, need, nil)
	require.NoError(t, err)
}

// Two processes resolve before either commits: the second must notice that what it decided no longer holds.
func TestDecisionsThatAnotherProcessOvertook(t *testing.T) {
	t.Parallel()
	link := directory.Ref{Customer: "acme", Integration: "crm"}
	app := func(name string) directory.Ref {
		return directory.Ref{Customer: "acme", Integration: "crm", ConnectedApp: name}
	}
	other := directory.Ref{Customer: "umbrella", Integration: "crm", ConnectedApp: "app-1"}
	for _, c := range []struct {
		name                  string
		before, first, second directory.Ref
		stale                 bool
	}{
		{name: "the same implicit one", first: link, second: link},
		{name: "the same named one", first: app("app-1"), second: app("app-1")},
		{name: "two named ones", first: app("app-1"), second: app("app-2")},
		{name: "a named one, then an implicit one", first: app("app-1"), second: link, stale: true},
		{name: "an implicit one, then a named one", first: link, second: app("app-1"), stale: true},
		{name: "two that take one place", before: link, first: app("app-1"), second: app("app-2"), stale: true},
		{name: "the same takes its place twice", before: link, first: app("app-1"), second: app("app-1")},
		{name: "a name for two customers", first: app("app-1"), second: other, stale: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.ingest(t, b.store, c.before)
			one, two := b.process(), b.process()
			_, needOne, err := one.Resolver().Resolve(b.ctx, []directory.Ref{c.first})
			require.NoError(t, err)
			_, needTwo, err := two.Resolver().Resolve(b.ctx, []directory.Ref{c.second})
			require.NoError(t, err)
			_, err = b.commit(one, needOne, nil)
			require.NoError(t, err)
			_, err = b.commit(two, needTwo, nil)
			require.Equal(t, c.stale, directory.IsStale(err))
			if !c.stale {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, directory.ErrStale)
			two.Resolver().Forget(b.tenantID)
			_, needTwo, err = two.Resolver().Resolve(b.ctx, []directory.Ref{c.second})
			require.NoError(t, err)
			_, err = b.commit(two, needTwo, nil)
			require.NoError(t, err)
		})
	}
}

func TestCommitAfterADeletion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	eraser := &noted{}
	b.store.EraseWith(eraser)
	far := b.process()
	ref := directory.Ref{Customer: "acme", Integration: "crm", DataSource: "d", Use: directory.UseEvent, At: start}
	id := b.ingest(t, far, directory.Ref{Customer: "acme", Integration: "crm"})[0].CustomerID
	require.NoError(t, b.store.DeleteCustomer(b.ctx, id))

	_, need, err := far.Resolver().Resolve(b.ctx, []directory.Ref{ref})
	require.NoError(t, err)
	_, err = b.commit(far, need, nil)
	require.True(t, directory.IsStale(err), "%v", err)
	far.Resolver().Forget(b.tenantID)
	b.ingest(t, far, ref)
}

func TestActivityMovesForwardOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	activity := func() (time.Time, time.Time) {
		c, err := b.store.CustomerByExternalID(b.ctx, "acme")
		require.NoError(t, err)
		page, err := b.store.ConnectedAppsOf(b.ctx, []uuid.UUID{c.ID}, directory.Head{First: 1})
		require.NoError(t, err)
		return c.LastActivityAt.UTC(), page[c.ID].Items[0].LastActivityAt.UTC()
	}
	for _, step := range []struct{ at, want time.Duration }{
		{0, 0}, {59 * time.Second, 0}, {time.Minute, time.Minute}, {-time.Hour, time.Minute}, {time.Hour, time.Hour},
	} {
		for _, s := range []*directory.Store{b.store, b.process()} {
			b.ingest(t, s, directory.Ref{Customer: "acme", Integration: "crm", At: start.Add(step.at)})
			require.NoError(t, s.FlushActivity(b.ctx))
			customer, app := activity()
			require.Equal(t, start.Add(step.want), customer)
			require.Equal(t, start.Add(step.want), app)
		}
	}
}

// A load of old events would otherwise move every connected app with every commit.
func TestActivityThatMovesAtOnceAgainIsPutOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	activity := func() time.Time {
		c, err := b.store.CustomerByExternalID(b.ctx, "acme")
		require.NoError(t, err)
		return c.LastActivityAt.UTC()
	}
	for hour := range 3 {
		b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", At: start.Add(time.Duration(hour) * time.Hour)})
		require.Equal(t, start, activity())
	}
	// While it moves on it waits, and what does not move any more is written.
	require.NoError(t, b.store.FlushSettledActivity(b.ctx))
	require.Equal(t, start, activity())
	b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", At: start.Add(2*time.Hour + 50*time.Second)})
	require.NoError(t, b.store.FlushSettledActivity(b.ctx))
	require.Equal(t, start.Add(2*time.Hour+50*time.Second), activity())

	b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", At: start.Add(3 * time.Hour)})
	require.NoError(t, b.store.FlushSettledActivity(b.ctx))
	require.NoError(t, b.store.FlushActivity(b.ctx))
	require.Equal(t, start.Add(3*time.Hour), activity())
	require.NoError(t, b.store.FlushActivity(b.ctx))
}

func TestModeFollowsWhatNamedTheDataSource(t *testing.T) {
	t.Parallel()
	b := setup(t)
	use := func(key string, use directory.Use, at time.Duration) *directory.DataSource {
		got := b.ingest(t, b.process(), directory.Ref{Customer: "acme", Integration: "crm", DataSource: key, Use: use, At: start.Add(at)})
		return b.source(t, got[0].DataSourceID)
	}
	require.Equal(t, directory.ModeWebhook, use("hook", directory.UseWebhook, 0).Mode)
	require.Equal(t, directory.ModePull, use("poll", directory.UsePull, 0).Mode)
	// An event alone says nothing; a pull then does, and an event does not take it back.
	require.Equal(t, directory.ModeWebhook, use("late", directory.UseEvent, 2*time.Second).Mode)
	require.Equal(t, directory.ModePull, use("late", directory.UsePull, time.Second).Mode)
	late := use("late", directory.UseEvent, 0)
	require.Equal(t, directory.ModePull, late.Mode)
	require.Equal(t, start.Add(2*time.Second), late.LastEventAt.UTC())
	require.Equal(t, start.Add(time.Second), late.LastPullAt.UTC())
}
