package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
)

// A receiver that is back after hours gets at once what failed meanwhile, in its order, and not when each would be tried.
func TestAReceiverThatIsBackIsToldWhatItMissed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.answer = func(m *notify.Message) notify.Result {
		if strings.Contains(string(m.Payload), "Issue 1") {
			return fails(422)(m)
		}
		return notify.Result{Error: "connection refused"}
	}
	for n := range byte(5) {
		b.tell(t, issue(notify.IssueOpened, n, 0))
	}
	for b.clock().Before(noon.Add(3 * time.Hour)) {
		b.pass(b.deliver(t).Sub(b.clock()))
	}
	b.took(t)
	reachable := fails(422)
	b.answer = func(m *notify.Message) notify.Result {
		if strings.Contains(string(m.Payload), "Issue 1") {
			return reachable(m)
		}
		return notify.Result{StatusCode: 200}
	}
	b.pass(5 * time.Minute)
	next := b.deliver(t)
	var got []string
	for _, title := range titles(b.took(t)) {
		if title != "issue.opened Issue 1" {
			got = append(got, title)
		}
	}
	require.ElementsMatch(t, []string{"issue.opened Issue 0", "issue.opened Issue 2", "issue.opened Issue 3", "issue.opened Issue 4"}, got)
	require.True(t, next.After(b.clock().Add(time.Minute)), "what it does not like waits for its own time")
	require.Nil(t, b.reload(t, e).FailingSince)
}

// During a short outage the order is kept across subjects too: what failed first goes first.
func TestWhatFailedFirstGoesFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	b.answer = fails(503)
	for n := range byte(6) {
		b.tell(t, issue(notify.IssueOpened, n, 0))
	}
	b.deliver(t)
	b.took(t)
	b.answer = nil
	b.pass(b.deliver(t).Sub(b.clock()))
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 0", "issue.opened Issue 1", "issue.opened Issue 2", "issue.opened Issue 3", "issue.opened Issue 4", "issue.opened Issue 5"}, titles(b.took(t)))
}

// Somebody disables or deletes an endpoint, or erases what is told, in the middle of an attempt that then fails.
func TestWhatChangesDuringAnAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	off, on := false, true
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	during(b, func() {
		_, err := b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &off})
		require.NoError(t, err)
	})
	require.True(t, b.deliver(t).IsZero())
	require.Equal(t, notify.Failed, b.deliveries(t, e)[0].Status, "nobody would try it again")

	_, err := b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: e.ID, Enabled: &on})
	require.NoError(t, err)
	b.tell(t, issue(notify.IssueOpened, 2, 0), issue(notify.IssueOpened, 3, 0))
	b.took(t)
	during(b, func() { require.NoError(t, b.store.EraseCustomer(b.ctx, customerOf(2))) })
	b.deliver(t)
	require.Equal(t, []string{"issue.opened Issue 2", "issue.opened Issue 3"}, titles(b.took(t)), "the rest goes on")

	b.tell(t, issue(notify.IssueOpened, 4, 0))
	during(b, func() { require.NoError(t, b.store.DeleteEndpoint(b.ctx, e.ID)) })
	require.True(t, b.deliver(t).IsZero())
}

// during has the next attempt fail, and something happen in its middle.
func during(b *bundle, do func()) {
	b.answer = func(m *notify.Message) notify.Result {
		b.answer = nil
		b.mu.Unlock()
		defer b.mu.Lock()
		do()
		return fails(500)(m)
	}
}

// A worker that stood still for longer than its lease goes on with nothing, and takes the endpoint from nobody.
func TestAWorkerThatStoodStillHasLostTheEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint(t, notify.IssueOpened)
	b.tell(t, issue(notify.IssueOpened, 1, 0), issue(notify.IssueOpened, 2, 0), issue(notify.IssueOpened, 3, 0))
	stood, resume, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	b.answer = func(*notify.Message) notify.Result {
		b.answer = nil
		b.mu.Unlock()
		defer b.mu.Lock()
		close(stood)
		<-resume
		return notify.Result{StatusCode: 200}
	}
	go func() {
		_, err := b.store.Deliver(b.ctx)
		done <- err
	}()
	<-stood
	b.pass(31 * time.Second)
	b.deliver(t)
	require.Len(t, b.took(t), 4, "the first one again: nobody knows whether it arrived")
	b.tell(t, issue(notify.IssueOpened, 4, 0))
	close(resume)
	require.NoError(t, <-done)
	require.LessOrEqual(t, len(b.took(t)), 1)
	b.deliver(t)
}
