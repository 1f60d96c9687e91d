package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

func TestWhatIsToldIsWhatAPersonNeeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.IssueResolved)
	b.endpoint(t, notify.FlowRunFailed)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	require.Equal(t, 1, b.woken)
	require.Zero(t, b.deliver(t).Unix()+62135596800, "nothing is due any more")

	sent := b.took(t)
	require.Len(t, sent, 1, "who did not ask is not told")
	got, err := json.Marshal(sent[0])
	require.NoError(t, err)
	var want map[string]any
	require.NoError(t, json.Unmarshal(got, &want))
	data := want["data"].(map[string]any)
	require.Equal(t, "issue.opened", want["type"])
	require.Equal(t, "2026-03-02T12:00:00Z", want["timestamp"])
	for _, key := range []string{"id", "title", "summary", "severity", "status", "category", "integration", "customers", "customer_count", "since", "steps", "evidence", "url", "resolved_by"} {
		require.Contains(t, data, key)
	}
	require.Equal(t, "https://weir.example/issues/"+data["id"].(string), data["url"])
	list := b.deliveries(t, e)
	require.Len(t, list, 1)
	require.Equal(t, notify.Delivered, list[0].Status)
	require.Nil(t, list[0].NextAttemptAt)
	require.Equal(t, notify.IssueOpened, list[0].Kind)
	attempts := b.attempts(t, list[0])
	require.Len(t, attempts, 1)
	require.Equal(t, 200, *attempts[0].StatusCode)
	require.Equal(t, "ok", *attempts[0].ResponseBody)
	require.Nil(t, attempts[0].Error)
	require.Equal(t, 5.0, attempts[0].DurationMS)
}

func TestWhatDoesNotCommitIsNotTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	broken := errors.New("broken")
	require.ErrorIs(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		require.NoError(t, b.store.Tell(ctx, tx, issue(notify.IssueOpened, 1, 0)))
		return broken
	}), broken)
	b.deliver(t)
	require.Empty(t, b.took(t))
}

func TestAnEpisodeIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened, notify.IssueReopened, notify.IssueResolved)
	for range 3 {
		b.tell(t, issue(notify.IssueOpened, 1, 0), issue(notify.IssueOpened, 1, 0))
	}
	b.tell(t, issue(notify.IssueResolved, 1, 0), issue(notify.IssueReopened, 1, time.Hour), issue(notify.IssueResolved, 1, time.Hour))
	b.tell(t, issue(notify.IssueResolved, 1, time.Hour))
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 1", "issue.resolved Issue 1", "issue.reopened Issue 1", "issue.resolved Issue 1"}, titles(b.took(t)))
}

func TestARecoveryIsToldOnlyToWhomTheFailureWas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	late := b.endpoint(t, notify.IssueOpened, notify.IssueResolved)
	onlyRecoveries := b.endpoint(t, notify.IssueResolved)
	b.tell(t, issue(notify.IssueResolved, 1, 0))
	b.deliver(t)
	require.Empty(t, b.deliveries(t, late), "it came after the failure")
	require.Len(t, b.deliveries(t, onlyRecoveries), 1, "it asked for nothing else")

	// The failure is still on its way when the recovery comes; it is given up, and so the recovery says nothing.
	b.answer = fails(500)
	b.tell(t, issue(notify.IssueOpened, 2, 0), issue(notify.IssueResolved, 2, 0))
	b.took(t)
	for next := b.deliver(t); len(b.deliveries(t, late)) > 0 && !next.IsZero(); next = b.deliver(t) {
		b.pass(next.Sub(b.clock()))
	}
	list := b.deliveries(t, late)
	require.Equal(t, []notify.DeliveryStatus{notify.Skipped, notify.Failed}, []notify.DeliveryStatus{list[0].Status, list[1].Status})
	require.Empty(t, b.attempts(t, list[0]))
}

func TestOneSubjectsDeliveriesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened, notify.IssueReopened, notify.IssueResolved)
	refused := true
	b.answer = func(m *notify.Message) notify.Result {
		if refused && strings.Contains(string(m.Payload), "Issue 1") {
			return fails(422)(m) // Of this one only: others go on.
		}
		return notify.Result{StatusCode: 204}
	}
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	b.deliver(t)
	b.tell(t, issue(notify.IssueResolved, 1, 0), issue(notify.IssueOpened, 2, 0))
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 1", "issue.opened Issue 2"}, titles(b.took(t)), "the recovery waits for the failure, another issue does not")
	refused = false
	next := b.deliver(t)
	require.Equal(t, noon.Add(5*time.Second), next)
	b.pass(5 * time.Second)
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 1", "issue.resolved Issue 1"}, titles(b.took(t)))
}

