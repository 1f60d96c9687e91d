package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

func issueID(key *issues.Key, w *world) string {
	return nodeid.Format(nodeid.Issue, key.ID(w.tenant.ID))
}

func TestAnIssueSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	r := b.get(t, w.as(tenant.RoleSupport), b.filled(t, w, `{ issue(id: "ISSUE") {
	  category title status severity occurrences customerCount connectedAppCount openedAt resolvedAt snoozedUntil assignee { id }
	  fingerprint { category cause scope integration { key } } integration { key } parent { id } children { id }
	  customers { totalCount nodes { name health } edges { cursor } } evidence { nodes { __typename id ... on ApiRequest { statusCode } } pageInfo { hasNextPage endCursor } }
	  diagnosis { category title cause confidence resolvedBy steps { position actor text url } references signals }
	  activity { actor action note } } }`), nil)
	i := r.at(t, "issue").(map[string]any)
	require.Equal(t, "AUTH_TOKEN_EXPIRED", i["category"])
	require.Equal(t, "What is wrong: auth_token_expired", i["title"])
	require.Equal(t, "OPEN", i["status"])
	require.Equal(t, "ERROR", i["severity"])
	require.Contains(t, i["openedAt"], "2026-03-10T12:00:00")
	require.InDelta(t, 1, i["customerCount"], 0)
	require.InDelta(t, 1, i["connectedAppCount"], 0)
	for _, nothing := range []string{"resolvedAt", "snoozedUntil", "assignee", "parent"} {
		require.Nil(t, i[nothing], nothing)
	}
	require.Empty(t, i["children"])
	require.Equal(t, map[string]any{"category": "AUTH_TOKEN_EXPIRED", "cause": "salesforce-session", "scope": nil, "integration": map[string]any{"key": "salesforce"}}, i["fingerprint"])
	require.Equal(t, map[string]any{"key": "salesforce"}, i["integration"])
	require.Equal(t, []any{map[string]any{"name": "acme", "health": "FAILING"}}, r.at(t, "issue.customers.nodes"))
	require.InDelta(t, 1, r.at(t, "issue.customers.totalCount"), 0)
	require.Equal(t, []any{map[string]any{"__typename": "ApiRequest", "id": w.id(entry.KindAPIRequest), "statusCode": 401.0}}, r.at(t, "issue.evidence.nodes"))
	require.Equal(t, map[string]any{
		"category": "AUTH_TOKEN_EXPIRED", "title": "What is wrong: auth_token_expired", "cause": "Somebody did something.", "confidence": 0.9, "resolvedBy": "CUSTOMER",
		"steps":      []any{map[string]any{"position": 1.0, "actor": "CUSTOMER", "text": "Do something else.", "url": "https://example.com/help"}},
		"references": []any{"https://example.com/errors"}, "signals": []any{"errorCode = INVALID_SESSION_ID"},
	}, i["diagnosis"])
	require.Equal(t, []any{map[string]any{"actor": "weir", "action": "opened", "note": "A check found it, for 1."}}, i["activity"])

	hidden := b.get(t, w.as(tenant.RoleViewer), b.filled(t, w, `{ issue(id: "ISSUE") { diagnosis { signals } } }`), nil)
	require.Empty(t, hidden.list(t, "issue.diagnosis.signals"), "they quote payloads")
}

// From an entry to its issue, and back.
func TestEntriesLeadToTheirIssuesAndBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleViewer)
	r := b.get(t, who, `{ logs { nodes { kind issue { id category } } } }`, nil)
	want := map[string]any{
		"API_REQUEST": map[string]any{"id": issueID(w.sessions(), w), "category": "AUTH_TOKEN_EXPIRED"},
		"FLOW_RUN":    map[string]any{"id": issueID(w.failing(), w), "category": "FLOW_FAILING"},
	}
	for _, n := range r.list(t, "logs.nodes") {
		node := n.(map[string]any)
		require.Equal(t, want[node["kind"].(string)], node["issue"], node["kind"])
	}
	r = b.get(t, who, b.filled(t, w, `{ logs(filter: {issueId: "ISSUE"}) { nodes { id } } customer(id: "CUSTOMER") { logs(filter: {issueId: "ISSUE"}) { nodes { id } } }
	  none: logs(filter: {issueId: "`+nodeid.Format(nodeid.Issue, uuid.New())+`"}) { nodes { id } } }`), nil)
	require.Equal(t, []any{map[string]any{"id": w.id(entry.KindAPIRequest)}}, r.at(t, "logs.nodes"))
	require.Equal(t, r.at(t, "logs.nodes"), r.at(t, "customer.logs.nodes"))
	require.Empty(t, r.list(t, "none.nodes"))
	require.Equal(t, []string{"BAD_USER_INPUT"}, b.ask(t, who, b.filled(t, w, `{ logs(filter: {issueId: "LOG"}) { nodes { id } } }`), nil).codes())
	// What is resolved is the issue of the entry still, and no more of a run.
	for _, key := range []*issues.Key{w.sessions(), w.failing()} {
		_, err := b.issues.Resolve(tenant.WithPrincipal(t.Context(), w.as(tenant.RoleSupport)), key.ID(w.tenant.ID), "")
		require.NoError(t, err)
	}
	r = b.get(t, who, b.filled(t, w, `{ log(id: "LOG") { issue { status } } flowRun(id: "RUN") { issue { status } } }`), nil)
	require.Equal(t, "RESOLVED", r.text(t, "log.issue.status"))
	require.Nil(t, r.at(t, "flowRun.issue"))
}

