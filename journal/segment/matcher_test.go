package segment

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
)

// found is what a reader finds in a segment, by head and list.
func found(t require.TestingT, enc *Encoded, m *Matcher) (positions []int) {
	head, err := OpenHead(enc.Head)
	require.NoError(t, err)
	list, err := OpenList(enc.List)
	require.NoError(t, err)
	for _, i := range head.Match(m, []int{-1})[1:] {
		var e entry.Entry
		head.Row(i, &e.Head)
		require.NoError(t, list.Row(i, &e.List))
		if !m.NeedsList() || m.MatchList(&e) {
			positions = append(positions, i)
		}
	}
	return positions
}

func encoded(t require.TestingT, entries []*entry.Entry) *Encoded {
	enc, err := NewEncoder().Encode(entries)
	require.NoError(t, err)
	return &enc
}

// Each case names a filter and what the entries that it finds have in common: nothing else has that.
func TestMatch(t *testing.T) {
	t.Parallel()
	g := newGenerator(20)
	entries := g.entries(400)
	entries[9].Level, entries[9].Kind = entry.LevelWarn, entry.KindLogLine
	one := entries[17]
	one.NodeRunID, one.FlowRunID, one.TraceID = g.uuid(), g.uuid(), "4bf92f3577b34da6a3ce929d0e0e4736"
	one.Identifiers = []entry.Identifier{{Key: "order_id", Value: "A-7"}, {Key: "invoice", Value: "R-7"}}
	one.URL = "https://api.hubapi.com/crm/v3/objects/contacts/only-one?limit=1"
	one.IssueID, entries[20].Category = g.uuid(), "rate_limited"
	number := func(v int) *int { return &v }
	float := func(v float64) *float64 { return &v }
	at := func(i int) time.Time { return entries[i].OccurredAt() }
	cases := map[string]struct {
		filter entry.Filter
		want   func(i int, e *entry.Entry) bool
	}{
		"nothing": {entry.Filter{}, func(int, *entry.Entry) bool { return true }},
		"kind": {entry.Filter{Kinds: []entry.Kind{entry.KindExternalWebhook, entry.KindExternalEvent}}, func(_ int, e *entry.Entry) bool {
			return e.Kind == entry.KindExternalWebhook || e.Kind == entry.KindExternalEvent
		}},
		"absent kind": {entry.Filter{Kinds: []entry.Kind{entry.KindTransaction}}, func(int, *entry.Entry) bool { return false }},
		"status":      {entry.Filter{Statuses: []entry.Status{entry.StatusFailure}}, func(_ int, e *entry.Entry) bool { return e.Status == entry.StatusFailure }},
		"customer":    {entry.Filter{CustomerIDs: []uuid.UUID{one.CustomerID, g.uuid()}}, func(_ int, e *entry.Entry) bool { return e.CustomerID == one.CustomerID }},
		"integration": {entry.Filter{IntegrationIDs: []uuid.UUID{one.IntegrationID}}, func(_ int, e *entry.Entry) bool { return e.IntegrationID == one.IntegrationID }},
		"app":         {entry.Filter{ConnectedAppIDs: []uuid.UUID{one.ConnectedAppID}}, func(_ int, e *entry.Entry) bool { return e.ConnectedAppID == one.ConnectedAppID }},
		"category":    {entry.Filter{Categories: []string{"rate_limited", "none"}}, func(_ int, e *entry.Entry) bool { return e.Category == "rate_limited" }},
		"issue":       {entry.Filter{IssueIDs: []uuid.UUID{one.IssueID}}, func(_ int, e *entry.Entry) bool { return e.IssueID == one.IssueID }},
		"stranger":    {entry.Filter{CustomerIDs: []uuid.UUID{g.uuid()}}, func(int, *entry.Entry) bool { return false }},
		"run":         {entry.Filter{FlowRunID: one.FlowRunID}, func(i int, _ *entry.Entry) bool { return i == 17 }},
		"node run":    {entry.Filter{NodeRunID: one.NodeRunID}, func(i int, _ *entry.Entry) bool { return i == 17 }},
		"trace":       {entry.Filter{TraceID: one.TraceID}, func(i int, _ *entry.Entry) bool { return i == 17 }},
		"no trace":    {entry.Filter{TraceID: "no trace"}, func(int, *entry.Entry) bool { return false }},
		"direction":   {entry.Filter{Direction: entry.Outbound}, func(_ int, e *entry.Entry) bool { return e.Direction == entry.Outbound }},
		"code":        {entry.Filter{StatusCode: entry.IntRange{Equal: number(202)}}, func(_ int, e *entry.Entry) bool { return e.StatusCode == http.StatusAccepted }},
		"codes": {entry.Filter{StatusCode: entry.IntRange{In: []int{202, 401}}}, func(_ int, e *entry.Entry) bool {
			return e.StatusCode == http.StatusAccepted || e.StatusCode == http.StatusUnauthorized
		}},
		"code range": {entry.Filter{StatusCode: entry.IntRange{Min: number(201), Max: number(401)}}, func(_ int, e *entry.Entry) bool { return e.StatusCode > 200 && e.StatusCode <= 401 }},
		"code below": {entry.Filter{StatusCode: entry.IntRange{Max: number(201)}}, func(_ int, e *entry.Entry) bool { return e.StatusCode == http.StatusOK }},
		"method":     {entry.Filter{Methods: []string{"PATCH"}}, func(_ int, e *entry.Entry) bool { return e.Method == http.MethodPatch }},
		"slow":       {entry.Filter{DurationMS: entry.FloatRange{Min: float(400)}}, func(_ int, e *entry.Entry) bool { return e.DurationMS >= 400 }},
		"fast":       {entry.Filter{DurationMS: entry.FloatRange{Max: float(100)}}, func(_ int, e *entry.Entry) bool { return e.DurationMS >= 0 && e.DurationMS <= 100 }},
		"error kind": {entry.Filter{ErrorKinds: []entry.ErrorKind{entry.ErrorHTTP, entry.ErrorDNS}}, func(_ int, e *entry.Entry) bool { return e.ErrorKind == entry.ErrorHTTP }},
		"error code": {entry.Filter{ErrorCodes: []string{"INVALID_SESSION_ID"}}, func(_ int, e *entry.Entry) bool { return e.ErrorCode != "" }},
		"event type": {entry.Filter{EventTypes: []string{"order.created"}}, func(_ int, e *entry.Entry) bool { return e.EventType == "order.created" }},
		"level":      {entry.Filter{MinLevel: entry.LevelWarn}, func(i int, _ *entry.Entry) bool { return i == 9 }},
		"too high":   {entry.Filter{MinLevel: entry.LevelError}, func(int, *entry.Entry) bool { return false }},
		"endpoint":   {entry.Filter{EndpointPrefix: "/crm/v3/objects/contacts/{"}, func(_ int, e *entry.Entry) bool { return e.Endpoint == "/crm/v3/objects/contacts/{id}" }},
		"path":       {entry.Filter{EndpointPrefix: "/crm/v3/objects/contacts/only"}, func(i int, _ *entry.Entry) bool { return i == 17 }},
		"identifier": {entry.Filter{Identifier: &entry.IdentifierFilter{Key: "invoice", Value: "R-7"}}, func(i int, _ *entry.Entry) bool { return i == 17 }},
		"any key":    {entry.Filter{Identifier: &entry.IdentifierFilter{Value: "A-7"}}, func(i int, _ *entry.Entry) bool { return i == 17 }},
		"other key":  {entry.Filter{Identifier: &entry.IdentifierFilter{Key: "order_id", Value: "R-7"}}, func(int, *entry.Entry) bool { return false }},
		"from":       {entry.Filter{Range: entry.Range{From: at(100)}}, func(i int, _ *entry.Entry) bool { return i >= 100 }},
		"after":      {entry.Filter{Range: entry.Range{From: at(100).Add(1)}}, func(i int, _ *entry.Entry) bool { return i > 100 }},
		"to":         {entry.Filter{Range: entry.Range{To: at(100)}}, func(i int, _ *entry.Entry) bool { return i < 100 }},
		"just to":    {entry.Filter{Range: entry.Range{To: at(100).Add(1)}}, func(i int, _ *entry.Entry) bool { return i <= 100 }},
		"two at once": {entry.Filter{Methods: []string{"GET"}, IntegrationIDs: []uuid.UUID{one.IntegrationID}}, func(_ int, e *entry.Entry) bool {
			return e.Method == http.MethodGet && e.IntegrationID == one.IntegrationID
		}},
	}
	enc := encoded(t, entries)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMatcher(&c.filter)
			require.NoError(t, err)
			var want []int
			for i, e := range entries {
				if c.want(i, e) {
					want = append(want, i)
				}
				require.Equal(t, c.want(i, e), m.Matches(e))
			}
			require.Equal(t, want, found(t, enc, m))
			if len(want) > 0 {
				require.True(t, m.MayMatch(enc))
			}
		})
	}
}

