package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/tenant"
)

// world is a tenant in which a webhook of a customer brought an event, the event launched a run, and the run failed
// because of an API request.
type world struct {
	tenant *tenant.Tenant
	target directory.Target
	run    uuid.UUID
	// issue is what the request that failed shows.
	issue uuid.UUID
	ids   map[entry.Kind]uuid.UUID
}

// as is a member with the role.
func (w *world) as(role tenant.Role) *tenant.Principal {
	return &tenant.Principal{TenantID: w.tenant.ID, Kind: tenant.KindMember, Subject: "somebody", Role: role}
}

// key is an API key with the scopes, as authentication makes it.
func (w *world) key(role tenant.Role, scopes ...tenant.Scope) *tenant.Principal {
	return &tenant.Principal{TenantID: w.tenant.ID, Kind: tenant.KindAPIKey, Subject: "key", Role: role, Scopes: scopes}
}

// customer is a credential of one customer.
func (w *world) customer(id uuid.UUID) *tenant.Principal {
	return &tenant.Principal{TenantID: w.tenant.ID, Kind: tenant.KindCustomer, Role: tenant.RoleViewer, CustomerID: id}
}

// id is the API's id of the entry of the kind.
func (w *world) id(k entry.Kind) string { return nodeid.Format(k.NodeKind(), w.ids[k]) }

func (b *bundle) system(tb testing.TB, tenantID uuid.UUID) context.Context {
	tb.Helper()
	return tenant.WithPrincipal(tb.Context(), tenant.System(tenantID))
}

// world makes the tenant with the slug and all that is in it.
func (b *bundle) world(tb testing.TB, slug string) *world {
	tb.Helper()
	made, err := b.deps.Tenants.CreateTenant(tb.Context(), tenant.CreateTenantInput{Slug: slug, Name: "The " + slug, OwnerEmail: "owner@" + slug + ".example"})
	require.NoError(tb, err)
	w := &world{tenant: made, ids: map[entry.Kind]uuid.UUID{}}
	w.target = b.name(tb, made.ID, "acme", "salesforce")
	w.run = run.FlowRunID(made.ID, "run-1")
	b.commit(tb, made.ID, w.entries(), w.runs(), w.nodes())
	b.raise(tb, made.ID, w.conditions()...)
	return w
}

// name makes the directory's rows of a customer, an integration and what is between them.
func (b *bundle) name(tb testing.TB, tenantID uuid.UUID, customer, integration string) directory.Target {
	tb.Helper()
	ctx := b.system(tb, tenantID)
	refs := []directory.Ref{{
		Customer: customer, Integration: integration, Flow: "create-invoice", DataSource: "hooks", Use: directory.UseWebhook, At: noon,
	}}
	targets, need, err := b.deps.Directory.Resolver().Resolve(ctx, refs)
	require.NoError(tb, err)
	require.Nil(tb, targets[0].Err)
	kind, name := directory.TriggerExternalEvent, "Create the invoice"
	states := []directory.StateEvent{{Target: targets[0], At: noon, Flow: &directory.FlowState{
		Name: &name, Trigger: &directory.FlowTrigger{Kind: &kind, EventTypes: []string{"deal.won"}},
	}}}
	require.NoError(tb, b.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := b.deps.Directory.Ensure(ctx, tx, need, noon)
		if err != nil {
			return err
		}
		_, err = b.deps.Directory.ApplyStates(ctx, tx, states, rows)
		return err
	}))
	b.deps.Directory.Resolver().Committed(tenantID, need)
	return targets[0]
}

// commit stores entries and runs.
func (b *bundle) commit(tb testing.TB, tenantID uuid.UUID, entries []*entry.Entry, runs []run.FlowRunEvent, nodes []run.NodeRunEvent) {
	tb.Helper()
	var c *journal.Commit
	require.NoError(tb, b.door.Write(b.system(tb, tenantID), func(ctx context.Context, tx *tenant.Tx) (err error) {
		if c, err = b.deps.Journal.Begin(ctx, tx, nil); err != nil {
			return err
		}
		done, err := b.deps.Runs.Apply(ctx, tx, c.No, runs, nodes)
		if err != nil {
			return err
		}
		return c.Append(ctx, journal.Batch{Loose: entries, Cells: done.Cells, Runs: done.Changed})
	}))
	c.Committed()
	b.hub.Hint(live.JournalStream, tenantID, c.No)
}

