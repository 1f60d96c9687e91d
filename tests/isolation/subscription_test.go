package isolation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/numbering"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// follower is a socket of a caller, and what was said on it.
type follower struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
	// asked are the ids that were asked for, ended the subscriptions that were refused, told how many messages there were.
	asked []string
	ended map[string]bool
	told  int
	n     int
}

func (w *world) follower(t *testing.T, c *caller) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	conn, answer, err := websocket.Dial(ctx, w.url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(t, err)
	if answer.Body != nil {
		require.NoError(t, answer.Body.Close())
	}
	conn.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	f := &follower{t: t, ctx: ctx, conn: conn, ended: map[string]bool{}}
	f.say(map[string]any{"type": "connection_init", "payload": map[string]any{"Authorization": "Bearer " + c.credential}})
	kind, _, raw := f.hear()
	require.Equal(t, "connection_ack", kind, raw)
	return f
}

func (f *follower) say(m any) {
	f.t.Helper()
	raw, err := json.Marshal(m)
	require.NoError(f.t, err)
	require.NoError(f.t, f.conn.Write(f.ctx, websocket.MessageText, raw))
}

func (f *follower) hear() (kind, id, raw string) {
	f.t.Helper()
	_, text, err := f.conn.Read(f.ctx)
	require.NoError(f.t, err)
	var m struct{ Type, ID string }
	require.NoError(f.t, json.Unmarshal(text, &m))
	return m.Type, m.ID, string(text)
}