// A provider's incident stands for its parts: in lists, and for the entries that show them.
func TestAnIncidentStandsForItsParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	incident := issues.Key{Category: diagnostics.ProviderIncident, IntegrationID: w.target.IntegrationID, Cause: "provider"}
	b.raise(t, w.tenant.ID, w.condition(&incident, issues.Critical))
	b.fold(t, w, w.sessions().ID(w.tenant.ID), incident.ID(w.tenant.ID))
	r := b.get(t, w.as(tenant.RoleViewer), b.filled(t, w, `{ log(id: "LOG") { issue { id } } issue(id: "ISSUE") { parent { id } }
	  issues { totalCount nodes { id children { id } } } asked: issues(filter: {categories: ["AUTH_TOKEN_EXPIRED"]}) { nodes { id } }
	  overview(`+someDays+`) { openIssues } integration(id: "INTEGRATION") { issues { totalCount } } }`), nil)
	shown := b.get(t, w.as(tenant.RoleViewer), `{ logs(filter: {issueId: "`+issueID(&incident, w)+`"}) { nodes { id } } }`, nil)
	require.Equal(t, []any{map[string]any{"id": w.id(entry.KindAPIRequest)}}, shown.at(t, "logs.nodes"), "the entries of its parts")
	parent, part := issueID(&incident, w), issueID(w.sessions(), w)
	require.Equal(t, parent, r.text(t, "log.issue.id"))
	require.Equal(t, parent, r.text(t, "issue.parent.id"))
	require.InDelta(t, 2, r.at(t, "issues.totalCount"), 0)
	require.InDelta(t, 2, r.at(t, "integration.issues.totalCount"), 0)
	require.InDelta(t, 2, r.at(t, "overview.openIssues"), 0, "a part does not count beside it")
	require.Equal(t, part, r.text(t, "asked.nodes.0.id"))
	for _, n := range r.list(t, "issues.nodes") {
		node := n.(map[string]any)
		if node["id"] == parent {
			require.Equal(t, []any{map[string]any{"id": part}}, node["children"])
			continue
		}
		require.Empty(t, node["children"])
	}
}

// fold makes one issue a part of another.
func (b *bundle) fold(t *testing.T, w *world, part, into uuid.UUID) {
	t.Helper()
	require.NoError(t, b.door.Write(b.system(t, w.tenant.ID), func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "UPDATE issue SET parent_id = $3 WHERE tenant_id = $1 AND id = $2", tx.TenantID(), part, into)
		return err
	}))
}

func TestIssuesAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	other := b.name(t, w.tenant.ID, "globex", "hubspot")
	mine := w.target
	w.target = other
	b.raise(t, w.tenant.ID, w.condition(&issues.Key{Category: diagnostics.SourceSilent, IntegrationID: other.IntegrationID, Cause: "hooks"}, issues.Info))
	w.target = mine
	who := w.as(tenant.RoleSupport)
	member := b.get(t, w.as(tenant.RoleOwner), `{ members { nodes { id } } }`, nil).text(t, "members.nodes.0.id")
	b.get(t, who, b.filled(t, w, `mutation { assignIssue(input: {id: "ISSUE", memberId: "`+member+`"}) { issue { id } }
	  acknowledgeIssue(input: {id: "ISSUE"}) { issue { id } } }`), nil)
	ids := map[string]string{
		"GLOBEX": nodeid.Format(nodeid.Customer, other.CustomerID), "HUBSPOT": nodeid.Format(nodeid.Integration, other.IntegrationID),
		"THEIR_APP": nodeid.Format(nodeid.ConnectedApp, other.ConnectedAppID),
	}
	ask := func(query string) *reply {
		for name, id := range ids {
			query = strings.ReplaceAll(query, `"`+name+`"`, `"`+id+`"`)
		}
		return b.ask(t, who, b.filled(t, w, query), nil)
	}
	for filter, want := range map[string]int{
		`{}`: 3, `{statuses: [OPEN]}`: 2, `{statuses: [ACKNOWLEDGED, SNOOZED]}`: 1, `{statuses: [IGNORED]}`: 0, `{severities: [INFO]}`: 1, `{severities: [ERROR, CRITICAL]}`: 1,
		`{categories: ["SOURCE_SILENT", "FLOW_FAILING"]}`: 2, `{integrationIds: ["HUBSPOT"]}`: 1, `{customerIds: ["CUSTOMER"]}`: 2, `{customerIds: ["CUSTOMER", "GLOBEX"]}`: 3,
		`{connectedAppIds: ["THEIR_APP"]}`: 1, `{assigneeId: "` + member + `"}`: 1, `{customerIds: ["CUSTOMER"], severities: [INFO]}`: 0,
	} {
		r := ask(`{ issues(filter: ` + filter + `) { totalCount nodes { id } } }`)
		require.Empty(t, r.Errors, filter)
		require.InDelta(t, want, r.at(t, "issues.totalCount"), 0, filter)
		require.Len(t, r.list(t, "issues.nodes"), want, filter)
	}
	for filter, want := range map[string]string{
		`{categories: ["AUTH_TOKEN_EXPIRED", "NONSENSE"]}`: `filter.categories: "NONSENSE" is no category: they are written like AUTH_TOKEN_REVOKED`,
		`{categories: ["auth_token_expired"]}`:             `filter.categories: "auth_token_expired" is no category: they are written like AUTH_TOKEN_REVOKED`,
		`{categories: ["NONE"]}`:                           `filter.categories: "NONE" is no category: they are written like AUTH_TOKEN_REVOKED`,
		`{customerIds: ["FLOW"]}`:                          `filter.customerIds: "` + nodeid.Format(nodeid.Flow, w.target.FlowID) + `" is no id of this kind: they begin with cus_`,
	} {
		r := ask(`{ issues(filter: ` + filter + `) { totalCount } }`)
		require.Equal(t, []string{"BAD_USER_INPUT"}, r.codes(), filter)
		require.Equal(t, want, r.Errors[0].Message)
	}

	r := ask(`{ customer(id: "CUSTOMER") { all: issues { totalCount } first: issues(first: 1) { nodes { id } pageInfo { hasNextPage endCursor } } own: issues(filter: {customerIds: ["CUSTOMER"]}) { totalCount }
	    errors: issues(filter: {severities: [ERROR]}) { totalCount nodes { id } } none: issues(filter: {customerIds: ["GLOBEX"]}) { totalCount nodes { id } } }
	  integration(id: "HUBSPOT") { issues { totalCount nodes { category } } none: issues(filter: {integrationIds: ["INTEGRATION"]}) { totalCount } }
	  connectedApp(id: "APP") { issues { totalCount } } issues(first: 1) { nodes { id } pageInfo { endCursor hasPreviousPage } } }`)
	require.Empty(t, r.Errors)
	for path, want := range map[string]int{
		"customer.all.totalCount": 2, "customer.own.totalCount": 2, "customer.errors.totalCount": 1, "customer.none.totalCount": 0,
		"integration.issues.totalCount": 1, "integration.none.totalCount": 0, "connectedApp.issues.totalCount": 2,
	} {
		require.InDelta(t, want, r.at(t, path), 0, path)
	}
	require.Equal(t, true, r.at(t, "customer.first.pageInfo.hasNextPage"))
	rest := ask(`{ customer(id: "CUSTOMER") { issues(after: "` + r.text(t, "customer.first.pageInfo.endCursor") + `") { totalCount nodes { id } } }
	  issues(after: "` + r.text(t, "issues.pageInfo.endCursor") + `") { nodes { id } pageInfo { hasPreviousPage hasNextPage } } }`)
	require.Len(t, rest.list(t, "customer.issues.nodes"), 1)
	require.NotEqual(t, r.text(t, "customer.first.nodes.0.id"), rest.text(t, "customer.issues.nodes.0.id"))
	require.Len(t, rest.list(t, "issues.nodes"), 2)
	require.Equal(t, map[string]any{"hasPreviousPage": true, "hasNextPage": false}, rest.at(t, "issues.pageInfo"))
}

