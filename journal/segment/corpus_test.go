package segment

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/journal/entry"
)

// corpusEvent is what an event of the corpus says.
type corpusEvent struct {
	ID          string    `json:"id"`
	OccurredAt  time.Time `json:"occurred_at"`
	Customer    string
	Integration string
	Status      string
	Identifiers map[string]string
	Data        struct {
		Method, URL, Endpoint string
		DurationMS            float64 `json:"duration_ms"`
		Request, Response     corpusMessage
	}
}

type corpusMessage struct {
	Status  int
	Headers json.RawMessage
	Body    json.RawMessage
}

// corpusSegments is what a tenant of `make bench` sends in some requests of 1,000 entries, cut by day: the entries of each
// segment.
func corpusSegments(tb testing.TB, requests int) (parts [][]*entry.Entry) {
	tb.Helper()
	corpus := simulate.NewCorpus(simulate.CorpusOptions{
		Seed: 1, Entries: 1_000_000, Tenants: 20, Days: 30, End: time.Date(2026, 3, 10, 15, 0, 0, 0, time.UTC),
	})
	ids := nodeid.NewMaker()
	var e simulate.Entry
	day := time.Time{}
	for n := range 1000 * requests {
		corpus.Fill(&e, 3, n)
		if d := e.OccurredAt.Truncate(24 * time.Hour); n%1000 == 0 || d != day {
			parts, day = append(parts, nil), d
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], corpusEntry(tb, ids, e.Document))
	}
	return parts
}

func corpusEntry(tb testing.TB, ids *nodeid.Maker, document []byte) *entry.Entry {
	tb.Helper()
	var in corpusEvent
	require.NoError(tb, json.Unmarshal(document, &in))
	e := &entry.Entry{
		Head: entry.Head{
			ID: ids.New(in.OccurredAt), RecordedAt: in.OccurredAt.Truncate(time.Hour).Add(time.Hour).UnixMicro(),
			Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, Direction: entry.Outbound,
			CustomerID: idOf(in.Customer), IntegrationID: idOf(in.Integration), StatusCode: in.Data.Response.Status,
			Method: in.Data.Method, Endpoint: in.Data.Endpoint, DurationMS: in.Data.DurationMS,
		},
		List: entry.List{URL: in.Data.URL, Attempt: 1, ExternalID: in.ID},
		Detail: &entry.Detail{
			RequestHeaders: corpusHeaders(tb, in.Data.Request.Headers), ResponseHeaders: corpusHeaders(tb, in.Data.Response.Headers),
			RequestBody: corpusBody(in.Data.Request.Body), ResponseBody: corpusBody(in.Data.Response.Body),
		},
	}
	e.ConnectedAppID = nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
	if in.Status == "failure" {
		e.Status, e.ErrorKind, e.ErrorCode = entry.StatusFailure, entry.ErrorHTTP, "RATE_LIMITED"
	}
	for key, value := range in.Identifiers {
		e.Identifiers = append(e.Identifiers, entry.Identifier{Key: key, Value: value})
	}
	layTogether(e)
	return e
}

// layTogether puts an entry's strings one behind the other, as they are when they are cut out of a request.
func layTogether(e *entry.Entry) {
	texts := []*string{&e.ExternalID, &e.Method, &e.URL, &e.Endpoint}
	for i := range e.Identifiers {
		texts = append(texts, &e.Identifiers[i].Key, &e.Identifiers[i].Value)
	}
	for _, headers := range [][]entry.Header{e.Detail.RequestHeaders, e.Detail.ResponseHeaders} {
		for i := range headers {
			texts = append(texts, &headers[i].Name, &headers[i].Value)
		}
	}
	for _, body := range []*entry.Body{e.Detail.RequestBody, e.Detail.ResponseBody} {
		if body != nil {
			texts = append(texts, &body.Text)
		}
	}
	var all strings.Builder
	for _, s := range texts {
		all.WriteString(*s)
	}
	rest := all.String()
	for _, s := range texts {
		*s, rest = rest[:len(*s)], rest[len(*s):]
	}
}

func idOf(name string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(name)) }

// corpusHeaders reads headers in the order in which they stand. Authorization is redacted, as ingestion does.
func corpusHeaders(tb testing.TB, raw json.RawMessage) (list []entry.Header) {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	_, err := d.Token()
	for err == nil && d.More() {
		var h entry.Header
		name, _ := d.Token()
		h.Name, _ = name.(string)
		if err = d.Decode(&h.Value); h.Name == "Authorization" {
			h.Value = "[redacted]"
		}
		list = append(list, h)
	}
	if len(raw) > 0 {
		require.NoError(tb, err)
	}
	return list
}

func corpusBody(raw json.RawMessage) *entry.Body {
	if len(raw) == 0 {
		return nil
	}
	return &entry.Body{Text: string(raw), ContentType: "application/json", SizeBytes: len(raw)}
}
