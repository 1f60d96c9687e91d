package issues_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

func TestWhatIsSureOpensAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		category   diagnostics.Category
		confidence float64
		needs      int
	}{
		"a refused refresh":          {diagnostics.OAuthRefreshFailed, 0.9, 1},
		"a refused refresh, perhaps": {diagnostics.OAuthRefreshFailed, 0.5, 3},
		"a missing scope":            {diagnostics.PermissionMissingScope, 0.9, 2},
		"a scope that is named":      {diagnostics.PermissionMissingScope, 0.98, 1},
		"a frozen account":           {diagnostics.AccountSuspendedOrBilling, 0.96, 1},
		"a missing scope, perhaps":   {diagnostics.PermissionMissingScope, 0.5, 3},
		"a deprecation":              {diagnostics.DeprecationWarning, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1)
			k := b.key(c.category)
			for n := 1; n <= c.needs; n++ {
				require.Nil(t, b.issue(k), "after %d sightings", n-1)
				g := b.sighting(k, b.apps[0])
				g.Confidence = c.confidence
				b.enqueue(g)
				b.take()
				b.pass(time.Hour)
			}
			i := b.issue(k)
			require.NotNil(t, i)
			require.Equal(t, issues.Open, i.Status)
			require.EqualValues(t, c.needs, i.Occurrences)
			require.Equal(t, 1, i.CustomerCount)
			require.Equal(t, "Of an entry", i.Diagnosis.Title)
			require.Equal(t, c.category, i.Diagnosis.Category)
			require.Equal(t, []string{"opened"}, b.actions(k))
		})
	}
}

func TestSureSightingsOfAnotherDayDoNotAddUp(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.PermissionMissingScope)
	for range 4 {
		b.see(k, b.apps[0], 1)
		b.take()
		b.pass(25 * time.Hour)
	}
	require.Nil(t, b.issue(k))
}

// A token that expires each hour and is renewed at once is everyday life, however many sightings there are.
func TestATokenThatIsRenewedOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	k := b.key(diagnostics.AuthTokenExpired)
	for range 30 {
		b.see(k, b.apps[0], 2)
		b.succeed(b.apps[0], 20)
		b.take()
		b.settle()
		b.pass(time.Hour)
	}
	require.Nil(t, b.issue(k))
	require.Equal(t, "CONNECTED", string(b.appStatus(b.apps[0])))

	for range 3 {
		b.see(k, b.apps[0], 1)
		b.succeed(b.apps[1], 20)
		b.take()
		b.pass(time.Minute)
	}
	i := b.issue(k)
	require.NotNil(t, i, "three in a row without a success of this app")
	require.Equal(t, 1, i.ConnectedAppCount)

	// Another app whose token is renewed is not hit while the issue is open.
	b.see(k, b.apps[1], 5)
	b.succeed(b.apps[1], 5)
	b.take()
	require.Equal(t, 1, b.issue(k).ConnectedAppCount)
	require.Equal(t, "CONNECTED", string(b.appStatus(b.apps[1])))
	// One that is not renewed is.
	b.pass(time.Minute)
	b.see(k, b.apps[1], 5)
	b.take()
	require.Equal(t, 2, b.issue(k).ConnectedAppCount)
}

func TestWhatIsFrequentOpensByItsShare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failures int
		// own and others are successes for each failure.
		own, others int
		every       time.Duration
		opens       bool
	}{
		"a burst":                     {5, 2, 1, time.Minute, true},
		"too few":                     {4, 0, 0, time.Minute, false},
		"a small part of all":         {8, 2, 8, time.Minute, false},
		"half of the app's own calls": {8, 1, 8, time.Minute, true},
		"over an hour":                {6, 2, 1, 9 * time.Minute, true},
		"too few over an hour":        {4, 2, 1, 12 * time.Minute, false},
		"over a day":                  {9, 2, 1, 2 * time.Hour, true},
		"too few over a day":          {7, 2, 1, 3 * time.Hour, false},
		"over more than a day":        {12, 2, 1, 4 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 2)
			k := b.key(diagnostics.RateLimited)
			for range c.failures {
				b.see(k, b.apps[0], 1)
				b.succeed(b.apps[0], c.own)
				b.succeed(b.apps[1], c.others)
				b.take()
				b.pass(c.every)
			}
			require.Equal(t, c.opens, b.issue(k) != nil)
			if c.opens {
				require.Equal(t, 1, b.issue(k).ConnectedAppCount)
			}
		})
	}
}