// Evidence that is no longer kept is left out, and pages go on behind it.
func TestEvidenceIsPagedWithoutWhatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	key := issues.Key{Category: diagnostics.ErrorRateSpike, IntegrationID: w.target.IntegrationID, Cause: "share"}
	gone := nodeid.Format(nodeid.APIRequest, nodeid.New(at(12)))
	shown := []string{w.id(entry.KindAPIRequest), gone, w.id(entry.KindExternalWebhook), w.id(entry.KindFlowRun)}
	b.raise(t, w.tenant.ID, w.condition(&key, issues.Error, shown...))
	const query = `query($id: ID!, $after: String) { issue(id: $id) { evidence(first: 1, after: $after) { nodes { id } edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }`
	var got []string
	after := any(nil)
	pages := 0
	for more := true; more; pages++ {
		require.Less(t, pages, 10)
		r := b.get(t, w.as(tenant.RoleViewer), query, vars{"id": issueID(&key, w), "after": after})
		for i, n := range r.list(t, "issue.evidence.nodes") {
			got = append(got, n.(map[string]any)["id"].(string))
			require.NotEmpty(t, r.text(t, fmt.Sprintf("issue.evidence.edges.%d.cursor", i)))
		}
		more = r.at(t, "issue.evidence.pageInfo.hasNextPage") == true
		after = r.at(t, "issue.evidence.pageInfo.endCursor")
	}
	require.Equal(t, len(shown), pages)
	require.ElementsMatch(t, []string{shown[0], shown[2], shown[3]}, got)
	wrong := b.ask(t, w.as(tenant.RoleViewer), query, vars{"id": issueID(&key, w), "after": "nonsense"})
	require.Equal(t, []string{"BAD_USER_INPUT"}, wrong.codes())
}

func TestPeopleActOnIssues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	who := w.as(tenant.RoleSupport)
	who.Email = "ann@acme.example"
	member := b.get(t, w.as(tenant.RoleOwner), `{ members { nodes { id email } } }`, nil).at(t, "members.nodes.0").(map[string]any)
	do := func(change, more string) *reply {
		return b.ask(t, who, b.filled(t, w, `mutation { it: `+change+`Issue(input: {id: "ISSUE"`+more+`}) {
		  issue { status snoozedUntil resolvedAt assignee { email } activity { actor action note } } userErrors { field message code } } }`), nil)
	}
	for _, step := range []struct{ change, more, status string }{
		{"acknowledge", `, note: "I am on it"`, "ACKNOWLEDGED"}, {"snooze", `, until: "2026-03-11T00:00:00Z"`, "SNOOZED"}, {"ignore", `, note: "never mind"`, "IGNORED"},
		{"reopen", ``, "OPEN"}, {"resolve", `, note: "mended"`, "RESOLVED"},
	} {
		r := do(step.change, step.more)
		require.Empty(t, r.Errors, r.raw)
		require.Empty(t, r.list(t, "it.userErrors"), r.raw)
		require.Equal(t, step.status, r.text(t, "it.issue.status"))
		require.Equal(t, step.change == "snooze", r.at(t, "it.issue.snoozedUntil") != nil)
		require.Equal(t, step.change == "resolve", r.at(t, "it.issue.resolvedAt") != nil)
	}
	r := do("assign", `, memberId: "`+member["id"].(string)+`"`)
	require.Equal(t, member["email"], r.text(t, "it.issue.assignee.email"))
	r = do("assign", ``)
	require.Nil(t, r.at(t, "it.issue.assignee"))
	var actions []string
	for _, a := range r.list(t, "it.issue.activity") {
		activity := a.(map[string]any)
		actions = append(actions, activity["action"].(string))
		require.Equal(t, activity["action"] == "opened", activity["actor"] == "weir")
		if activity["action"] == "acknowledged" {
			require.Equal(t, map[string]any{"actor": "ann@acme.example", "action": "acknowledged", "note": "I am on it"}, activity)
		}
	}
	require.Equal(t, []string{"opened", "acknowledged", "snoozed", "ignored", "reopened", "resolved", "assigned", "assigned"}, actions)

	for _, wrong := range []struct {
		change, more string
		field        []any
	}{
		{"acknowledge", `, note: "` + strings.Repeat("x", 2001) + `"`, []any{"note"}},
		{"snooze", `, until: "2026-03-10T11:00:00Z"`, []any{"until"}},
	} {
		r := do(wrong.change, wrong.more)
		require.Empty(t, r.Errors, r.raw)
		require.Nil(t, r.at(t, "it.issue"))
		require.Equal(t, wrong.field, r.at(t, "it.userErrors.0.field"))
		require.Equal(t, "BAD_USER_INPUT", r.at(t, "it.userErrors.0.code"))
	}
	other := b.world(t, "globex")
	for _, id := range []string{nodeid.Format(nodeid.Member, nodeid.New(noon)), issueID(w.sessions(), w), b.get(t, other.as(tenant.RoleOwner), `{ members { nodes { id } } }`, nil).text(t, "members.nodes.0.id")} {
		require.Equal(t, []string{"NOT_FOUND"}, do("assign", `, memberId: "`+id+`"`).codes(), "the id of nobody")
	}
	require.Equal(t, []string{"NOT_FOUND"}, b.ask(t, who, `mutation { resolveIssue(input: {id: "`+nodeid.Format(nodeid.Issue, uuid.New())+`"}) { userErrors { code } } }`, nil).codes())
}

