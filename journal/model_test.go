package journal

import (
	"cmp"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// model says in plain words what a filter finds, and in which order.
func model(list []*entry.Entry, f entry.Filter, order entry.Order) []*entry.Entry {
	var found []*entry.Entry
	for _, e := range list {
		if finds(f, e) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b *entry.Entry) int {
		if order == entry.NewestFirst {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.Micros(), b.Micros()), slices.Compare(a.ID[:], b.ID[:]))
	})
	return found
}

func finds(f entry.Filter, e *entry.Entry) bool {
	at := e.OccurredAt()
	switch {
	case e.Kind == entry.KindLogLine && !slices.Contains(f.Kinds, entry.KindLogLine),
		!among(f.Kinds, e.Kind), !among(f.CustomerIDs, e.CustomerID), !among(f.IntegrationIDs, e.IntegrationID),
		!among(f.ConnectedAppIDs, e.ConnectedAppID), !among(f.Statuses, e.Status), !among(f.Methods, e.Method),
		!among(f.ErrorCodes, e.ErrorCode), !among(f.ErrorKinds, e.ErrorKind), !among(f.EventTypes, e.EventType),
		!among(f.StatusCode.In, e.StatusCode),
		f.StatusCode.Equal != nil && e.StatusCode != *f.StatusCode.Equal,
		f.StatusCode.Min != nil && (e.StatusCode == 0 || e.StatusCode < *f.StatusCode.Min),
		f.StatusCode.Max != nil && (e.StatusCode == 0 || e.StatusCode > *f.StatusCode.Max),
		f.DurationMS.Min != nil && (e.DurationMS < 0 || e.DurationMS < *f.DurationMS.Min),
		f.DurationMS.Max != nil && (e.DurationMS < 0 || e.DurationMS > *f.DurationMS.Max),
		f.Direction != entry.DirectionNone && e.Direction != f.Direction,
		!f.Range.From.IsZero() && at.Before(f.Range.From), !f.Range.To.IsZero() && !at.Before(f.Range.To),
		f.FlowRunID != uuid.Nil && e.FlowRunID != f.FlowRunID, f.NodeRunID != uuid.Nil && e.NodeRunID != f.NodeRunID,
		f.TraceID != "" && e.TraceID != f.TraceID, e.Level < f.MinLevel:
		return false
	}
	if f.EndpointPrefix != "" {
		u, err := url.Parse(e.URL)
		if !strings.HasPrefix(e.Endpoint, f.EndpointPrefix) && (err != nil || !strings.HasPrefix(u.Path, f.EndpointPrefix)) {
			return false
		}
	}
	if want := f.Identifier; want != nil && !slices.ContainsFunc(e.Identifiers, func(id entry.Identifier) bool {
		return id.Value == want.Value && (want.Key == "" || want.Key == id.Key)
	}) {
		return false
	}
	return says(e, f.Search)
}

func among[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// says tells whether each term of the search stands in one of the entry's texts. The texts of the tests are words with
// blanks around them, so that a substring is a word.
func says(e *entry.Entry, search string) bool {
	texts := []string{e.URL, e.ErrorCode, e.Message, e.ExternalID, e.EventType}
	for _, id := range e.Identifiers {
		texts = append(texts, id.Value)
	}
	if e.Detail.RequestBody != nil {
		texts = append(texts, e.Detail.RequestBody.Text)
	}
	for i, part := range strings.Split(strings.ToLower(search), `"`) {
		terms := strings.Fields(part)
		if i%2 == 1 {
			terms = []string{part}
		}
		for _, term := range terms {
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), term) }) {
				return false
			}
		}
	}
	return true
}

