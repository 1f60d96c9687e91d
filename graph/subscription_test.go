package graph

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

const (
	tailQuery = `subscription($after: String, $filter: LogFilter) { logAdded(after: $after, filter: $filter) { id kind summary customer { externalId } } }`
	runQuery1 = `subscription($id: ID!) { flowRunUpdated(id: $id) { id runStatus graph { nodes { nodeKey runStatus } } } }`
	runsQuery = `subscription($filter: FlowRunFilter) { flowRunsUpdated(filter: $filter) { id runStatus } }`
)

// requests commits API requests that happened so many seconds into the story, and gives their ids.
func (b *bundle) requests(t *testing.T, w *world, seconds ...int) (ids []string) {
	t.Helper()
	var list []*entry.Entry
	for _, s := range seconds {
		e := w.entry(entry.KindAPIRequest, s)
		e.Method, e.URL, e.StatusCode = "GET", fmt.Sprintf("https://api.example.com/%d", s), 200
		list = append(list, e)
		ids = append(ids, nodeid.Format(nodeid.APIRequest, e.ID))
	}
	b.commit(t, w.tenant.ID, list, nil, nil)
	return ids
}

func TestLogsAreToldAsTheyAreCommitted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.world(t, "acme"), b.world(t, "globex")
	s := serve(t, b)
	mine := s.connect(t, s.know("mine", w.as(tenant.RoleViewer)))
	theirs := s.connect(t, s.know("theirs", other.as(tenant.RoleOwner)))
	nobody := s.connect(t, s.know("customer", w.customer(uuid.New())))
	theirCustomers := vars{"filter": map[string]any{"customerIds": []string{nodeid.Format(nodeid.Customer, w.target.CustomerID)}}}
	for c, v := range map[*wsClient]vars{mine: nil, theirs: theirCustomers, nobody: nil} {
		c.subscribe("t", tailQuery, v)
	}
	filtered := s.connect(t, "mine")
	filtered.subscribe("t", tailQuery, vars{"filter": map[string]any{"statusCode": map[string]any{"eq": 404}}})
	searching := s.connect(t, "mine")
	searching.subscribe("t", tailQuery, vars{"filter": map[string]any{"search": "example.com/31"}})
	s.joined(t, 5)

	var cursors []string
	var all []string
	for i := range 4 {
		ids := b.requests(t, w, 30+i, 25+i)
		all = append(all, ids...)
		for _, id := range []string{ids[1], ids[0]} { // By id within a commit, which is by time.
			m := mine.next("t")
			require.Equal(t, id, m.text(t, "logAdded.id"))
			require.Equal(t, "acme", m.text(t, "logAdded.customer.externalId"))
			require.NotEmpty(t, m.Extensions.Cursor)
			cursors = append(cursors, m.Extensions.Cursor)
		}
	}
	require.Equal(t, all[2], searching.next("t").text(t, "logAdded.id"))
	for _, c := range []*wsClient{mine, theirs, nobody, filtered, searching} {
		c.silent()
	}
	// From each cursor the rest is sent, once and in order, even after everything was merged.
	order := []string{all[1], all[0], all[3], all[2], all[5], all[4], all[7], all[6]}
	for range 2 {
		for i, cursor := range cursors {
			c := s.connect(t, "mine")
			c.subscribe("t", tailQuery, vars{"after": cursor})
			for _, id := range order[i+1:] {
				require.Equal(t, id, c.next("t").text(t, "logAdded.id"))
			}
			c.silent()
			require.NoError(t, c.conn.CloseNow())
		}
		_, err := b.deps.Journal.Compact(b.system(t, w.tenant.ID), noon.Add(3*time.Hour))
		require.NoError(t, err)
	}
}

// joined waits until so many subscriptions are told of what is committed.
func (s *site) joined(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return s.deps.Live.Joined() == n }, 10*time.Second, time.Millisecond)
}

