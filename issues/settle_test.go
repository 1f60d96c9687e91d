package issues_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

// open opens an issue of a missing scope, which hits the apps.
func (b *bundle) open(apps ...app) issues.Key {
	k := b.key(diagnostics.PermissionMissingScope)
	for _, a := range apps {
		b.see(k, a, 2)
	}
	b.take()
	require.Equal(b.t, issues.Open, b.status(k))
	return k
}

func TestAnIssueIsResolvedWhenTheSameCallsSucceedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	k := b.open(b.apps...)
	b.pass(5 * time.Minute)
	b.succeed(b.apps[0], 1)
	b.pass(time.Hour)
	b.settle()
	require.Equal(t, issues.Open, b.status(k), "of the other app nothing succeeded")
	worst, err := b.store.Unwell(b.ctx, entry.ParentConnectedApp)
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]issues.Severity{b.apps[1].id: issues.Error}, worst, "the one that succeeds is cleared")

	b.succeed(b.apps[1], 1)
	b.settle()
	i := b.issue(k)
	require.Equal(t, issues.Resolved, i.Status)
	require.Equal(t, b.now.Truncate(time.Microsecond), *i.ResolvedAt)
	require.Equal(t, 2, i.CustomerCount, "whom it hit is still known")
	all, err := b.store.ActivityOf(b.ctx, []uuid.UUID{i.ID})
	require.NoError(t, err)
	last := all[i.ID][1]
	require.Equal(t, issues.Activity{At: b.now, Actor: "weir", Action: "resolved", Note: "The same calls succeed again, and nothing of it was seen for 65 minutes."}, last)
}

// An endpoint's problem is over when calls of the endpoint succeed, and not others.
func TestSuccessesOfOtherEndpointsResolveNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.EndpointOrVersionRetired, "GET /v1/a")
	b.see(k, b.apps[0], 2)
	b.take()
	b.pass(20 * time.Minute)
	b.succeed(b.apps[0], 9)
	b.settle()
	require.Equal(t, issues.Open, b.status(k))
	b.call(b.apps[0], entry.StatusSuccess, 1, "GET /v1/a")
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
}

func TestHowLongItMustStayQuietFollowsFromHowOftenItWasSeen(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	for range 4 { // about every 20 minutes
		b.pass(20 * time.Minute)
		b.see(k, b.apps[0], 1)
		b.take()
	}
	b.pass(5 * time.Minute)
	b.succeed(b.apps[0], 1)
	for range 14 {
		b.pass(5 * time.Minute)
		b.settle()
		require.Equal(t, issues.Open, b.status(k))
	}
	// 6 sightings in 80 minutes: 16 on average, and ln 6 + 3 times that is 77.
	b.pass(5 * time.Minute)
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
}

// A problem of some calls goes on at random beside others that succeed: no gap of it is its end.
func TestRandomGapsAreNoEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	random := rand.New(rand.NewPCG(2, 1))
	until := start.Add(4 * time.Hour)
	for next := start; b.now.Before(until); {
		b.pass(time.Minute)
		b.succeed(b.apps[0], 1)
		for !next.After(b.now) {
			b.see(k, b.apps[0], 1)
			next = next.Add(time.Duration(3.3 * random.ExpFloat64() * float64(time.Minute)))
		}
		b.take()
		b.settle()
		require.Equal(t, issues.Open, b.status(k), b.now)
	}
	for range 40 {
		b.pass(time.Minute)
		b.succeed(b.apps[0], 1)
	}
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
}

func TestSilenceResolvesAfterTwoWeeks(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	b.pass(14*24*time.Hour - time.Minute)
	b.settle()
	require.Equal(t, issues.Open, b.status(k))
	b.pass(time.Minute)
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
}

// Nothing is resolved by itself within ten minutes of its opening, nor reopened within ten minutes after that.
func TestNothingFlaps(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.PermissionMissingScope)
	// An import of what happened half an hour ago: all is quiet when it opens.
	b.see(k, b.apps[0], 2)
	b.pass(time.Minute)
	b.succeed(b.apps[0], 1)
	b.pass(30 * time.Minute)
	b.take()
	opened := b.now
	for b.now.Before(opened.Add(9 * time.Minute)) {
		b.pass(time.Minute)
		b.settle()
		require.Equal(t, issues.Open, b.status(k))
	}
	b.pass(time.Minute)
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))

	resolved := b.now
	for b.now.Before(resolved.Add(9 * time.Minute)) {
		b.pass(time.Minute)
		b.see(k, b.apps[0], 1)
		b.take()
		b.settle()
		require.Equal(t, issues.Resolved, b.status(k))
	}
	b.pass(time.Minute)
	b.settle()
	i := b.issue(k)
	require.Equal(t, issues.Open, i.Status, "it went on, and the ten minutes are over")
	require.EqualValues(t, 9, i.Occurrences, "the sightings in between count")
	require.Equal(t, []string{"opened", "resolved", "reopened"}, b.actions(k))
}