func at(seconds int) time.Time { return noon.Add(-time.Hour + time.Duration(seconds)*time.Second) }

// entry makes an entry of the kind that happened so many seconds into the story.
func (w *world) entry(k entry.Kind, seconds int) *entry.Entry {
	e := &entry.Entry{Head: entry.Head{
		ID: nodeid.New(at(seconds)), RecordedAt: noon.UnixMicro(), Kind: k, Status: entry.StatusSuccess, DurationMS: -1,
		CustomerID: w.target.CustomerID, IntegrationID: w.target.IntegrationID, ConnectedAppID: w.target.ConnectedAppID,
	}, Detail: &entry.Detail{Metadata: []byte(`{"region":"eu"}`)}}
	e.Identifiers = []entry.Identifier{{Key: "order_id", Value: "A-1001"}}
	w.ids[k] = e.ID
	return e
}

func body(text string) *entry.Body {
	return &entry.Body{Text: text, ContentType: "application/json", SizeBytes: len(text)}
}

func (w *world) entries() []*entry.Entry {
	valid := true
	webhook := w.entry(entry.KindExternalWebhook, 0)
	webhook.ExternalID, webhook.Method, webhook.URL, webhook.StatusCode = "wh-1", "POST", "https://hooks.example.com/in", 202
	webhook.Webhook, webhook.DataSourceID = &entry.Webhook{SignatureValid: &valid}, w.target.DataSourceID
	webhook.Detail.RequestHeaders = []entry.Header{{Name: "X-Hook", Value: "yes"}}
	webhook.Detail.RequestBody = body(`{"hook":"secret of a webhook"}`)

	pull := w.entry(entry.KindExternalEventPull, 1)
	pull.ExternalID, pull.DataSourceID = "pull-1", w.target.DataSourceID
	pull.Pull = &entry.Pull{Strategy: "full_scan", Pages: 2, RecordsScanned: 40, EventCount: 0, CursorBefore: "a", CursorAfter: "b", State: "success"}

	event := w.entry(entry.KindExternalEvent, 2)
	event.ExternalID, event.EventType, event.RecordID, event.SourceID = "ev-1", "deal.won", "006xx", "wh-1"
	event.DataSourceID, event.Detail.RequestBody = w.target.DataSourceID, body(`{"amount":1200}`)

	internal := w.entry(entry.KindInternalEvent, 3)
	internal.ExternalID, internal.EventType, internal.Via = "iev-1", "order.created", entry.ViaAPI
	internal.SkipCode, internal.SkipMessage = "flow_disabled", "switched off"
	internal.Detail.RequestBody = body(`{"order":1}`)

	request := w.entry(entry.KindAPIRequest, 12)
	request.Status, request.ErrorKind, request.ErrorCode, request.Message = entry.StatusFailure, entry.ErrorHTTP, "INVALID_SESSION_ID", "Session expired"
	request.Direction, request.Method, request.Endpoint, request.URL = entry.Outbound, "GET", "/sobjects/Account/{id}", "https://acme.example.com/sobjects/Account/001"
	request.StatusCode, request.DurationMS, request.Attempt = 401, 182.5, 1
	request.FlowRunID, request.NodeRunID = w.run, run.NodeRunID(w.tenant.ID, "nr-2")
	request.IssueID = w.sessions().ID(w.tenant.ID)
	request.Detail.RequestHeaders = []entry.Header{{Name: "Accept", Value: "application/json"}}
	request.Detail.ResponseHeaders = []entry.Header{{Name: "Content-Type", Value: "application/json"}}
	request.Detail.ResponseBody = body(`[{"errorCode":"INVALID_SESSION_ID"}]`)

	transaction := w.entry(entry.KindTransaction, 20)
	transaction.EventType, transaction.Message = "create order", "done"
	transaction.Transaction = &entry.Transaction{From: "shop", To: "erp", PayloadType: "order", BusinessFlowID: "bf-1"}

	line := w.entry(entry.KindLogLine, 13)
	line.Status, line.Level, line.Message = 0, entry.LevelError, "401 from Salesforce"
	line.FlowRunID, line.NodeRunID = w.run, run.NodeRunID(w.tenant.ID, "nr-2")
	line.Detail = &entry.Detail{RequestBody: body(`{"try":1}`)}
	return []*entry.Entry{webhook, pull, event, internal, request, transaction, line}
}

