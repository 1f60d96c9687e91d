package graph

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/live"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

const (
	issueQuery = `subscription($after: String, $filter: IssueFilter) { issueChanged(after: $after, filter: $filter) { id status customerCount assignee { id } diagnosis { signals } customers { nodes { name } } } }`
	alarmQuery = `subscription($after: String) { alarmChanged(after: $after) { id status value peak rule { name deletedAt } } }`
)

// joins waits until so many are told of what changes in a stream.
func joins[T any](t *testing.T, feed *live.Feed[T], n int) {
	t.Helper()
	require.Eventually(t, func() bool { return feed.Joined() == n }, 10*time.Second, time.Millisecond)
}

func TestIssuesAreToldAtEachChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	s := serve(t, b)
	mine, filtered := s.connect(t, s.know("mine", w.as(tenant.RoleViewer))), s.connect(t, "mine")
	limited, nobody := s.connect(t, s.know("customer", w.customer(w.target.CustomerID))), s.connect(t, s.know("nobody", w.customer(uuid.New())))
	theirs := s.connect(t, s.know("theirs", other.as(tenant.RoleOwner)))
	for c, filter := range map[*wsClient]vars{
		mine: nil, limited: nil, nobody: nil, filtered: {"statuses": []string{"RESOLVED"}, "categories": []string{"FLOW_FAILING"}},
		theirs: {"customerIds": []string{nodeid.Format(nodeid.Customer, w.target.CustomerID)}},
	} {
		c.subscribe("i", issueQuery, vars{"filter": filter})
	}
	e := s.events(t, "mine", issueQuery, nil)
	joins(t, b.deps.LiveIssues, 6)

	ctx := tenant.WithPrincipal(t.Context(), w.as(tenant.RoleSupport))
	sessions, failing := w.sessions().ID(w.tenant.ID), w.failing().ID(w.tenant.ID)
	var cursors []string
	hear := func(status issues.Status, id string) {
		m := mine.next("i")
		require.Equal(t, id, m.text(t, "issueChanged.id"))
		require.Equal(t, string(status), m.text(t, "issueChanged.status"))
		cursors = append(cursors, m.Extensions.Cursor)
		require.Equal(t, string(status), limited.next("i").text(t, "issueChanged.status"))
		event, data := e.hear()
		require.Equal(t, "next", event)
		require.Contains(t, data, id)
		require.Contains(t, data, m.Extensions.Cursor)
	}
	_, err := b.issues.Acknowledge(ctx, sessions, "")
	require.NoError(t, err)
	hear(issues.Acknowledged, issueID(w.sessions(), w))
	_, err = b.issues.Acknowledge(ctx, failing, "")
	require.NoError(t, err)
	hear(issues.Acknowledged, issueID(w.failing(), w))
	_, err = b.issues.Resolve(ctx, failing, "")
	require.NoError(t, err)
	hear(issues.Resolved, issueID(w.failing(), w))
	require.Equal(t, issueID(w.failing(), w), filtered.next("i").text(t, "issueChanged.id"))
	_, err = b.issues.Resolve(ctx, failing, "")
	require.Error(t, err, "what is undone is not told")
	for _, c := range []*wsClient{mine, limited, nobody, filtered, theirs} {
		c.silent()
	}

	// Behind each cursor each issue that changed since is told once, as it is now.
	for i, want := range [][]string{{"RESOLVED"}, {"RESOLVED"}, {}} {
		c := s.connect(t, "mine")
		c.subscribe("i", issueQuery, vars{"after": cursors[i]})
		for _, status := range want {
			m := c.next("i")
			require.Equal(t, status, m.text(t, "issueChanged.status"))
			require.Equal(t, cursors[2], m.Extensions.Cursor)
		}
		c.silent()
	}
	// A new one is told with whom it hits, and a customer's part of it to the customer.
	key := issues.Key{Category: diagnostics.RunOverdue, IntegrationID: w.target.IntegrationID, Cause: "flow"}
	all := w.condition(&key, issues.Error)
	all.Affected = append(all.Affected, issues.Affected{CustomerID: b.name(t, w.tenant.ID, "second", "salesforce").CustomerID, Since: at(20)})
	b.raise(t, w.tenant.ID, all)
	m := mine.next("i")
	require.Len(t, m.list(t, "issueChanged.customers.nodes"), 2)
	require.InDelta(t, 2, m.at(t, "issueChanged.customerCount"), 0)
	m = limited.next("i")
	require.Len(t, m.list(t, "issueChanged.customers.nodes"), 1)
	require.InDelta(t, 1, m.at(t, "issueChanged.customerCount"), 0)
	require.Empty(t, m.list(t, "issueChanged.diagnosis.signals"))
	nobody.silent()
	theirs.silent()
}

func TestWhatCannotBeFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	s.know("viewer", w.as(tenant.RoleViewer))
	s.know("customer", w.customer(w.target.CustomerID))
	s.know("sender", w.key(tenant.RoleNone, tenant.ScopeIngest))
	last, err := b.deps.Logs.LastCommit(b.system(t, w.tenant.ID))
	require.NoError(t, err)
	theirs := nodeid.Format(nodeid.FlowRun, uuid.New())
	for _, c := range []struct{ who, query, code string }{
		{"viewer", `subscription { issueChanged(after: "x") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { alarmChanged(after: "x") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { issueChanged(filter: {categories: ["NOTHING"]}) { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { issueChanged(filter: {assigneeId: "` + nodeid.Format(nodeid.Member, uuid.New()) + `"}) { id } }`, "FORBIDDEN"},
		{"customer", `subscription { alarmChanged { id } }`, "FORBIDDEN"},
		{"sender", `subscription { issueChanged { id } }`, "FORBIDDEN"},
		{"sender", `subscription { alarmChanged { id } }`, "FORBIDDEN"},
		// A cursor that the tenant has not come to is of a database that was put back.
		{"viewer", `subscription { issueChanged(after: "` + changeCursor("issue_changes", 1000) + `") { id } }`, "RESYNC"},
		{"viewer", `subscription { alarmChanged(after: "` + changeCursor("alarm_changes", 1000) + `") { id } }`, "RESYNC"},
		{"viewer", `subscription { alarmChanged(after: "` + changeCursor("issue_changes", 0) + `") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { alarmChanged(after: "` + changeCursor("alarm_changes", -1) + `") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { flowRunsUpdated(after: "x") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { flowRunUpdated(id: "` + theirs + `", after: "x") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { flowRunsUpdated(after: "` + changeCursor("issue_changes", 0) + `") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { flowRunsUpdated(after: "` + whole(-1).cursor() + `") { id } }`, "BAD_USER_INPUT"},
		{"viewer", `subscription { flowRunUpdated(id: "` + theirs + `", after: "` + whole(0).cursor() + `") { id } }`, "NOT_FOUND"},
		// Also where all but the last commit is there.
		{"viewer", `subscription { flowRunsUpdated(after: "` + whole(last+1).cursor() + `") { id } }`, "RESYNC"},
		{"viewer", `subscription { flowRunsUpdated(after: "` + runPlace{last + 1, uuid.New()}.cursor() + `") { id } }`, "RESYNC"},
		{"viewer", `subscription { flowRunUpdated(id: "` + theirs + `", after: "` + whole(last+1).cursor() + `") { id } }`, "RESYNC"},
		{"viewer", `subscription { logAdded(after: "` + model.FollowedCursor(entry.Position{ID: uuid.New()}, last+1) + `") { id } }`, "RESYNC"},
	} {
		client := s.connect(t, c.who)
		client.subscribe("x", c.query, nil)
		m := client.hear()
		require.Equal(t, "error", m.Type, c.query)
		var list []struct{ Extensions struct{ Code, Cursor string } }
		require.NoError(t, json.Unmarshal(m.Payload, &list))
		require.Equal(t, c.code, list[0].Extensions.Code, c.query)
		require.Empty(t, list[0].Extensions.Cursor)
	}
	// With the role the socket goes, whatever is followed on it.
	for query, role := range map[string]tenant.Role{issueQuery: tenant.RoleSupport, alarmQuery: tenant.RoleViewer} {
		c := s.connect(t, s.know("ends", w.as(role)))
		c.subscribe("x", query, nil)
		s.know("ends", w.as(tenant.RoleDeveloper))
		code, before := c.closed()
		require.EqualValues(t, 4403, code)
		require.Empty(t, before)
	}
}

func TestAlarmsAreToldAtEachChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	now := noon
	store := alarm.NewStore(b.door, alarm.Options{
		Figures: b.deps.Statistics, Teller: b.deps.Notifications, Now: func() time.Time { return now },
		Committed: func(tenantID uuid.UUID, no int64) { b.hub.Hint(live.AlarmStream, tenantID, no) },
	})
	ctx := b.system(t, w.tenant.ID)
	r, err := store.CreateRule(ctx, alarm.CreateRuleInput{Name: "Failures", Condition: alarm.Condition{Metric: alarm.Failures, Comparison: alarm.Above, Threshold: 1, WindowSeconds: 60}})
	require.NoError(t, err)
	s := serve(t, b)
	mine, theirs := s.connect(t, s.know("mine", w.as(tenant.RoleViewer))), s.connect(t, s.know("theirs", other.as(tenant.RoleOwner)))
	for _, c := range []*wsClient{mine, theirs} {
		c.subscribe("a", alarmQuery, nil)
	}
	joins(t, b.deps.LiveAlarms, 2)
	var cursors []string
	hear := func(status alarm.Status, peak float64) string {
		t.Helper()
		m := mine.next("a")
		require.Equal(t, string(status), m.text(t, "alarmChanged.status"))
		require.Equal(t, "Failures", m.text(t, "alarmChanged.rule.name"))
		require.InDelta(t, peak, m.at(t, "alarmChanged.peak"), 0)
		cursors = append(cursors, m.Extensions.Cursor)
		return m.text(t, "alarmChanged.id")
	}
	// Two failures in a minute, three in the next, and then it is disabled.
	for minute, failures := range []int{2, 3} {
		for i := range failures {
			e := w.entry(entry.KindAPIRequest, 3600+60*(minute+1)+i)
			e.Method, e.URL, e.StatusCode, e.Status, e.ErrorKind = "GET", "https://api.example.com/x", 500, entry.StatusFailure, entry.ErrorHTTP
			b.commit(t, w.tenant.ID, []*entry.Entry{e}, nil, nil)
		}
		now = noon.Add(time.Duration(minute+2)*time.Minute + alarm.Lag)
		require.NoError(t, store.Evaluate(ctx))
		hear(alarm.Firing, float64(failures))
	}
	off := false
	_, err = store.UpdateRule(ctx, alarm.UpdateRuleInput{ID: r.ID, Enabled: &off})
	require.NoError(t, err)
	id := hear(alarm.Resolved, 3)
	mine.silent()
	theirs.silent()
	for i, cursor := range cursors {
		c := s.connect(t, "mine")
		c.subscribe("a", alarmQuery, vars{"after": cursor})
		if i < 2 {
			m := c.next("a")
			require.Equal(t, id, m.text(t, "alarmChanged.id"))
			require.Equal(t, "RESOLVED", m.text(t, "alarmChanged.status"))
			require.Equal(t, cursors[2], m.Extensions.Cursor)
		}
		c.silent()
	}
	// One whose rule is deleted while it fires is over, and says so; what was is told behind a cursor as before.
	on := true
	_, err = store.UpdateRule(ctx, alarm.UpdateRuleInput{ID: r.ID, Enabled: &on})
	require.NoError(t, err)
	e := w.entry(entry.KindAPIRequest, 3600+60*4)
	e.Method, e.URL, e.StatusCode, e.Status, e.ErrorKind = "GET", "https://api.example.com/x", 500, entry.StatusFailure, entry.ErrorHTTP
	for i := range 4 {
		again := *e
		again.ID, again.RecordedAt = nodeid.New(noon.Add(4*time.Minute+time.Duration(i)*time.Second)), noon.Add(4*time.Minute+time.Duration(i)*time.Second).UnixMicro()
		b.commit(t, w.tenant.ID, []*entry.Entry{&again}, nil, nil)
	}
	now = noon.Add(5*time.Minute + alarm.Lag)
	require.NoError(t, store.Evaluate(ctx))
	second := hear(alarm.Firing, 4)
	require.NotEqual(t, id, second)
	require.NoError(t, store.DeleteRule(ctx, r.ID))
	require.Equal(t, second, hear(alarm.Resolved, 4))
	mine.silent()
	c := s.connect(t, "mine")
	c.subscribe("a", alarmQuery, vars{"after": cursors[0]})
	for _, want := range []string{id, second} {
		m := c.next("a")
		require.Equal(t, want, m.text(t, "alarmChanged.id"))
		require.Equal(t, "RESOLVED", m.text(t, "alarmChanged.status"))
		require.Equal(t, now.Format(time.RFC3339), m.text(t, "alarmChanged.rule.deletedAt"))
	}
	c.silent()
}