// filters are one of each field, and some together.
func (w *world) filters() map[string]entry.Filter {
	value := func(v int) *int { return &v }
	ms := func(v float64) *float64 { return &v }
	failed := []entry.Status{entry.StatusFailure}
	return map[string]entry.Filter{
		"nothing":             {},
		"kinds":               {Kinds: []entry.Kind{entry.KindAPIRequest, entry.KindTransaction}},
		"customers":           {CustomerIDs: w.customers[:2]},
		"no customer":         {CustomerIDs: []uuid.UUID{uuid.Nil}},
		"unknown customer":    {CustomerIDs: []uuid.UUID{uuid.New()}},
		"integrations":        {IntegrationIDs: w.integrations[1:3]},
		"connected apps":      {ConnectedAppIDs: w.apps[:1]},
		"statuses":            {Statuses: []entry.Status{entry.StatusPending, entry.StatusUnknown}},
		"failures":            {Statuses: failed},
		"customer's failures": {Statuses: failed, CustomerIDs: w.customers[:1]},
		"failures of nobody":  {Statuses: failed, CustomerIDs: []uuid.UUID{uuid.Nil, w.customers[0]}},
		"failures by code":    {Statuses: failed, ErrorCodes: []string{"LIMIT", "INVALID"}, Kinds: []entry.Kind{entry.KindAPIRequest}},
		"failures by method":  {Statuses: failed, Methods: []string{"POST"}, ConnectedAppIDs: w.apps[:3], StatusCode: entry.IntRange{Equal: value(429)}},
		"failures by search":  {Statuses: failed, Search: "expired"},
		"status code":         {StatusCode: entry.IntRange{Equal: value(401)}},
		"status codes":        {StatusCode: entry.IntRange{In: []int{200, 500}}},
		"status code range":   {StatusCode: entry.IntRange{Min: value(400), Max: value(499)}},
		"methods":             {Methods: []string{"GET", "DELETE"}},
		"endpoint":            {EndpointPrefix: "/v3/contacts/{"},
		"path":                {EndpointPrefix: "/v3/contacts/1"},
		"direction":           {Direction: entry.Inbound},
		"error codes":         {ErrorCodes: []string{"EXPIRED"}},
		"error kinds":         {ErrorKinds: []entry.ErrorKind{entry.ErrorTimeout}},
		"duration":            {DurationMS: entry.FloatRange{Min: ms(100), Max: ms(500)}},
		"range":               {Range: entry.Range{From: noon.Add(-9 * 24 * time.Hour), To: noon.Add(-30 * time.Hour)}},
		"within a day":        {Range: entry.Range{From: noon.Add(-5 * time.Hour), To: noon.Add(-time.Hour)}, Statuses: failed},
		"word":                {Search: "invoice"},
		"words":               {Search: "invoice ZÜRICH"},
		"phrase":              {Search: `"session expired"`},
		"unknown word":        {Search: "nowhere"},
		"word and customer":   {Search: "A-1001", CustomerIDs: w.customers[2:3], Kinds: []entry.Kind{entry.KindAPIRequest}},
		"identifier":          {Identifier: &entry.IdentifierFilter{Value: "ord-3"}},
		"identifier with key": {Identifier: &entry.IdentifierFilter{Key: "order", Value: "ord-4"}},
		"identifier, failed":  {Identifier: &entry.IdentifierFilter{Value: "ord-5"}, Statuses: failed},
		"flow run":            {FlowRunID: w.runs[0]},
		"node run":            {NodeRunID: w.nodes[1]},
		"node run of a run":   {FlowRunID: w.runs[1], NodeRunID: w.nodes[0]},
		"trace":               {TraceID: w.traces[0], Kinds: []entry.Kind{entry.KindExternalEvent}},
		"event types":         {EventTypes: []string{"deal.won"}},
		"flow runs only":      {Kinds: []entry.Kind{entry.KindTransaction, entry.KindFlowRun}},
		"everything at once": {Kinds: []entry.Kind{entry.KindAPIRequest}, CustomerIDs: w.customers[:3], IntegrationIDs: w.integrations[:3],
			Statuses: []entry.Status{entry.StatusFailure, entry.StatusSuccess}, EndpointPrefix: "/v3", Methods: []string{"GET", "POST", "PATCH"},
			Range: entry.Range{From: noon.Add(-10 * 24 * time.Hour)}, Search: "example"},
	}
}

// filter is one of the filters at random.
func (w *world) filter(r *rand.Rand) (name string, f entry.Filter) {
	all := w.filters()
	names := make([]string, 0, len(all))
	for n := range all {
		names = append(names, n)
	}
	slices.Sort(names)
	name = pick(r, names)
	return name, all[name]
}
