package isolation

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// trouble is how a tenant comes by issues, as detectors make them: a flow of its first customer that fails, and a
// provider's incident that hits the first two, with one part of each.
type trouble struct {
	*company
	door *tenant.Door
	ctx  context.Context //nolint:containedctx // It is the tenant's.
}

// failing is the issue of the flow that failed.
func (co *company) failing() *issues.Key {
	return &issues.Key{
		Category: diagnostics.FlowFailing, IntegrationID: directory.IntegrationID(co.tenant.ID, "integration-1"), Cause: "flow",
		Scope: nodeid.Format(nodeid.Flow, directory.FlowID(co.tenant.ID, "flow-1")),
	}
}

// raise opens the issues, and has people act on them.
func (co *company) raise(t *testing.T) {
	t.Helper()
	tr := &trouble{company: co, door: tenant.NewDoor(co.w.db.Pool(t)), ctx: tenant.WithPrincipal(t.Context(), tenant.System(co.tenant.ID))}
	defer func() { require.NoError(t, tr.door.Close()) }()
	incident := issues.Key{Category: diagnostics.ProviderIncident, IntegrationID: co.failing().IntegrationID, Cause: "provider"}
	whole, failing := tr.condition(shared, incident), tr.condition("C1", *co.failing())
	conditions := []issues.Condition{failing}
	var parts []uuid.UUID
	for i, customer := range []string{"customer-1", "customer-2", "only-" + co.letter + "-customer"} {
		scope := fmt.Sprintf("C%d", i+1)
		who, integration := tr.who(t, customer)
		part := tr.condition(scope, issues.Key{Category: diagnostics.NetworkTimeout, IntegrationID: integration, Cause: "timeout", Scope: co.mark(scope, "scope")})
		part.Affected = []issues.Affected{who}
		part.Affected[0].Evidence = tr.entries(t, scope, who, integration, part.Key.ID(co.tenant.ID))
		conditions = append(conditions, part)
		if i < 2 {
			parts = append(parts, part.Key.ID(co.tenant.ID))
			whole.Affected = append(whole.Affected, who)
		}
		if i == 0 {
			who.Evidence = []issues.Evidence{{ID: run.FlowRunID(co.tenant.ID, "run-1"), Kind: entry.KindFlowRun, At: co.w.start}}
			conditions[0].Affected = []issues.Affected{who}
		}
	}
	store := issues.NewStore(issues.Deps{Door: tr.door, Traffic: statistics.NewStore(tr.door, nil)})
	categories := []diagnostics.Category{diagnostics.ProviderIncident, diagnostics.FlowFailing, diagnostics.NetworkTimeout}
	require.NoError(t, store.Observe(tr.ctx, categories, append(conditions, whole)))
	require.NoError(t, tr.door.Write(tr.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE issue SET parent_id = $2 WHERE tenant_id = $1 AND id = ANY ($3::uuid[])",
			tx.TenantID(), incident.ID(co.tenant.ID), tenant.UUIDs(parts))
		return err
	}))
	co.actOn(t, conditions, &whole)
	tr.watch(t, store)
}

// watch has something counted that is seen too seldom to be an issue, and leaves more of it to be counted.
func (tr *trouble) watch(t *testing.T, store *issues.Store) {
	t.Helper()
	who, integration := tr.who(t, "customer-1")
	seen := []issues.Sighting{{
		Key:        issues.Key{Category: diagnostics.RateLimited, IntegrationID: integration, Cause: "seldom"},
		CustomerID: who.CustomerID, ConnectedAppID: who.ConnectedAppID, At: time.Now(), Confidence: 0.9,
		Evidence: issues.Evidence{ID: nodeid.New(time.Now()), Kind: entry.KindAPIRequest},
	}}
	for commit := range int64(2) {
		require.NoError(t, tr.door.Write(tr.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			b := &pgx.Batch{}
			issues.Enqueue(b, tx.TenantID(), 1<<40+commit, seen)
			return tx.Pgx().SendBatch(ctx, b).Close()
		}))
		if commit == 0 {
			_, err := store.Take(tr.ctx)
			require.NoError(t, err)
		}
	}
}