// Behind a cursor of a list comes the rest of the list, and what was committed since, wherever in the list it stands.
func TestTailGoesOnBehindAList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	s.know("key", w.as(tenant.RoleViewer))
	filter := vars{"kinds": []string{"API_REQUEST"}, "identifier": map[string]any{"value": "A-1001"}}
	const list = `query($first: Int, $after: String, $filter: LogFilter) { logs(order: OLDEST_FIRST, first: $first, after: $after, filter: $filter) { edges { cursor node { id } } pageInfo { endCursor } } }`
	page := func(first int, after any) (ids, cursors []string) {
		r := b.get(t, w.as(tenant.RoleViewer), list, vars{"first": first, "after": after, "filter": filter})
		for i := range r.list(t, "logs.edges") {
			ids = append(ids, r.text(t, fmt.Sprintf("logs.edges.%d.node.id", i)))
			cursors = append(cursors, r.text(t, fmt.Sprintf("logs.edges.%d.cursor", i)))
		}
		require.Equal(t, cursors[len(cursors)-1], r.text(t, "logs.pageInfo.endCursor"))
		return ids, cursors
	}
	for i := range 10 {
		b.requests(t, w, 40+i, 100-i)
	}
	ids, cursors := page(100, nil)
	require.Len(t, ids, 21)
	second, more := page(5, cursors[4])
	require.Equal(t, ids[5:10], second)
	late := b.requests(t, w, 15, 70)
	latest := b.requests(t, w, 95, 16, 41)

	read := func(c *wsClient, n int) (got, at []string) {
		got = []string{}
		for range n {
			m := c.next("t")
			got, at = append(got, m.text(t, "logAdded.id")), append(at, m.Extensions.Cursor)
		}
		c.silent()
		return got, at
	}
	for i, cursor := range append(cursors, more...) {
		if i >= len(cursors) {
			i = i - len(cursors) + 5
		}
		c := s.connect(t, "key")
		c.subscribe("t", tailQuery, vars{"after": cursor, "filter": filter})
		got, at := read(c, len(ids)-1-i+5)
		want := append(append(append([]string{}, ids[i+1:]...), late...), latest...)
		require.ElementsMatch(t, want, got, "behind %d", i)
		if i%7 != 0 {
			continue
		}
		// And so on from any place in it.
		for j, again := range at {
			c := s.connect(t, "key")
			c.subscribe("t", tailQuery, vars{"after": again, "filter": filter})
			rest, _ := read(c, len(got)-1-j)
			require.Equal(t, got[j+1:], rest, "behind %d, behind %d", i, j)
			require.NoError(t, c.conn.CloseNow())
		}
	}
	// A cursor that was made before commits were in it.
	c := s.connect(t, "key")
	place, err := nodeid.ParseAs(nodeid.APIRequest, ids[19])
	require.NoError(t, err)
	c.subscribe("t", tailQuery, vars{"after": cursorOf(place), "filter": filter})
	got, _ := read(c, 1)
	require.Equal(t, ids[20:], got)
	next := b.requests(t, w, 1)
	require.Equal(t, next[0], c.next("t").text(t, "logAdded.id"))
}

func TestRunsAreToldAtEachChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	c := s.connect(t, s.know("key", w.as(tenant.RoleViewer)))
	ids := map[string]string{}
	event := func(name string, status run.Status, seconds int) []run.FlowRunEvent {
		started := at(seconds)
		e := run.FlowRunEvent{ID: run.FlowRunID(w.tenant.ID, name), ExternalID: name, At: at(seconds), RecordedAt: noon, FlowID: w.target.FlowID,
			CustomerID: w.target.CustomerID, Status: status, StartedAt: &started}
		if status.Final() {
			e.StartedAt, e.FinishedAt = nil, &started
		}
		if status == run.Failed {
			e.Error = &run.Error{Code: "X", Message: "it failed"}
		}
		ids[name] = nodeid.Format(nodeid.FlowRun, e.ID)
		return []run.FlowRunEvent{e}
	}
	b.commit(t, w.tenant.ID, nil, event("one", run.Running, 50), nil)
	c.subscribe("run", runQuery1, vars{"id": ids["one"]})
	require.Equal(t, "RUNNING", c.next("run").text(t, "flowRunUpdated.runStatus"))
	s.joined(t, 1)
	started := at(51)
	b.commit(t, w.tenant.ID, nil, nil, []run.NodeRunEvent{{ID: run.NodeRunID(w.tenant.ID, "n"), ExternalID: "n", FlowRunID: run.FlowRunID(w.tenant.ID, "one"), FlowRunExternalID: "one",
		At: started, RecordedAt: noon, NodeKey: "step", Status: run.Running, StartedAt: &started}})
	require.Equal(t, "step", c.next("run").text(t, "flowRunUpdated.graph.nodes.0.nodeKey"))

	failed := s.connect(t, "key")
	failed.subscribe("runs", runsQuery, vars{"filter": map[string]any{"runStatuses": []string{"FAILED"}}})
	every := s.connect(t, "key")
	every.subscribe("logs", tailQuery, vars{"filter": map[string]any{"kinds": []string{"FLOW_RUN"}}})
	failures := s.connect(t, "key")
	failures.subscribe("logs", tailQuery, vars{"filter": map[string]any{"statuses": []string{"FAILURE"}}})
	stranger := s.connect(t, s.know("stranger", w.customer(uuid.New())))
	stranger.subscribe("run", runQuery1, vars{"id": ids["one"]})
	require.Contains(t, string(stranger.hear().Payload), "NOT_FOUND")
	stranger.subscribe("runs", runsQuery, nil)
	s.joined(t, 5)

	b.commit(t, w.tenant.ID, nil, event("two", run.Queued, 60), nil)
	require.Equal(t, ids["two"], every.next("logs").text(t, "logAdded.id"))
	b.commit(t, w.tenant.ID, nil, event("two", run.Failed, 61), nil)
	require.Equal(t, ids["two"], failed.next("runs").text(t, "flowRunsUpdated.id"))
	require.Equal(t, ids["two"], failures.next("logs").text(t, "logAdded.id"))
	b.commit(t, w.tenant.ID, nil, event("one", run.Succeeded, 62), nil)
	require.Equal(t, "SUCCEEDED", c.next("run").text(t, "flowRunUpdated.runStatus"))
	for _, client := range []*wsClient{c, failed, every, failures, stranger} {
		client.silent()
	}
}