func (w *world) runs() []run.FlowRunEvent {
	started, finished := at(10), at(14)
	w.ids[entry.KindFlowRun] = w.run
	return []run.FlowRunEvent{{
		ID: w.run, ExternalID: "run-1", At: finished, RecordedAt: noon, FlowID: w.target.FlowID, CustomerID: w.target.CustomerID,
		IntegrationID: w.target.IntegrationID, ConnectedAppID: w.target.ConnectedAppID, Status: run.Failed,
		Trigger: run.TriggerExternalEvent, TriggerEvent: "ev-1", StartedAt: &started, FinishedAt: &finished,
		Input: json.RawMessage(`{"deal":"006xx"}`), Error: &run.Error{Code: "INVALID_SESSION_ID", Message: "Session expired"},
		Identifiers: []entry.Identifier{{Key: "order_id", Value: "A-1001"}}, Metadata: json.RawMessage(`{"by":"cron"}`),
	}}
}

// sessions is the problem of expired sessions.
func (w *world) sessions() *issues.Key {
	return &issues.Key{Category: diagnostics.AuthTokenExpired, IntegrationID: w.target.IntegrationID, Cause: "salesforce-session"}
}

// failing is that of a flow that fails.
func (w *world) failing() *issues.Key {
	return &issues.Key{
		Category: diagnostics.FlowFailing, IntegrationID: w.target.IntegrationID, Cause: "flow", Scope: nodeid.Format(nodeid.Flow, w.target.FlowID),
	}
}

// conditions are what is wrong in the story.
func (w *world) conditions() []issues.Condition {
	w.issue = w.sessions().ID(w.tenant.ID)
	return []issues.Condition{
		w.condition(w.sessions(), issues.Error, w.id(entry.KindAPIRequest)), w.condition(w.failing(), issues.Warning, w.id(entry.KindFlowRun)),
	}
}

// condition is a problem of the world's customer, and what shows it.
func (w *world) condition(key *issues.Key, severity issues.Severity, shownBy ...string) issues.Condition {
	who := issues.Affected{CustomerID: w.target.CustomerID, ConnectedAppID: w.target.ConnectedAppID, Since: at(10)}
	for _, id := range shownBy {
		kind, parsed, err := nodeid.Parse(id)
		if err != nil {
			panic(err)
		}
		for _, k := range entry.Kinds {
			if k.NodeKind() == kind {
				who.Evidence = append(who.Evidence, issues.Evidence{ID: parsed, Kind: k, At: at(12)})
			}
		}
	}
	return issues.Condition{Key: *key, Severity: severity, Affected: []issues.Affected{who}, Diagnosis: diagnostics.Diagnosis{
		Category: key.Category, Confidence: 0.9, Title: "What is wrong: " + string(key.Category), Cause: "Somebody did something.",
		ResolvedBy: diagnostics.ActorCustomer, Steps: []diagnostics.Step{{Actor: diagnostics.ActorCustomer, Text: "Do something else.", URL: "https://example.com/help"}},
		References: []string{"https://example.com/errors"}, Signals: []string{"errorCode = INVALID_SESSION_ID"},
	}}
}

// raise has issues opened, as a detector does.
func (b *bundle) raise(tb testing.TB, tenantID uuid.UUID, conditions ...issues.Condition) {
	tb.Helper()
	var categories []diagnostics.Category
	for i := range conditions {
		categories = append(categories, conditions[i].Key.Category)
	}
	require.NoError(tb, b.issues.Observe(b.system(tb, tenantID), categories, conditions))
}

