package issues_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

// Others see a little of it too: that alone does not make them hit. Who sees much of it is.
func TestAFrequentIssueHitsThoseOfWhoseCallsItTakesMuch(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	k := b.key(diagnostics.RateLimited)
	storm, noise, late, quiet := b.apps[0], b.apps[1], b.apps[2], b.apps[3]
	minute := func(of ...func()) {
		b.see(k, storm, 1)
		for _, do := range of {
			do()
		}
		b.succeed(noise, 2)
		b.take()
		b.pass(time.Minute)
	}
	one := func() { b.see(k, noise, 1) }
	minute(one)
	for range 6 {
		minute()
	}
	require.NotNil(t, b.issue(k))
	require.Equal(t, 1, b.issue(k).CustomerCount, "one of many when it opened")
	minute(one, func() { b.succeed(late, 1) })
	minute(func() { b.see(k, late, 1); b.succeed(late, 2) })
	require.Equal(t, 1, b.issue(k).CustomerCount, "one of many while it is open")
	minute(func() { b.see(k, late, 1) })
	require.Equal(t, 2, b.issue(k).CustomerCount, "two of five calls")
	minute(func() { b.see(k, quiet, 1) })
	require.Equal(t, 3, b.issue(k).CustomerCount, "its only call")
}

// What hits several at once opens before ten minutes' calls are a fifth failures; what one sees may be one job.
func TestABurstOfSeveralOpensSooner(t *testing.T) {
	t.Parallel()
	for apps, opens := range map[int]bool{1: false, 2: true} {
		b := setup(t, 3)
		k := b.key(diagnostics.ProviderUnavailable)
		for range 9 {
			for _, a := range b.apps {
				b.succeed(a, 4)
			}
			b.take()
			b.pass(time.Minute)
		}
		for i := range 6 {
			b.see(k, b.apps[i%apps], 1)
		}
		b.take()
		require.Equal(t, opens, b.issue(k) != nil, "%d apps", apps)
	}
}

// A webhook that fails its check happens to every app now and then: three of them, each with one, are no issue.
func TestOneRejectedWebhookOfEachIsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	k := b.key(diagnostics.WebhookRejecting)
	reject := func(i int) {
		g := b.sighting(k, b.apps[i])
		g.Evidence.Kind = entry.KindExternalWebhook
		b.enqueue(g)
		b.callAs(entry.KindExternalWebhook, b.apps[i], entry.StatusFailure, 1, "")
		b.take()
		b.pass(time.Minute)
	}
	for i := range b.apps {
		reject(i)
	}
	require.Nil(t, b.issue(k))
	reject(0)
	reject(0)
	require.NotNil(t, b.issue(k))
	require.Equal(t, 1, b.issue(k).ConnectedAppCount)
}

// One sighting of the day before does not make those of an hour seldom.
func TestHowLongItMustStayQuietIsOfTheEpisode(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	k := b.key(diagnostics.ProviderUnavailable)
	b.see(k, b.apps[0], 1)
	b.take()
	b.pass(20 * time.Hour)
	for range 60 {
		b.see(k, b.apps[0], 1)
		b.take()
		b.pass(time.Minute)
	}
	require.Equal(t, issues.Open, b.status(k))
	b.pass(5 * time.Minute)
	b.succeed(b.apps[0], 1)
	b.pass(10 * time.Minute)
	b.settle()
	require.Equal(t, issues.Resolved, b.status(k))
}