// For a day, ever later, and then it is over.
func TestAFailureIsTriedAgainForADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.answer = fails(500)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	var steps []time.Duration
	for next := b.deliver(t); !next.IsZero(); next = b.deliver(t) {
		require.Equal(t, notify.Retrying, b.deliveries(t, e)[0].Status)
		steps = append(steps, next.Sub(b.clock()))
		b.pass(next.Sub(b.clock()) - time.Millisecond)
		b.deliver(t)
		b.pass(time.Millisecond)
	}
	require.Equal(t, []time.Duration{5 * time.Second, 15 * time.Second, 45 * time.Second, 135 * time.Second, 405 * time.Second}, steps[:5])
	require.Equal(t, 24*time.Hour, b.clock().Sub(noon), "the last attempt is a day after the first")
	d := b.deliveries(t, e)[0]
	require.Equal(t, notify.Failed, d.Status)
	attempts := b.attempts(t, d)
	require.Len(t, attempts, len(steps)+1)
	require.Equal(t, "the receiver answered 500", *attempts[0].Error)
	ids := map[string]bool{}
	for _, m := range b.sent {
		ids[m.ID] = true
	}
	require.Len(t, ids, 1, "the id stays the same")
	require.True(t, b.reload(t, e).Enabled)
}

func TestAReceiverThatFailsIsNotAskedByAllAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	b.answer = fails(503)
	b.tell(t, issue(notify.IssueOpened, 1, 0), issue(notify.IssueOpened, 2, 0), issue(notify.IssueOpened, 3, 0))
	require.Equal(t, noon.Add(5*time.Second), b.deliver(t))
	require.Len(t, b.took(t), 1)
	b.answer = nil
	b.pass(5 * time.Second)
	b.deliver(t)
	require.Len(t, b.took(t), 3)
}

func TestAReceiverThatAsksForTimeGetsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	b.answer = func(*notify.Message) notify.Result {
		return notify.Result{StatusCode: 429, Error: "too many", RetryAfter: 7 * time.Minute}
	}
	b.tell(t, issue(notify.IssueOpened, 1, 0), issue(notify.IssueOpened, 2, 0))
	require.Equal(t, noon.Add(7*time.Minute), b.deliver(t))
	b.pass(6 * time.Minute)
	b.deliver(t)
	require.Len(t, b.took(t), 1, "nothing else goes there meanwhile")
}

func TestAReceiverThatIsGoneIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, other := b.endpoint(t, notify.IssueOpened), b.endpoint(t, notify.EndpointDisabled)
	b.answer = func(m *notify.Message) notify.Result {
		if strings.Contains(string(m.Payload), "issue.opened") {
			return notify.Result{StatusCode: 410, Error: "gone", Gone: true}
		}
		return notify.Result{StatusCode: 200}
	}
	b.tell(t, issue(notify.IssueOpened, 1, 0), issue(notify.IssueOpened, 2, 0))
	b.deliver(t)
	got := b.reload(t, e)
	require.False(t, got.Enabled)
	require.Contains(t, *got.DisabledReason, "410")
	for _, d := range b.deliveries(t, e) {
		require.Equal(t, notify.Failed, d.Status)
	}
	b.deliver(t)
	require.Len(t, b.deliveries(t, other), 1, "others hear of it")
	b.tell(t, issue(notify.IssueOpened, 3, 0))
	require.Len(t, b.deliveries(t, e), 2)

	on := true
	got, err := b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &on})
	require.NoError(t, err)
	require.True(t, got.Enabled)
	require.Nil(t, got.DisabledReason)
}

func TestFiveDaysOfNothingButFailuresDisable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.answer = fails(500)
	for day := range 5 {
		b.tell(t, issue(notify.IssueOpened, byte(day), 0))
		b.deliver(t)
		require.True(t, b.reload(t, e).Enabled, "day %d", day)
		b.pass(24 * time.Hour)
	}
	require.Equal(t, noon, b.reload(t, e).FailingSince.UTC())
	b.deliver(t)
	got := b.reload(t, e)
	require.False(t, got.Enabled)
	require.Contains(t, *got.DisabledReason, "five days")
	for _, d := range b.deliveries(t, e) {
		require.Equal(t, notify.Failed, d.Status)
	}
}

func TestOneSuccessEndsTheDaysOfFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.answer = fails(500)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	b.deliver(t)
	b.answer = nil
	b.pass(time.Hour)
	b.deliver(t)
	require.Nil(t, b.reload(t, e).FailingSince)
}

func TestRedeliverAndReplay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.IssueResolved)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	b.deliver(t)
	first := b.sent[0].ID
	b.took(t)
	d, err := b.store.Redeliver(b.ctx, b.deliveries(t, e)[0].ID)
	require.NoError(t, err)
	require.Equal(t, notify.Pending, d.Status)
	b.deliver(t)
	require.Equal(t, first, b.sent[0].ID)
	b.took(t)
	require.Len(t, b.attempts(t, d), 2)
	_, err = b.store.Redeliver(b.ctx, uuid.New())
	require.True(t, errs.Is(err, errs.NotFound))

	off, on := false, true
	_, err = b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &off})
	require.NoError(t, err)
	_, err = b.store.Redeliver(b.ctx, d.ID)
	require.True(t, errs.Is(err, errs.BadInput))
	_, err = b.store.Replay(b.ctx, e.ID, noon)
	require.True(t, errs.Is(err, errs.BadInput))
	b.pass(time.Minute)
	b.tell(t, issue(notify.IssueOpened, 2, 0))
	b.pass(time.Minute)
	b.tell(t, issue(notify.IssueOpened, 3, 0))
	_, err = b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &on})
	require.NoError(t, err)
	b.deliver(t)
	require.Empty(t, b.took(t))
	n, err := b.store.Replay(b.ctx, e.ID, noon)
	require.NoError(t, err)
	require.Equal(t, 2, n, "what arrived is not repeated")
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 2", "issue.opened Issue 3"}, titles(b.took(t)))

	b.answer = fails(400)
	b.tell(t, issue(notify.IssueOpened, 4, 0))
	for next := b.deliver(t); !next.IsZero(); next = b.deliver(t) {
		b.pass(next.Sub(b.clock()))
	}
	b.answer = nil
	n, err = b.store.Replay(b.ctx, e.ID, noon.Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = b.store.Replay(b.ctx, e.ID, noon)
	require.NoError(t, err)
	require.Equal(t, 1, n, "what was given up is")
}

func TestATestSaysHowItIsNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	off := false
	_, err := b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &off})
	require.NoError(t, err)
	b.answer = fails(500)
	d, err := b.store.TestEndpoint(b.ctx, e.ID)
	require.NoError(t, err)
	require.Equal(t, notify.Test, d.Kind)
	require.True(t, b.deliver(t).IsZero())
	require.Equal(t, notify.Failed, b.deliveries(t, e)[0].Status, "it is tried once")
	b.answer = nil
	_, err = b.store.TestEndpoint(b.ctx, e.ID)
	require.NoError(t, err)
	b.deliver(t)
	require.Equal(t, notify.Delivered, b.deliveries(t, e)[0].Status)
	_, err = b.store.TestEndpoint(b.ctx, uuid.New())
	require.True(t, errs.Is(err, errs.NotFound))
}

// A worker that dies in the middle of an attempt gives the endpoint back when its lease ends, and what it had is sent again.
func TestAWorkerThatDiesLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	dying, die := context.WithCancel(b.ctx)
	entered := make(chan struct{})
	b.answer = func(*notify.Message) notify.Result {
		close(entered)
		die()
		return notify.Result{Error: "cut off"}
	}
	_, err := b.store.Deliver(dying)
	require.Error(t, err)
	<-entered
	require.Equal(t, notify.Pending, b.deliveries(t, e)[0].Status)
	require.Empty(t, b.attempts(t, b.deliveries(t, e)[0]))
	b.answer = nil
	b.deliver(t)
	require.Equal(t, notify.Delivered, b.deliveries(t, e)[0].Status)
}

func TestTwoWorkersDoNotSendTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	for n := range byte(10) {
		b.tell(t, issue(notify.IssueOpened, n, 0))
	}
	done := make(chan error, 4)
	for range cap(done) {
		go func() {
			_, err := b.store.Deliver(b.ctx)
			done <- err
		}()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
	require.Len(t, b.took(t), 10)
}