func (w *world) nodes() []run.NodeRunEvent {
	node := func(external, key string, parents []string, status run.Status, from, to int) run.NodeRunEvent {
		started, finished := at(from), at(to)
		return run.NodeRunEvent{
			ID: run.NodeRunID(w.tenant.ID, external), ExternalID: external, FlowRunID: w.run, FlowRunExternalID: "run-1",
			At: finished, RecordedAt: noon, NodeKey: key, Name: "Node " + key, Type: "step", Status: status, Parents: parents,
			StartedAt: &started, FinishedAt: &finished, Input: json.RawMessage(fmt.Sprintf(`{"in":%q}`, key)),
			Lines: []run.Line{{At: started, Level: entry.LevelDebug, Message: "begin " + key}, {At: finished, Level: entry.LevelInfo, Message: "end " + key}},
		}
	}
	failed := node("nr-2", "lookup", []string{"trigger", "never-heard-of"}, run.Failed, 11, 14)
	failed.Error = &run.Error{Code: "INVALID_SESSION_ID", Message: "Session expired"}
	return []run.NodeRunEvent{node("nr-1", "trigger", []string{}, run.Succeeded, 10, 11), failed}
}

// filled puts the world's ids into an operation: CUSTOMER, LOG and so on in quotes stand for them.
func (b *bundle) filled(t *testing.T, w *world, operation string) string {
	t.Helper()
	ctx := b.system(t, w.tenant.ID)
	owners, err := b.deps.Tenants.Members(ctx, page.Request{Size: 1})
	require.NoError(t, err)
	key, _, err := b.deps.Tenants.CreateAPIKey(ctx, tenant.CreateAPIKeyInput{Name: "a key", Scopes: []tenant.Scope{tenant.ScopeIngest}})
	require.NoError(t, err)
	member, err := b.deps.Tenants.InviteMember(ctx, tenant.InviteMemberInput{Email: uuid.NewString() + "@acme.example", Role: tenant.RoleViewer})
	require.NoError(t, err)
	require.NoError(t, b.deps.Tenants.Tell(tenant.WithAct(ctx, &tenant.Act{Action: "look", Target: "KEY", Details: map[string]any{"name": "x"}, At: noon})))
	told, err := b.deps.Tenants.AuditLog(ctx, page.Request{Size: 1})
	require.NoError(t, err)
	rule, fired, endpoint, delivery := b.alarms(t, ctx, w)
	for name, id := range map[string]string{
		"RULE": nodeid.Format(nodeid.AlarmRule, rule), "ALARM": nodeid.Format(nodeid.Alarm, fired),
		"ENDPOINT": nodeid.Format(nodeid.NotificationEndpoint, endpoint), "DELIVERY": nodeid.Format(nodeid.Delivery, delivery),
		"CUSTOMER": nodeid.Format(nodeid.Customer, w.target.CustomerID), "INTEGRATION": nodeid.Format(nodeid.Integration, w.target.IntegrationID),
		"APP": nodeid.Format(nodeid.ConnectedApp, w.target.ConnectedAppID), "FLOW": nodeid.Format(nodeid.Flow, w.target.FlowID),
		"TENANT": nodeid.Format(nodeid.Tenant, w.tenant.ID), "SOURCE": nodeid.Format(nodeid.DataSource, w.target.DataSourceID),
		"NODE": nodeid.Format(nodeid.NodeRun, run.NodeRunID(w.tenant.ID, "nr-2")), "WEBHOOK": w.id(entry.KindExternalWebhook), "PULL": w.id(entry.KindExternalEventPull),
		"EVENT": w.id(entry.KindExternalEvent), "INTERNAL": w.id(entry.KindInternalEvent), "TRANSACTION": w.id(entry.KindTransaction),
		"RUN": w.id(entry.KindFlowRun), "LOG": w.id(entry.KindAPIRequest), "OWNER": nodeid.Format(nodeid.Member, owners.Items[0].ID),
		"ISSUE": nodeid.Format(nodeid.Issue, w.issue), "MEMBER": nodeid.Format(nodeid.Member, member.ID), "KEY": nodeid.Format(nodeid.APIKey, key.ID),
		"AUDIT": nodeid.Format(nodeid.AuditEntry, told.Items[0].ID),
	} {
		operation = strings.ReplaceAll(operation, `"`+name+`"`, `"`+id+`"`)
	}
	return operation
}