// A credential of one customer sees the issues that hit it, and of them what is its own.
func TestACustomersCredentialSeesItsIssues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	both := w.condition(&issues.Key{Category: diagnostics.LatencyRegression, IntegrationID: w.target.IntegrationID, Cause: "p95"}, issues.Warning, w.id(entry.KindAPIRequest))
	other := b.name(t, w.tenant.ID, "globex", "salesforce")
	both.Affected = append(both.Affected, issues.Affected{CustomerID: other.CustomerID, ConnectedAppID: other.ConnectedAppID, Since: at(0)})
	b.raise(t, w.tenant.ID, both)
	const query = `{ issues { totalCount nodes { category customers { totalCount nodes { name } } evidence { nodes { id } } activity { action } } }
	  customers { nodes { name health } } integrations { nodes { health } } failing: customers(filter: {health: [FAILING]}) { totalCount } }`
	theirs := b.get(t, w.customer(other.CustomerID), query, nil)
	require.Equal(t, []any{map[string]any{
		"category": "LATENCY_REGRESSION", "customers": map[string]any{"totalCount": 1.0, "nodes": []any{map[string]any{"name": "globex"}}},
		"evidence": map[string]any{"nodes": []any{}}, "activity": []any{},
	}}, theirs.at(t, "issues.nodes"))
	require.Equal(t, []any{map[string]any{"name": "globex", "health": "DEGRADED"}}, theirs.at(t, "customers.nodes"))
	require.InDelta(t, 0, theirs.at(t, "failing.totalCount"), 0)
	mine := b.get(t, w.customer(w.target.CustomerID), query, nil)
	require.InDelta(t, 3, mine.at(t, "issues.totalCount"), 0)
	require.Equal(t, []any{map[string]any{"name": "acme", "health": "FAILING"}}, mine.at(t, "customers.nodes"))
	require.NotContains(t, mine.raw, "globex")
	for _, change := range []string{`acknowledgeIssue(input: {id: "ISSUE"})`, `assignIssue(input: {id: "ISSUE"})`} {
		r := b.ask(t, w.customer(w.target.CustomerID), b.filled(t, w, `mutation { `+change+` { issue { id } } }`), nil)
		require.Equal(t, []string{"FORBIDDEN"}, r.codes(), change)
	}
}

func TestTheTimelineOfAnIssue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	r := b.get(t, w.as(tenant.RoleViewer), b.filled(t, w, `{ issue(id: "ISSUE") { timeline(`+someDays+`, granularity: HOUR) { at occurrences customers }
	  days: timeline(`+someDays+`, granularity: DAY, timeZone: "Asia/Kolkata") { at } } }`), nil)
	require.Len(t, r.list(t, "issue.timeline"), 48, "no gaps")
	require.Equal(t, "2026-03-08T18:30:00Z", r.text(t, "issue.days.0.at"))
	wrong := b.ask(t, w.as(tenant.RoleViewer), b.filled(t, w, `{ issue(id: "ISSUE") { timeline(`+someDays+`, granularity: DAY, timeZone: "Mars/Olympus") { at } } }`), nil)
	require.Equal(t, []string{"BAD_USER_INPUT"}, wrong.codes())
}