// What resolved itself opens again by triage only, and by what was seen since.
func TestARegressionMustQualifyAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.open(b.apps[0])
	b.pass(15 * time.Minute)
	b.succeed(b.apps[0], 1)
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
	b.pass(20 * time.Minute)
	b.see(k, b.apps[0], 1)
	b.take()
	require.Equal(t, issues.Resolved, b.status(k), "one alone does not open it")
	b.pass(time.Minute)
	b.see(k, b.apps[0], 1)
	b.take()
	i := b.issue(k)
	require.Equal(t, issues.Open, i.Status)
	require.Nil(t, i.ResolvedAt)
	require.EqualValues(t, 2, i.Occurrences, "of the new episode")
	require.Equal(t, start, i.FirstSeenAt)
}

func TestCredentialsTurnAppsAndReconnectingClearsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	k := b.key(diagnostics.AuthTokenRevoked)
	b.see(k, b.apps[0], 1)
	b.see(k, b.apps[1], 1)
	b.take()
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[0]))
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[1]))
	apps, err := b.dir.ConnectedAppsByIDs(b.ctx, []uuid.UUID{b.apps[0].id})
	require.NoError(t, err)
	require.Equal(t, "Of an entry", *apps[b.apps[0].id].Reason)

	b.pass(time.Minute)
	b.report(b.apps[0], directory.Connected)
	b.pass(time.Minute)
	b.take()
	require.Equal(t, issues.Open, b.status(k))
	worst, err := b.store.Unwell(b.ctx, entry.ParentCustomer)
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]issues.Severity{b.apps[1].customer: issues.Error}, worst)

	b.report(b.apps[1], directory.Connected)
	b.take()
	require.Equal(t, issues.Resolved, b.status(k), "at once, though nothing was called yet")

	// A sighting from before the reconnection that arrives late changes nothing.
	late := b.sighting(k, b.apps[1])
	late.At = start.Add(time.Second)
	b.pass(11 * time.Minute)
	b.enqueue(late)
	b.take()
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
	require.Equal(t, directory.Connected, b.appStatus(b.apps[1]))
	// One from after it does.
	b.see(k, b.apps[1], 1)
	b.take()
	require.Equal(t, issues.Open, b.status(k))
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[1]))
}

func TestAnAppThatSucceedsAgainIsTurnedBack(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	k := b.key(diagnostics.OAuthRefreshFailed)
	b.report(b.apps[1], directory.NeedsReauth)
	b.pass(time.Minute)
	b.see(k, b.apps[0], 1)
	b.see(k, b.apps[1], 1)
	b.take()
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[0]))
	b.pass(5 * time.Minute)
	b.succeed(b.apps[0], 1)
	b.succeed(b.apps[1], 1)
	b.settle()
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[0]))
	b.pass(5 * time.Minute)
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
	require.Equal(t, directory.Connected, b.appStatus(b.apps[0]))
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[1]), "what its sender said is for the sender to take back")
}

// A reconnection that is heard of late is newer than the sighting that turned the app.
func TestAReconnectionThatIsHeardOfLateWins(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.AuthTokenRevoked)
	b.see(k, b.apps[0], 1)
	b.pass(time.Minute)
	reconnected := b.now
	b.pass(time.Minute)
	b.take()
	require.Equal(t, directory.NeedsReauth, b.appStatus(b.apps[0]))
	now := b.now
	b.now = reconnected
	b.report(b.apps[0], directory.Connected)
	b.now = now
	b.take()
	require.Equal(t, directory.Connected, b.appStatus(b.apps[0]))
	require.Equal(t, issues.Resolved, b.status(k))
}

func TestSeverityFollowsReachAndDuration(t *testing.T) {
	t.Parallel()
	b := setup(t, 6)
	k := b.key(diagnostics.QuotaExhausted)
	b.see(k, b.apps[0], 1)
	b.see(k, b.apps[1], 1)
	b.take()
	require.Equal(t, issues.Warning, b.issue(k).Severity)
	b.see(k, b.apps[2], 1)
	b.take()
	b.settle()
	require.Equal(t, issues.Error, b.issue(k).Severity, "3 customers are half of 6")
	for range 25 {
		b.pass(time.Hour)
		b.see(k, b.apps[0], 1)
		b.take()
		b.settle()
	}
	require.Equal(t, issues.Critical, b.issue(k).Severity, "and it lasts")
	require.Equal(t, []string{"opened", "escalated", "escalated"}, b.actions(k))

	info := b.key(diagnostics.DeprecationWarning)
	for _, a := range b.apps {
		b.see(info, a, 3)
	}
	b.take()
	b.settle()
	require.Equal(t, issues.Info, b.issue(info).Severity)
}

