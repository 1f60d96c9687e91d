package notify_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

func TestTargetsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for target, channel := range map[string]notify.Channel{
		"": notify.Webhook, "hooks.example.com": notify.Webhook, "ftp://example.com/": notify.Webhook, "http://example.com/": notify.Slack,
		"http://8.8.8.8/": notify.Webhook, "https://10.0.0.1/": notify.Webhook, "https://0xa.1/": notify.Webhook, "https://[::ffff:10.0.0.1]/": notify.Webhook,
		"https://167772161/": notify.Webhook, "https://169.254.169.254/latest": notify.Slack, "https://user:pw@example.com/": notify.Webhook,
		"https://example.com/#x": notify.Webhook, "https://example.com:99999/": notify.Webhook, "https://example.com:0/": notify.Slack, "https:example.com": notify.Webhook, "https://exa\x00mple.com": notify.Webhook, "nobody": notify.Email, "a@b.example, c": notify.Email,
	} {
		_, _, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: channel, Target: target, Events: []notify.Kind{notify.IssueOpened}})
		require.True(t, errs.Is(err, errs.BadInput), target)
		require.Equal(t, []string{"target"}, errs.All(err)[0].Field, target)
	}
	for _, target := range []string{"http://127.0.0.1:8080/x", "http://localhost/", "https://127.1/", "https://hooks.example.com/?a=b"} {
		_, _, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: notify.Webhook, Target: target, Events: []notify.Kind{notify.IssueOpened}})
		require.NoError(t, err, target)
	}
	for _, events := range [][]notify.Kind{nil, {notify.Test}, {"X"}, {notify.IssueOpened, notify.Digest}} {
		_, _, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: notify.Webhook, Target: "https://example.com", Events: events})
		require.Equal(t, []string{"events"}, errs.All(err)[0].Field)
	}
}

// What is stored says neither the target nor the secret, and cannot be read by another key or in another place.
func TestWhatIsStoredOfAnEndpointIsSealed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, secret, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: notify.Webhook, Target: "https://hooks.example.com/token-1234", Events: []notify.Kind{notify.IssueOpened}})
	require.NoError(t, err)
	other := b.endpoint(t, notify.IssueOpened)
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var row string
		require.NoError(t, tx.Pgx().QueryRow(ctx, "SELECT encode(target, 'escape') || encode(secret, 'escape') || e::text FROM notification_endpoint e WHERE id = $1", e.ID).Scan(&row))
		require.NotContains(t, row, "token-1234")
		require.NotContains(t, row, secret)
		_, err := tx.Pgx().Exec(ctx, "UPDATE notification_endpoint SET target = (SELECT target FROM notification_endpoint WHERE id = $1) WHERE id = $2", e.ID, other.ID)
		return err
	}))
	require.Equal(t, "https://hooks.example.com/token-1234", b.reload(t, e).Target)
	require.Empty(t, b.reload(t, other).Target, "it was another's")

	b.store = b.open(t, 'x')
	require.Empty(t, b.reload(t, e).Target)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	b.deliver(t)
	require.Empty(t, b.sent[0].Target)
	require.Empty(t, b.sent[0].Secrets)
}

func TestASecretThatRotatesIsValidBesideTheNewOneForADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e, first, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: notify.Webhook, Target: "https://example.com/", Events: []notify.Kind{notify.IssueOpened}})
	require.NoError(t, err)
	_, second, err := b.store.RotateSecret(b.ctx, e.ID)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	b.tell(t, issue(notify.IssueOpened, 1, 0))
	b.deliver(t)
	require.Equal(t, []string{second, first}, b.sent[0].Secrets)
	b.pass(24 * time.Hour)
	b.tell(t, issue(notify.IssueOpened, 2, 0))
	b.deliver(t)
	require.Equal(t, []string{second}, b.sent[1].Secrets)

	slack, none, err := b.store.CreateEndpoint(b.ctx, notify.CreateEndpointInput{Channel: notify.Slack, Target: "https://hooks.slack.com/x", Events: []notify.Kind{notify.IssueOpened}})
	require.NoError(t, err)
	require.Empty(t, none)
	_, _, err = b.store.RotateSecret(b.ctx, slack.ID)
	require.True(t, errs.Is(err, errs.BadInput))
}

func TestEndpointsAreListedChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var made []*notify.Endpoint
	for range 3 {
		made = append(made, b.endpoint(t, notify.IssueOpened))
		b.pass(time.Second)
	}
	first, err := b.store.Endpoints(b.ctx, page.Request{Size: 2})
	require.NoError(t, err)
	require.True(t, first.HasNext)
	require.Equal(t, 3, first.Total)
	rest, err := b.store.Endpoints(b.ctx, page.Request{Size: 2, After: first.Items[1].Cursor()})
	require.NoError(t, err)
	require.Equal(t, made[2].ID, rest.Items[0].ID)
	require.False(t, rest.HasNext)
	_, err = b.store.Endpoints(b.ctx, page.Request{Size: 2, After: "x"})
	require.True(t, errs.Is(err, errs.BadInput))

	target, wrong := "https://other.example.com/", "http://10.0.0.1"
	changed, err := b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: made[0].ID, Target: &target, Events: []notify.Kind{notify.FlowRunFailed, notify.AlarmFiring, notify.FlowRunFailed}})
	require.NoError(t, err)
	require.Equal(t, target, changed.Target)
	require.Equal(t, []notify.Kind{notify.AlarmFiring, notify.FlowRunFailed}, changed.Events)
	_, err = b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: made[0].ID, Target: &wrong, Events: []notify.Kind{}})
	require.Len(t, errs.All(err), 2)
	require.Equal(t, target, b.reload(t, made[0]).Target)

	require.NoError(t, b.store.DeleteEndpoint(b.ctx, made[0].ID))
	require.True(t, errs.Is(b.store.DeleteEndpoint(b.ctx, made[0].ID), errs.NotFound))
	_, err = b.store.UpdateEndpoint(b.ctx, notify.UpdateEndpointInput{ID: made[0].ID})
	require.True(t, errs.Is(err, errs.NotFound))
}

func TestOnlyDevelopersSeeEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened)
	for _, p := range []*tenant.Principal{
		{TenantID: b.tenant, Kind: tenant.KindMember, Role: tenant.RoleSupport},
		{TenantID: b.tenant, Kind: tenant.KindCustomer, Role: tenant.RoleOwner, CustomerID: uuid.New()},
	} {
		ctx := tenant.WithPrincipal(t.Context(), p)
		_, err := b.store.Endpoints(ctx, page.Request{Size: 1})
		require.True(t, errs.Is(err, errs.Forbidden))
		_, err = b.store.Deliveries(ctx, e.ID, page.Request{Size: 1})
		require.True(t, errs.Is(err, errs.Forbidden))
		_, _, err = b.store.CreateEndpoint(ctx, notify.CreateEndpointInput{})
		require.True(t, errs.Is(err, errs.Forbidden))
		_, _, err = b.store.RotateSecret(ctx, e.ID)
		require.True(t, errs.Is(err, errs.Forbidden))
		require.True(t, errs.Is(b.store.DeleteEndpoint(ctx, e.ID), errs.Forbidden))
	}
	elsewhere := tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	require.True(t, errs.Is(b.store.DeleteEndpoint(elsewhere, e.ID), errs.NotFound))
	found, err := b.store.EndpointsByIDs(elsewhere, []uuid.UUID{e.ID})
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestWhatIsOverAndWhoIsDeletedGoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.endpoint(t, notify.IssueOpened, notify.FlowRunFailed)
	b.tell(t, issue(notify.IssueOpened, 1, 0), notify.OfFlowRun(&notify.FlowRun{ID: uuid.New(), FailedAt: noon}))
	b.deliver(t)
	b.answer = fails(500)
	b.tell(t, issue(notify.IssueOpened, 3, 0))
	b.deliver(t)
	require.NoError(t, b.store.EraseCustomer(b.ctx, uuid.UUID{0: 9, 15: 1}))
	require.Len(t, b.deliveries(t, e), 2)
	n, err := notify.Expire(b.ctx, b.door, noon.Add(time.Hour), true)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = notify.Expire(b.ctx, b.door, noon.Add(time.Hour), false)
	require.NoError(t, err)
	require.Equal(t, 1, n, "what waits stays")
	require.Len(t, b.deliveries(t, e), 1)
}
