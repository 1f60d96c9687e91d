package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
)

func TestTooMuchForAMinuteComesAsADigest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.IssueResolved)
	var all []notify.Event
	for n := range byte(90) {
		all = append(all, issue(notify.IssueOpened, n, 0))
	}
	b.tell(t, all...)
	b.deliver(t)
	sent := b.took(t)
	require.Len(t, sent, 21)
	digest := sent[20]
	require.Equal(t, "digest", digest.Type)
	require.Equal(t, map[string]int{"issue.opened": 70}, digest.Data.Counts)
	require.Len(t, digest.Data.Items, 50)
	require.Equal(t, "Issue 20", digest.Data.Items[0].Title)
	for _, d := range b.deliveries(t, e) {
		require.Equal(t, notify.Delivered, d.Status, d.Kind)
	}

	// Within the same minute no other digest.
	b.pass(20 * time.Second)
	b.tell(t, issue(notify.IssueResolved, 1, 0), issue(notify.IssueResolved, 50, 0), issue(notify.IssueResolved, 51, 0))
	require.Equal(t, noon.Add(time.Minute), b.deliver(t))
	require.Empty(t, b.took(t))
	b.pass(41 * time.Second)
	b.deliver(t)
	require.Equal(t, []string{"issue.resolved Issue 1", "issue.resolved Issue 50", "issue.resolved Issue 51"}, titles(b.took(t)))
}

func TestADigestThatFailsIsTriedAgainWithAllThatIsInIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.IssueResolved)
	b.answer = func(m *notify.Message) notify.Result {
		if strings.Contains(string(m.Payload), `"digest"`) {
			return fails(500)(m)
		}
		return notify.Result{StatusCode: 200}
	}
	for n := range byte(30) {
		b.tell(t, issue(notify.IssueOpened, n, 0))
	}
	b.deliver(t)
	b.tell(t, issue(notify.IssueResolved, 29, 0))
	b.pass(time.Minute)
	b.answer = nil
	b.took(t)
	b.deliver(t)
	require.Equal(t, []string{"digest 10 notifications within a minute", "issue.resolved Issue 29"}, titles(b.took(t)), "after the digest that told the failure")
	for _, d := range b.deliveries(t, e) {
		require.Equal(t, notify.Delivered, d.Status)
	}
}