func TestEventsOfServers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	s.know("key", w.as(tenant.RoleSupport))
	e := s.events(t, "key", tailQuery, nil)
	require.Equal(t, 200, e.answer.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", e.answer.Header.Get("Content-Type"))
	s.joined(t, 1)
	ids := b.requests(t, w, 80)
	event, data := e.hear()
	require.Equal(t, "next", event)
	require.Contains(t, data, ids[0])
	require.Contains(t, data, `"cursor":`)
	for query, want := range map[string]string{
		`{ viewer { role } }`:             `{"data":{"viewer":{"role":"SUPPORT"}}}`,
		`subscription { logAdded { x } }`: `BAD_USER_INPUT`,
	} {
		e := s.events(t, "key", query, nil)
		event, data := e.hear()
		require.Equal(t, "next", event)
		require.Contains(t, data, want)
		event, _ = e.hear()
		require.Equal(t, "complete", event)
	}
	_, data = s.events(t, "", tailQuery, nil).hear()
	require.Contains(t, data, "UNAUTHENTICATED")
	r := b.ask(t, w.as(tenant.RoleOwner), `subscription { logAdded { id } }`, nil)
	require.Equal(t, 400, r.status)
}

// Who does not read is cut off, told so, and goes on behind what was read; nobody else waits for it.
func TestSlowClientIsToldToResync(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.world(t, "acme")
	s := serve(t, b)
	s.know("key", w.as(tenant.RoleSupport))
	slow, quick := s.connect(t, "key"), s.connect(t, "key")
	for _, c := range []*wsClient{slow, quick} {
		// Much is said of each entry, so that the network's own buffers are soon full.
		c.subscribe("t", `subscription { logAdded { id identifiers { key value } ... on ApiRequest { url } } }`, nil)
	}
	s.joined(t, 2)
	var ids []string
	for i := range 60 {
		e := w.entry(entry.KindAPIRequest, 100+i)
		e.Method, e.URL = "GET", "https://api.example.com/"+fmt.Sprintf("%0400000d", i)
		ids = append(ids, nodeid.Format(nodeid.APIRequest, e.ID))
		b.commit(t, w.tenant.ID, []*entry.Entry{e}, nil, nil)
		require.Equal(t, ids[i], quick.next("t").text(t, "logAdded.id"))
	}
	var got []string
	for {
		m := slow.hear()
		if m.Type == "next" {
			one := &message{}
			require.NoError(t, json.Unmarshal(m.Payload, one))
			got = append(got, one.text(t, "logAdded.id"))
			continue
		}
		require.Equal(t, "error", m.Type)
		var list []struct{ Extensions struct{ Code, Cursor string } }
		require.NoError(t, json.Unmarshal(m.Payload, &list))
		require.Equal(t, "RESYNC", list[0].Extensions.Code)
		require.Less(t, len(got), len(ids))
		slow.subscribe("t", tailQuery, vars{"after": list[0].Extensions.Cursor})
		break
	}
	for len(got) < len(ids) {
		got = append(got, slow.next("t").text(t, "logAdded.id"))
	}
	require.Equal(t, ids, got)
}

func cursorOf(id uuid.UUID) string {
	return model.LogCursor(journal.Item{Entry: &entry.Entry{Head: entry.Head{ID: id}}}.Position())
}