// subscribe begins a subscription and gives its id.
func (f *follower) subscribe(selection string) string {
	f.t.Helper()
	f.n++
	id := fmt.Sprint(f.n)
	probed.Add(1)
	f.say(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": "subscription { " + selection + " }"}})
	return id
}

// until hears until something was said of a text, and gives all that was said to look at.
func (f *follower) until(text string, look func(raw string)) {
	f.t.Helper()
	for {
		kind, id, raw := f.hear()
		look(raw)
		f.ended[id] = f.ended[id] || kind == "error" || kind == "complete"
		if kind == "next" {
			f.told++
		}
		if strings.Contains(raw, text) {
			return
		}
	}
}

// followed are the selections of subscriptions, by field. A new one is red here until it is written.
var followed = map[string]string{
	"flowRunUpdated": `{ id summary customer { externalId name } input output graph { nodes { id } } }`, "flowRunsUpdated": `{ id summary customer { externalId name } input }`,
	"issueChanged": `{ id title customers { nodes { name } } integration { name } evidence { nodes { summary } } activity { note } assignee { email } diagnosis { cause steps { text } signals } children { title } }`,
	"alarmChanged": `{ id peak rule { name customer { name } integration { name } flow { key } endpoints { target } } }`,
	"logAdded":     `{ id summary externalId customer { externalId name } metadata ... on InternalEvent { payload { text } } ... on ApiRequest { url requestBody { text } } }`,
}

// subscriptions shows that whoever of tenant b, or of one customer of it, follows anything by anything of tenant a's is told
// nothing of a, before and while a changes.
func (w *world) subscriptions(t *testing.T) {
	a := w.follower(t, w.a.owner)
	a.subscribe("logAdded " + followed["logAdded"])
	for _, name := range []string{"OWNER", "customer"} {
		v, b := w.tenantA(), w.follower(t, w.b.callers[name])
		look := func(raw string) { v.unharmed(t, raw, b.asked...) }
		b.subscribe("logAdded " + followed["logAdded"])
		b.subscribe("flowRunsUpdated " + followed["flowRunsUpdated"])
		for _, f := range w.schema.types["Subscription"].Fields {
			require.Contains(t, followed, f.Name, "say in subscription_test.go what to ask of it")
		}
		for id, kind := range sampleIDs(v) {
			b.asked = append(b.asked, id)
			b.subscribe(fmt.Sprintf("flowRunUpdated(id: %q) %s", id, followed["flowRunUpdated"]))
			if argument := map[string]string{"Customer": "customerIds: [%q]", "Integration": "integrationIds: [%q]", "ConnectedApp": "connectedAppIds: [%q]", "FlowRun": "flowRunId: %q"}[kind]; argument != "" {
				b.subscribe(fmt.Sprintf("logAdded(filter: {"+argument+"}) "+followed["logAdded"], id))
			}
			if argument := map[string]string{"Customer": "customerIds: [%q]", "Integration": "integrationIds: [%q]", "Flow": "flowIds: [%q]"}[kind]; argument != "" {
				b.subscribe(fmt.Sprintf("flowRunsUpdated(filter: {"+argument+"}) "+followed["flowRunsUpdated"], id))
			}
		}
		// A cursor of another tenant is a place like any other: behind it come the caller's own entries.
		var page struct {
			Logs struct{ PageInfo struct{ StartCursor string } }
		}
		w.a.owner.must(t, &page, `{ logs(order: OLDEST_FIRST, first: 1) { pageInfo { startCursor } } }`, nil)
		b.subscribe(fmt.Sprintf("logAdded(after: %q) { id }", page.Logs.PageInfo.StartCursor))
		// And from the beginning on: all runs of b, and none of a.
		b.subscribe(fmt.Sprintf("flowRunsUpdated(after: %q) %s", beginning("run_changes", uuid.Nil.String()), followed["flowRunsUpdated"]))
		for _, id := range b.asked {
			b.subscribe(fmt.Sprintf("flowRunUpdated(id: %q, after: %q) %s", id, beginning("run_changes", uuid.Nil.String()), followed["flowRunUpdated"]))
		}
		b.say(map[string]any{"type": "ping"})
		b.until(`"pong"`, look)

		w.a.change(t, name)
		a.until("live-"+name, func(string) {})
		w.b.change(t, name)
		b.until("live-"+name, look)
		b.say(map[string]any{"type": "ping"})
		b.until(`"pong"`, look)
		require.NotZero(t, b.told)
	}
	w.changes(t)
	// A key that may only send may follow nothing, and nobody is nobody.
	for _, query := range []string{"logAdded { id }", "flowRunsUpdated { id }", "issueChanged { id }", "alarmChanged { id }"} {
		f := w.follower(t, w.b.callers["key INGEST"])
		f.subscribe(query)
		kind, _, raw := f.hear()
		require.Equal(t, "error", kind)
		require.Contains(t, raw, "FORBIDDEN")
	}
}

// beginning is the cursor before all changes of a stream.
func beginning(stream string, within ...string) string {
	return page.EncodeCursor(stream, append([]string{"0"}, within...)...)
}

// changes is the same of issues and alarms.
func (w *world) changes(t *testing.T) {
	t.Helper()
	for _, name := range []string{"OWNER", "customer"} {
		v, b := w.tenantA(), w.follower(t, w.b.callers[name])
		look := func(raw string) { v.unharmed(t, raw, b.asked...) }
		// From the beginning on, so that what is heard first shows that they follow.
		b.subscribe(fmt.Sprintf("issueChanged(after: %q) %s", beginning("issue_changes"), followed["issueChanged"]))
		b.subscribe(fmt.Sprintf("alarmChanged(after: %q) %s", beginning("alarm_changes"), followed["alarmChanged"]))
		for id, kind := range sampleIDs(v) {
			b.asked = append(b.asked, id)
			if argument := map[string]string{"Customer": "customerIds: [%q]", "Integration": "integrationIds: [%q]", "ConnectedApp": "connectedAppIds: [%q]", "Member": "assigneeId: %q"}[kind]; argument != "" {
				b.subscribe(fmt.Sprintf("issueChanged(filter: {"+argument+"}) "+followed["issueChanged"], id))
			}
		}
		mine := nodeid.Format(nodeid.Issue, w.b.failing().ID(w.b.tenant.ID))
		b.until(mine, look)
		w.a.alter(t)
		w.b.alter(t)
		b.until(mine, look)
		if name == "customer" {
			require.True(t, b.ended["2"], "alarms are not for customers")
			continue
		}
		w.b.alter(t)
		b.until(`"alarmChanged"`, look)
	}
}

// alter changes an issue of the company's first customer, and then an alarm.
func (co *company) alter(t *testing.T) {
	t.Helper()
	co.owner.must(t, nil, `mutation { assignIssue(input: {id: "`+nodeid.Format(nodeid.Issue, co.failing().ID(co.tenant.ID))+`", memberId: "`+ownMember+`"}) { userErrors { message } } }`, nil)
	door := tenant.NewDoor(co.w.db.Pool(t))
	defer func() { require.NoError(t, door.Close()) }()
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(co.tenant.ID))
	require.NoError(t, door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		tag, err := tx.Pgx().Exec(ctx, "UPDATE alarm SET peak = peak + 1, change_no = 0 WHERE tenant_id = $1", tx.TenantID())
		require.NoError(t, err)
		require.NotZero(t, tag.RowsAffected())
		_, err = numbering.Of("alarm", "true").Number(ctx, tx)
		return err
	}))
}

// change commits something of the company's first customer that everybody of it is told of.
func (co *company) change(t *testing.T, name string) {
	t.Helper()
	at := func(kind string, data event) event {
		return event{"type": kind, "customer": "customer-1", "data": data}
	}
	r := co.ingest.deliver(t, []event{
		at("flow_run", event{"flow": "flow-1", "status": "running", "input": event{"word": co.mark(own, "live")}}),
		at("api_request", event{"method": "GET", "url": "https://example.com/" + co.mark(own, "live") + "/live-" + name, "response": event{"status": 200}}),
	})
	require.Empty(t, r.Rejected)
}

// sampleIDs are some ids of each type of the victim's, with their types.
func sampleIDs(v *victim) map[string]string {
	out, count := map[string]string{}, map[string]int{}
	ids := make([]string, 0, len(v.ids))
	for id := range v.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if kind := v.ids[id]; count[kind] < 1 && !v.tied[id] {
			count[kind]++
			out[id] = kind
		}
	}
	return out
}