// A head finds what looking at each entry finds, whatever the entries and the filter are.
func TestMatchFindsWhatMatchesTells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		like := rapid.SampledFrom(entries).Draw(t, "an entry to find")
		yes := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
		var f entry.Filter
		if yes("kinds") {
			f.Kinds = []entry.Kind{like.Kind}
		}
		if yes("statuses") {
			f.Statuses = []entry.Status{like.Status, entry.StatusPending}
		}
		if yes("customers") {
			f.CustomerIDs = []uuid.UUID{like.CustomerID}
		}
		if yes("runs") {
			f.FlowRunID = like.FlowRunID
		}
		if yes("trace") {
			f.TraceID = like.TraceID
		}
		if yes("methods") {
			f.Methods = []string{like.Method}
		}
		if yes("duration") {
			f.DurationMS = entry.FloatRange{Min: &like.DurationMS}
		}
		if yes("code") {
			f.StatusCode = entry.IntRange{Min: &like.StatusCode}
		}
		if yes("event type") {
			f.EventTypes = []string{like.EventType, "other"}
		}
		if yes("range") {
			f.Range.From = like.OccurredAt()
		}
		m, err := NewMatcher(&f)
		require.NoError(t, err)
		if yes("page") {
			order := entry.Order(rapid.IntRange(0, 1).Draw(t, "order"))
			m = m.Page(order, &entry.Position{Micros: like.Micros(), ID: like.ID})
		}
		var want []int
		for i, e := range entries {
			if m.Matches(e) {
				want = append(want, i)
			}
		}
		enc := encoded(t, entries)
		require.Equal(t, want, found(t, enc, m))
		if len(want) > 0 {
			require.True(t, m.MayMatch(enc))
		}
	})
}

