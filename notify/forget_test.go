package notify_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// A failure that was told is kept for as long as it lasts: else nobody would hear that it is over.
func TestAFailureThatLastsIsKeptUntilItIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.IssueResolved, notify.FlowRunFailed)
	b.tell(t, issue(notify.IssueOpened, 1, 0), notify.OfFlowRun(&notify.FlowRun{ID: uuid.New(), FailedAt: noon}))
	b.deliver(t)
	b.took(t)
	expire := func() int {
		n, err := notify.Expire(b.ctx, b.door, b.clock().AddDate(0, 0, -30), false)
		require.NoError(t, err)
		return n
	}
	b.pass(40 * 24 * time.Hour)
	require.Equal(t, 1, expire(), "the run is over as it is told")
	b.tell(t, issue(notify.IssueResolved, 1, 0))
	b.deliver(t)
	require.Equal(t, []string{"issue.resolved Issue 1"}, titles(b.took(t)))
	require.Equal(t, 1, expire(), "now it is over")
	b.pass(31 * 24 * time.Hour)
	require.Equal(t, 1, expire())
	require.Empty(t, b.deliveries(t, e))

	b.tell(t, issue(notify.IssueOpened, 2, 0))
	b.deliver(t)
	b.pass(500 * 24 * time.Hour)
	require.Equal(t, 1, expire(), "but not for ever")
}

// A delivery that was written while its endpoint was being disabled does not stay for ever.
func TestWhatWaitsAtADisabledEndpointGoesToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET enabled = false WHERE id = $1", e.ID)
		return err
	}))
	n, err := notify.Expire(b.ctx, b.door, noon.Add(time.Hour), false)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// several is an issue that hits the customers of these numbers.
func several(number byte, hits ...byte) notify.Event {
	var list []notify.Thing
	for _, n := range hits {
		list = append(list, notify.Thing{ID: customerOf(n), ExternalID: fmt.Sprintf("customer-%d", n), Name: fmt.Sprintf("Customer %d", n)})
	}
	return notify.OfIssue(notify.IssueOpened, &notify.Issue{
		ID: uuid.UUID{0: number, 6: 0x70, 8: 0x80}, Title: fmt.Sprintf("Issue %d", number), Customers: list, CustomerCount: len(list), OpenedAt: noon,
		Evidence: []notify.Evidence{{ID: "req_1", At: noon, Excerpt: "of one of them"}},
	})
}

// That one customer is deleted takes nothing from what others are told, and leaves nothing of that one.
func TestAnErasedCustomerTakesNothingFromOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	b.tell(t, several(1, 1, 2), several(2, 1), several(3, 2))
	require.NoError(t, b.store.EraseCustomer(b.ctx, customerOf(1)))
	b.deliver(t)
	sent := b.took(t)
	require.Equal(t, []string{"issue.opened Issue 1", "issue.opened Issue 3"}, titles(sent))
	require.Len(t, sent[0].Data.Customers, 1)
	require.Equal(t, "customer-2", sent[0].Data.Customers[0].ExternalID)
	require.Equal(t, 1, sent[0].Data.CustomerCount)
	require.Empty(t, sent[0].Data.Evidence)
	require.Len(t, b.deliveries(t, e), 2)
	require.NoError(t, b.store.EraseCustomer(b.ctx, customerOf(2)))
	require.Empty(t, b.deliveries(t, e))
}

// A digest names customers as well: it goes, and what waited in it is told all the same.
func TestADigestForgetsAnErasedCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	for n := range byte(25) {
		b.tell(t, several(n, n))
	}
	b.answer = func(m *notify.Message) notify.Result {
		if len(b.sent) > 20 {
			return fails(503)(m)
		}
		return notify.Result{StatusCode: 200}
	}
	b.deliver(t)
	require.Equal(t, "digest", b.took(t)[20].Type)
	require.NoError(t, b.store.EraseCustomer(b.ctx, customerOf(22)))
	for _, d := range b.deliveries(t, e) {
		require.NotContains(t, string(d.Payload), "Issue 22")
	}
	b.answer = nil
	b.pass(2 * time.Minute)
	b.deliver(t)
	require.ElementsMatch(t, []string{"issue.opened Issue 20", "issue.opened Issue 21", "issue.opened Issue 23", "issue.opened Issue 24"}, titles(b.took(t)))
}
