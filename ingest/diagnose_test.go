package ingest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// withCatalogue is a service that diagnoses.
func withCatalogue(tb testing.TB) func(*ingest.Deps) {
	tb.Helper()
	c, err := diagnostics.Builtin()
	require.NoError(tb, err)
	return func(d *ingest.Deps) {
		d.Catalogues = func(context.Context, uuid.UUID) *diagnostics.Catalogue { return c }
	}
}

const (
	expired = `{"type":"api_request","id":"a1","customer":"c1","integration":"salesforce","occurred_at":"2026-03-10T11:59:00Z","data":{"method":"GET",` +
		`"url":"https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001","response":{"status":401,"headers":{"content-type":"application/json"},` +
		`"body":"[{\"message\":\"Session expired or invalid\",\"errorCode\":\"INVALID_SESSION_ID\"}]"}}}`
	sunset = `{"type":"api_request","id":"a2","customer":"c1","integration":"acme","occurred_at":"2026-03-10T11:59:01Z","data":{"method":"GET",` +
		`"url":"https://api.acme.test/v1/things","response":{"status":200,"headers":{"Deprecation":"@1688169599","Sunset":"Wed, 11 Nov 2026 23:59:59 GMT"},"body":"{}"}}}`
	fine = `{"type":"api_request","id":"a3","customer":"c1","integration":"acme","occurred_at":"2026-03-10T11:59:02Z","data":{"method":"GET",` +
		`"url":"https://api.acme.test/v1/things","response":{"status":200,"body":"{}"}}}`
	forged = `{"type":"external_webhook","id":"w1","customer":"c1","integration":"acme","occurred_at":"2026-03-10T11:59:03Z","data":{"method":"POST",` +
		`"url":"https://hooks.us.test/acme","signature_valid":false,"response_status":401,"rejection":"verification_failed"}}`
)

// enqueued are the sightings that wait for a job.
func (b *bundle) enqueued(tb testing.TB) (list []issues.Sighting) {
	tb.Helper()
	require.NoError(tb, b.door.Read(b.as(tb), func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT sightings FROM finding WHERE tenant_id = $1 ORDER BY commit_no", tx.TenantID())
		require.NoError(tb, err)
		defer rows.Close()
		for rows.Next() {
			var raw []byte
			require.NoError(tb, rows.Scan(&raw))
			some, err := issues.Unpack(raw)
			require.NoError(tb, err)
			list = append(list, some...)
		}
		return rows.Err()
	}))
	return list
}

func TestWhatFailedIsDiagnosedInItsCommit(t *testing.T) {
	t.Parallel()
	var heard []uuid.UUID
	b := setup(t, withCatalogue(t), func(d *ingest.Deps) { d.Found = func(id uuid.UUID, _ int) { heard = append(heard, id) } })
	require.Equal(t, 1, b.send(t, strings.NewReader(fine)).Accepted)
	require.Empty(t, b.enqueued(t))
	require.Empty(t, heard, "nothing was found")

	sent := b.send(t, strings.NewReader("["+expired+","+sunset+","+forged+"]"))
	require.Equal(t, 3, sent.Accepted, "%v %v %s", sent.Rejected, sent.Error, b.log)
	require.Equal(t, []uuid.UUID{b.tenantID}, heard)
	found := b.enqueued(t)
	require.Len(t, found, 3)
	for i, want := range []diagnostics.Category{diagnostics.AuthTokenExpired, diagnostics.DeprecationWarning, diagnostics.WebhookRejecting} {
		require.Equal(t, want, found[i].Key.Category)
		require.NotEmpty(t, found[i].Key.Cause)
		require.NotEqual(t, uuid.Nil, found[i].Key.IntegrationID)
		require.NotEqual(t, uuid.Nil, found[i].ConnectedAppID)
	}
	require.Empty(t, found[0].Key.Scope, "an expired token is one problem, whatever was called")
	require.Equal(t, "GET /v1/things", found[1].Key.Scope)
	require.Equal(t, "webhook_signature_invalid", found[2].Key.Cause)

	// The entries know their category and their problem, and are found by both.
	key := found[0].Key
	for name, f := range map[string]entry.Filter{
		"problem": {IssueIDs: []uuid.UUID{key.ID(b.tenantID)}}, "category": {Categories: []string{"auth_token_expired"}},
	} {
		page, err := b.journal.Entries(b.as(t), journal.Query{Filter: f, First: 10})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, name)
		require.Equal(t, found[0].Evidence.ID, page.Items[0].ID)
		require.Equal(t, key.ID(b.tenantID), page.Items[0].IssueID)
	}
}

func TestWhatIsSentAgainIsNoSighting(t *testing.T) {
	t.Parallel()
	b := setup(t, withCatalogue(t))
	b.send(t, strings.NewReader(expired))
	again := b.send(t, strings.NewReader("["+expired+","+forged+"]"))
	require.Equal(t, 1, again.Duplicates)
	require.Len(t, b.enqueued(t), 2)

	// Likewise where a request is packed before its commit.
	var many []string
	for i := range 300 {
		many = append(many, strings.Replace(expired, `"a1"`, `"m`+string(rune('A'+i%26))+string(rune('a'+i/26))+`"`, 1))
	}
	body := "[" + strings.Join(many, ",") + "]"
	require.Equal(t, 300, b.send(t, strings.NewReader(body)).Accepted)
	require.Equal(t, 300, b.send(t, strings.NewReader(body)).Duplicates)
	require.Len(t, b.enqueued(t), 302)
}