func TestPage(t *testing.T) {
	t.Parallel()
	entries := newGenerator(21).entries(10)
	enc := encoded(t, entries)
	m, err := NewMatcher(&entry.Filter{})
	require.NoError(t, err)
	after := &entry.Position{Micros: entries[4].Micros(), ID: entries[4].ID}
	require.Equal(t, []int{0, 1, 2, 3}, found(t, enc, m.Page(entry.NewestFirst, after)))
	require.Equal(t, []int{5, 6, 7, 8, 9}, found(t, enc, m.Page(entry.OldestFirst, after)))
	require.Len(t, found(t, enc, m), 10, "a page leaves the matcher as it was")
	// A flow run of the same microsecond, with an id of another sort, stands before or behind by its id.
	run := &entry.Position{Micros: entries[4].Micros(), ID: uuid.Max}
	require.Equal(t, []int{5, 6, 7, 8, 9}, found(t, enc, m.Page(entry.OldestFirst, run)))
	require.Equal(t, []int{0, 1, 2, 3, 4}, found(t, enc, m.Page(entry.NewestFirst, run)))
	first, end := m.Page(entry.NewestFirst, after).Span()
	require.Less(t, first, entries[0].Micros())
	require.Equal(t, entries[4].Micros()+1, end)
}

func TestMasksRuleSegmentsOut(t *testing.T) {
	t.Parallel()
	entries := newGenerator(22).entries(20)
	enc := encoded(t, entries)
	for name, f := range map[string]entry.Filter{
		"kind":   {Kinds: []entry.Kind{entry.KindLogLine}},
		"status": {Statuses: []entry.Status{entry.StatusPending}},
		"before": {Range: entry.Range{To: entries[0].OccurredAt()}},
		"behind": {Range: entry.Range{From: entries[19].OccurredAt().Add(time.Microsecond)}},
	} {
		m, err := NewMatcher(&f)
		require.NoError(t, err)
		require.False(t, m.MayMatch(enc), name)
	}
}

func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	_, err := NewMatcher(&entry.Filter{Methods: make([]string, maxValues)})
	require.NoError(t, err)
	_, err = NewMatcher(&entry.Filter{Methods: make([]string, maxValues+1), CustomerIDs: make([]uuid.UUID, maxValues+1)})
	require.True(t, errs.Is(err, errs.BadInput))
	require.Len(t, errs.All(err), 2)
}

func TestPathOf(t *testing.T) {
	t.Parallel()
	for url, path := range map[string]string{
		"https://api.example.com/v3/contacts?limit=1#top": "/v3/contacts", "https://api.example.com": "/",
		"https://api.example.com?next=/v3": "/", "/v3/contacts?x": "/v3/contacts", "": "",
	} {
		require.Equal(t, path, pathOf(url), url)
	}
}