// Of an endpoint's problem only calls of the endpoint count.
func TestAShareIsOfTheEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k, other := b.key(diagnostics.ResourceNotFound, "GET /a"), b.key(diagnostics.ResourceNotFound, "GET /b")
	for range 6 {
		b.see(k, b.apps[0], 1)
		b.see(other, b.apps[0], 1)
		b.call(b.apps[0], entry.StatusSuccess, 20, "GET /b")
		b.take()
		b.pass(time.Minute)
	}
	require.Equal(t, issues.Open, b.status(k))
	require.Nil(t, b.issue(other), "one of 21 calls")
}

// The quiet twin: the same noise as ever opens nothing, though it takes a large share of the calls.
func TestWhatAlwaysHappensOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.ResourceNotFound, "GET /a")
	var past []issues.Sighting
	for ago := 9 * 24 * time.Hour; ago >= time.Hour; ago -= time.Hour {
		for range 6 {
			g := b.sighting(k, b.apps[0])
			g.At = b.now.Add(-ago)
			past = append(past, g)
		}
	}
	b.enqueue(past...)
	b.see(k, b.apps[0], 1)
	b.take()
	noise := func(n int) {
		for range 5 {
			b.see(k, b.apps[0], n)
			b.succeed(b.apps[0], n)
			b.take()
			b.pass(2 * time.Minute)
		}
	}
	b.pass(10 * time.Minute)
	reads := b.traffic.reads
	noise(1)
	require.Nil(t, b.issue(k), "6 an hour are as ever")
	require.Equal(t, reads, b.traffic.reads, "the traffic is not read for what the past explains")
	noise(4)
	require.Equal(t, issues.Open, b.status(k), "20 in 10 minutes are not")
}

func TestAFewRejectedWebhooksAreEnough(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	k := issues.Key{Category: diagnostics.WebhookRejecting, IntegrationID: b.integration, Cause: "webhook_signature_invalid"}
	see := func(a app) {
		g := b.sighting(k, a)
		g.Evidence.Kind = entry.KindExternalWebhook
		b.enqueue(g)
		b.callAs(entry.KindExternalWebhook, a, entry.StatusFailure, 1, "")
		b.take()
		b.pass(time.Minute)
	}
	b.callAs(entry.KindExternalWebhook, b.apps[0], entry.StatusSuccess, 20, "")
	b.callAs(entry.KindExternalWebhook, b.apps[1], entry.StatusSuccess, 2, "")
	for range 3 {
		see(b.apps[0])
	}
	require.Nil(t, b.issue(k), "3 of 23")
	b.pass(2 * time.Hour)
	for range 3 {
		see(b.apps[0])
	}
	require.Equal(t, issues.Open, b.status(k), "3 of 3 in the hour")
}

func TestManyCustomersAreOneIssue(t *testing.T) {
	t.Parallel()
	const customers = 1000
	b := setup(t, customers)
	k := b.key(diagnostics.ProviderUnavailable)
	var list []issues.Sighting
	for _, a := range b.apps {
		list = append(list, b.sighting(k, a), b.sighting(k, a))
		b.call(a, entry.StatusFailure, 2, "")
	}
	b.enqueue(list...)
	n, err := b.store.Take(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 2*customers, n)
	i := b.issue(k)
	require.NotNil(t, i)
	require.EqualValues(t, 2*customers, i.Occurrences)
	require.Equal(t, customers, i.CustomerCount)
	require.Equal(t, customers, i.ConnectedAppCount)
	require.Equal(t, issues.Critical, i.Severity, "an ERROR that hits all")
	require.Equal(t, []string{"opened"}, b.actions(k), "it did not escalate, it was so from the start")

	all, err := b.store.List(b.ctx, issues.Filter{}, page.Request{Size: 10})
	require.NoError(t, err)
	require.Equal(t, 1, all.Total)
	evidence, err := b.store.Evidence(b.ctx, i.ID, page.Request{Size: 1})
	require.NoError(t, err)
	require.Less(t, evidence.Total, customers+60, "the first, the latest, a sample, and each customer's latest")
	require.GreaterOrEqual(t, evidence.Total, customers)
}

func TestTwoTakesAtOnceCountOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	k := b.key(diagnostics.QuotaExhausted)
	for n := range 40 {
		b.see(k, b.apps[n%4], 3)
	}
	var all sync.WaitGroup
	taken := make([]int, 3)
	failed := make([]error, 3)
	for at := range taken {
		all.Go(func() { taken[at], failed[at] = b.process().Take(b.ctx) })
	}
	all.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	require.Equal(t, 120, taken[0]+taken[1]+taken[2])
	require.EqualValues(t, 120, b.issue(k).Occurrences)
	require.Equal(t, []string{"opened"}, b.actions(k))
}

func TestWhatHasNoPlaceAnyMoreIsLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	gone := issues.Key{Category: diagnostics.OAuthRefreshFailed, IntegrationID: uuid.New(), Cause: "x"}
	none := issues.Key{Category: diagnostics.OAuthRefreshFailed, Cause: "x\x00y"}
	b.enqueue(b.sighting(gone, b.apps[0]), b.sighting(none, app{}))
	n, err := b.store.Take(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Nil(t, b.issue(gone))
	list, err := b.store.List(b.ctx, issues.Filter{}, page.Request{Size: 10})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "what is of no integration has its place")
	require.Zero(t, list.Items[0].CustomerCount)
}

// A diagnosis whose entry is not there any more is the advice on the category.
func TestWithoutAnEntryThereIsAdvice(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.undiagnosed = true
	k := b.key(diagnostics.AuthTokenRevoked)
	b.see(k, b.apps[0], 1)
	b.take()
	require.Equal(t, "Advice on auth_token_revoked of crm", b.issue(k).Diagnosis.Title)
}

// A history that is sent in later: what is too old to open anything leaves nothing behind, what is younger only counts.
func TestOldSightingsAreNoProblem(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	rows := func(table string, k issues.Key) (n int) {
		b.write(func(ctx context.Context, tx *tenant.Tx) {
			require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE tenant_id = $1 AND "+
				map[bool]string{true: "id", false: "issue_id"}[table == "issue"]+" = $2", tx.TenantID(), b.id(k)).Scan(&n))
		})
		return n
	}
	at := func(k issues.Key, ago time.Duration) issues.Sighting {
		g := b.sighting(k, b.apps[0])
		g.At = b.now.Add(-ago)
		return g
	}
	ancient, old, fresh := b.key(diagnostics.RateLimited, "GET /a"), b.key(diagnostics.RateLimited, "GET /b"), b.key(diagnostics.RateLimited, "GET /c")
	b.enqueue(at(ancient, 20*24*time.Hour), at(old, 5*24*time.Hour), at(fresh, time.Hour))
	b.take()
	counted := func() (text string) {
		b.write(func(ctx context.Context, tx *tenant.Tx) { text = b.watched(ctx, tx) })
		return text
	}
	text := counted()
	require.NotContains(t, text, ancient.Scope)
	require.Contains(t, text, "hour "+old.Scope)
	require.NotContains(t, text, "cell "+old.Scope)
	require.NotContains(t, text, "shown "+old.Scope)
	require.Contains(t, text, "cell "+fresh.Scope)
	require.Contains(t, text, "shown "+fresh.Scope)
	require.NotContains(t, text, "hour "+fresh.Scope, "its minutes say so")
	for _, k := range []issues.Key{ancient, old, fresh} {
		require.Zero(t, rows("issue", k), "nor is it an issue")
	}

	opened := b.open(b.apps...)
	before := rows("issue_minute", opened)
	b.enqueue(at(opened, 20*24*time.Hour))
	b.take()
	require.Equal(t, before+1, rows("issue_minute", opened), "what was opened keeps all of its history")

	require.NoError(t, b.store.EraseCustomer(b.ctx, b.apps[0].customer))
	require.NotContains(t, counted(), old.Scope, "nobody knows any more whose it was")
}