// actOn does what people do with issues.
func (co *company) actOn(t *testing.T, conditions []issues.Condition, incident *issues.Condition) {
	t.Helper()
	id := func(c *issues.Condition) string {
		return strconv.Quote(nodeid.Format(nodeid.Issue, c.Key.ID(co.tenant.ID)))
	}
	note := "note: " + strconv.Quote(co.mark(own, "note"))
	until := "until: " + strconv.Quote(time.Now().Add(48*time.Hour).UTC().Format(time.RFC3339))
	co.owner.must(t, nil, `mutation {
		a: assignIssue(input: {id: `+id(&conditions[0])+`, memberId: "`+ownMember+`"}) { userErrors { message } }
		b: snoozeIssue(input: {id: `+id(&conditions[0])+`, `+until+`, `+note+`}) { userErrors { message } }
		c: snoozeIssue(input: {id: `+id(&conditions[1])+`, `+until+`}) { userErrors { message } }
		d: ignoreIssue(input: {id: `+id(&conditions[2])+`}) { userErrors { message } }
		e: resolveIssue(input: {id: `+id(&conditions[3])+`, `+note+`}) { userErrors { message } }
		f: ignoreIssue(input: {id: `+id(incident)+`, `+note+`}) { userErrors { message } } }`, nil)
}

// condition is a problem whose texts say whose it is.
func (tr *trouble) condition(scope string, key issues.Key) issues.Condition {
	says := func(what string) string { return tr.mark(scope, what) }
	return issues.Condition{Key: key, Severity: issues.Error, Diagnosis: diagnostics.Diagnosis{
		Category: key.Category, Confidence: 0.9, Title: says("title"), Cause: says("cause"), ResolvedBy: diagnostics.ActorTenant,
		Steps:      []diagnostics.Step{{Actor: diagnostics.ActorTenant, Text: says("step"), URL: "https://example.com/" + says("help")}},
		References: []string{"https://example.com/" + says("reference")}, Signals: []string{says("payload")},
	}}
}

// who is a customer with its connected app, and the integration of this.
func (tr *trouble) who(t *testing.T, customer string) (issues.Affected, uuid.UUID) {
	t.Helper()
	id := directory.CustomerID(tr.tenant.ID, customer)
	apps, err := directory.NewStore(tr.door, time.Now).ConnectedApps(tr.ctx, directory.ConnectedAppFilter{CustomerID: id}, page.Request{Size: 1})
	require.NoError(t, err)
	require.NotEmpty(t, apps.Items)
	return issues.Affected{CustomerID: id, ConnectedAppID: apps.Items[0].ID, Since: tr.w.start}, apps.Items[0].IntegrationID
}

// entries are log entries, one of each kind that can fail, that show an issue.
func (tr *trouble) entries(t *testing.T, scope string, who issues.Affected, integration, issue uuid.UUID) (shown []issues.Evidence) {
	t.Helper()
	var list []*entry.Entry
	for i, kind := range []entry.Kind{entry.KindAPIRequest, entry.KindExternalWebhook, entry.KindExternalEventPull, entry.KindTransaction} {
		at := tr.w.start.Add(time.Duration(5000+i) * time.Second)
		e := &entry.Entry{Head: entry.Head{
			ID: nodeid.New(at), RecordedAt: at.UnixMicro(), Kind: kind, Status: entry.StatusFailure, DurationMS: -1, ErrorKind: entry.ErrorTimeout,
			CustomerID: who.CustomerID, IntegrationID: integration, ConnectedAppID: who.ConnectedAppID,
			Category: string(diagnostics.NetworkTimeout), IssueID: issue,
		}, Detail: &entry.Detail{}}
		e.Message, e.Method, e.URL = tr.mark(scope, "timeout"), "GET", "https://example.com/"+tr.mark(scope, "slow")
		e.Transaction = &entry.Transaction{From: "x", To: "y"}
		list, shown = append(list, e), append(shown, issues.Evidence{ID: e.ID, Kind: kind, At: at})
	}
	store := journal.NewStore(tr.door, journal.Options{})
	require.NoError(t, tr.door.Write(tr.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		c, err := store.Begin(ctx, tx, nil)
		if err != nil {
			return err
		}
		return c.Append(ctx, journal.Batch{Loose: list})
	}))
	return shown
}