func TestAProviderThatFailsManyIsOneIncident(t *testing.T) {
	t.Parallel()
	b := setup(t, 10)
	down, slow := b.key(diagnostics.ProviderUnavailable), b.key(diagnostics.NetworkTimeout)
	incident := issues.Key{Category: diagnostics.ProviderIncident, IntegrationID: b.integration, Cause: "provider"}
	fail := func() {
		for n, a := range b.apps {
			if n < 3 {
				b.see(down, a, 5)
			}
			if n == 3 {
				b.see(slow, a, 5)
			}
		}
		b.take()
	}
	for _, a := range b.apps[:8] {
		b.succeed(a, 1)
	}
	fail()
	require.Equal(t, issues.Open, b.status(down))
	require.Nil(t, b.issue(incident))
	b.settle()
	i := b.issue(incident)
	require.NotNil(t, i)
	require.Equal(t, issues.Critical, i.Severity)
	require.Equal(t, 4, i.CustomerCount)
	require.EqualValues(t, 20, i.Occurrences)
	require.Equal(t, i.ID, b.issue(down).ParentID)
	require.Equal(t, "Advice on provider_incident of crm", i.Diagnosis.Title)
	children, err := b.store.Children(b.ctx, i.ID)
	require.NoError(t, err)
	require.ElementsMatch(t, []uuid.UUID{b.id(down), b.id(slow)}, children)

	list, err := b.store.List(b.ctx, issues.Filter{}, page.Request{Size: 10})
	require.NoError(t, err)
	require.Equal(t, 1, list.Total, "children are not listed")
	list, err = b.store.List(b.ctx, issues.Filter{Categories: []diagnostics.Category{diagnostics.NetworkTimeout}}, page.Request{Size: 10})
	require.NoError(t, err)
	require.Equal(t, 1, list.Total, "unless their category is asked for")
	n, err := b.store.OpenCounts(b.ctx, []uuid.UUID{uuid.Nil, b.integration})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]int{uuid.Nil: 1, b.integration: 1}, n)
	evidence, err := b.store.Evidence(b.ctx, i.ID, page.Request{Size: 5})
	require.NoError(t, err)
	require.Equal(t, 20, evidence.Total)
	customers, err := b.store.Customers(b.ctx, i.ID, page.Request{Size: 5})
	require.NoError(t, err)
	require.Equal(t, 4, customers.Total)

	// What opens while it lasts is a part of it from the start, and it is seen when its parts are.
	b.pass(time.Minute)
	refused := b.key(diagnostics.NetworkUnreachable)
	b.see(refused, b.apps[4], 5)
	b.take()
	require.Equal(t, i.ID, b.issue(refused).ParentID)
	require.Equal(t, 5, b.issue(incident).CustomerCount)
	require.Equal(t, b.now, b.issue(incident).LastSeenAt)

	b.pass(15 * time.Minute)
	for _, a := range b.apps {
		b.succeed(a, 1)
	}
	b.settle()
	require.Equal(t, issues.Resolved, b.status(refused))
	require.Equal(t, issues.Resolved, b.status(incident))

	// A part that comes back alone stands for itself; what it showed stays with the incident.
	b.pass(time.Hour)
	b.see(slow, b.apps[3], 8)
	b.take()
	require.Equal(t, issues.Open, b.status(slow))
	require.Equal(t, uuid.Nil, b.issue(slow).ParentID)
	evidence, err = b.store.Evidence(b.ctx, i.ID, page.Request{Size: 5})
	require.NoError(t, err)
	require.Equal(t, 25, evidence.Total)
	require.Equal(t, []string{"opened", "resolved"}, b.actions(incident))
}

// Some of many is no incident.
func TestAFewFailingCustomersAreNoIncident(t *testing.T) {
	t.Parallel()
	b := setup(t, 20)
	k := b.key(diagnostics.ProviderInternalError)
	for _, a := range b.apps {
		b.succeed(a, 1)
	}
	for _, a := range b.apps[:5] {
		b.see(k, a, 5)
	}
	b.take()
	b.settle()
	require.Equal(t, issues.Open, b.status(k))
	require.Equal(t, uuid.Nil, b.issue(k).ParentID, "5 of 20 active customers")
}
