package notify_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
)

// A failure that is replayed brings its recovery, which had been left out because the failure was never told; a recovery
// whose failure is not replayed stays out.
func TestAReplayedFailureBringsItsRecovery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.IssueResolved)
	b.answer = fails(500)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	b.deliver(t)
	b.pass(time.Minute)
	b.tell(t, issue(notify.IssueResolved, 1, 0), issue(notify.IssueOpened, 2, 0))
	for next := b.deliver(t); !next.IsZero(); next = b.deliver(t) {
		b.pass(next.Sub(b.clock()))
	}
	b.answer = nil
	b.tell(t, issue(notify.IssueResolved, 2, 0))
	b.deliver(t)
	b.took(t)

	n, err := b.store.Replay(b.ctx, e.ID, noon.Add(30*time.Second))
	require.NoError(t, err)
	require.Equal(t, 2, n, "of the first issue nothing was told since then but that it is over")
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 2", "issue.resolved Issue 2"}, titles(b.took(t)))
	n, err = b.store.Replay(b.ctx, e.ID, noon)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 1", "issue.resolved Issue 1"}, titles(b.took(t)))
	n, err = b.store.Replay(b.ctx, e.ID, noon)
	require.NoError(t, err)
	require.Zero(t, n)
}

// What a rule tells an endpoint that asks for nothing of alarms is replayed like the rest.
func TestAlarmsOfARuleThatNamesTheEndpointAreReplayed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	off, on := false, true
	_, err := b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &off})
	require.NoError(t, err)
	fired := notify.Alarm{ID: uuid.New(), RuleID: uuid.New(), Name: "Rule", FiredAt: noon, EndpointIDs: []uuid.UUID{e.ID}}
	resolved := fired
	resolved.ResolvedAt = noon.Add(time.Minute)
	b.tell(t, notify.OfAlarm(&fired), notify.OfAlarm(&resolved))
	_, err = b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &on})
	require.NoError(t, err)
	n, err := b.store.Replay(b.ctx, e.ID, noon)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	b.deliver(t)
	require.Equal(t, []string{"alarm.firing Rule", "alarm.resolved Rule"}, titles(b.took(t)))
}

// What comes one by one is too much for a minute as well.
func TestWhatComesOneByOneComesAsADigestToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	var sent []notify.Payload
	for n := range byte(50) {
		b.tell(t, issue(notify.IssueOpened, n, 0))
		b.deliver(t)
		b.pass(time.Second)
		sent = append(sent, b.took(t)...)
	}
	require.Len(t, sent, 20)
	require.Equal(t, noon.Add(time.Minute), b.deliver(t), "when the first of them is a minute old")
	b.pass(10 * time.Second)
	b.deliver(t)
	sent = b.took(t)
	require.Equal(t, []string{"issue.opened Issue 20", "digest 29 notifications within a minute"}, titles(sent))
}

// However much there is in a minute, it is one digest.
func TestADigestHasAllOfAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.FlowRunFailed)
	var all []notify.Event
	for range 3000 {
		all = append(all, notify.OfFlowRun(&notify.FlowRun{ID: uuid.New(), FailedAt: noon}))
	}
	b.tell(t, all...)
	require.True(t, b.deliver(t).IsZero())
	sent := b.took(t)
	require.Len(t, sent, 21)
	require.Equal(t, map[string]int{"flow_run.failed": 2980}, sent[20].Data.Counts)
	require.Len(t, sent[20].Data.Items, 50)
}
