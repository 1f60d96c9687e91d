package segment

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// drawEntries draws entries with anything in every field that the codec must bring back, sorted by id.
func drawEntries(t *rapid.T) []*entry.Entry {
	pool := []uuid.UUID{uuid.Nil, drawUUID(t), drawUUID(t), drawUUID(t)}
	made := rapid.Bool().Draw(t, "ids are made by nodeid")
	list := make([]*entry.Entry, rapid.IntRange(1, 40).Draw(t, "entries"))
	for i := range list {
		e := &entry.Entry{Head: drawHead(t, pool), List: drawList(t, pool), Detail: drawDetail(t)}
		if made {
			e.ID = newID(rapid.Int64Range(1, 4102444800_000000).Draw(t, "micros"), rapid.Uint64().Draw(t, "tail"))
		}
		list[i] = e
	}
	sortEntries(list)
	return list
}

// newID is an id like nodeid's, with a tail that is not random.
func newID(micros int64, tail uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:8], upperHalf(micros))
	binary.BigEndian.PutUint64(id[8:], tail&^variantMask|variantBits)
	return id
}

func drawUUID(t *rapid.T) uuid.UUID {
	return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
}

var anyText = rapid.OneOf(
	rapid.Just(""), rapid.SampledFrom([]string{"GET", "POST", "Session expired", "invalid_grant", "A-1001"}),
	rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) }),
)

func drawText(t *rapid.T, name string) string { return anyText.Draw(t, name) }

func drawHead(t *rapid.T, pool []uuid.UUID) entry.Head {
	of := rapid.SampledFrom(pool)
	h := entry.Head{
		ID: drawUUID(t), RecordedAt: rapid.Int64().Draw(t, "recorded at"),
		Kind: entry.Kind(rapid.IntRange(1, 8).Draw(t, "kind")), Status: entry.Status(rapid.IntRange(1, 4).Draw(t, "status")),
		CustomerID: of.Draw(t, "customer"), IntegrationID: of.Draw(t, "integration"), ConnectedAppID: of.Draw(t, "app"),
		FlowRunID: of.Draw(t, "run"), NodeRunID: of.Draw(t, "node run"),
		TraceID: rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[0-9a-f]{32}`),
			rapid.SampledFrom([]string{"00000000000000000000000000000000", "ABCDEF00000000000000000000000000", "short"})).Draw(t, "trace"),
		Direction: entry.Direction(rapid.IntRange(0, 2).Draw(t, "direction")), StatusCode: rapid.IntRange(-1, 599).Draw(t, "code"),
		Method: drawText(t, "method"), Endpoint: drawText(t, "endpoint"), DurationMS: drawDuration(t),
		ErrorKind: entry.ErrorKind(rapid.IntRange(0, 6).Draw(t, "error kind")), ErrorCode: drawText(t, "error code"),
		EventType: drawText(t, "event type"), Category: drawText(t, "category"), IssueID: of.Draw(t, "issue"),
		Level: entry.Level(rapid.IntRange(0, 4).Draw(t, "level")),
	}
	if rapid.Bool().Draw(t, "implied app") {
		h.ConnectedAppID = nodeid.ImpliedApp(h.CustomerID, h.IntegrationID)
	}
	return h
}

func drawDuration(t *rapid.T) float64 {
	return rapid.OneOf(
		rapid.Just(-1.0), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.1, 182.4, -3, 1e300, math.Inf(1), 1e15}),
		rapid.Float64(), rapid.Map(rapid.IntRange(0, 1e9), func(micros int) float64 { return float64(micros) / 1000 }),
	).Draw(t, "duration")
}

func drawList(t *rapid.T, pool []uuid.UUID) entry.List {
	l := entry.List{
		ExternalID: drawText(t, "external id"), URL: drawText(t, "url"), Message: drawText(t, "message"),
		Attempt: rapid.IntRange(-1, 9).Draw(t, "attempt"), DataSourceID: rapid.SampledFrom(pool).Draw(t, "source"),
		RecordID: drawText(t, "record"), SourceID: drawText(t, "source id"), SkipCode: drawText(t, "skip code"),
		SkipMessage: drawText(t, "skip message"), Via: entry.Via(rapid.IntRange(0, 3).Draw(t, "via")),
	}
	for range rapid.IntRange(0, 3).Draw(t, "identifiers") {
		l.Identifiers = append(l.Identifiers, entry.Identifier{Key: drawText(t, "key"), Value: drawText(t, "value")})
	}
	if rapid.Bool().Draw(t, "is webhook") {
		l.Webhook = &entry.Webhook{Rejection: drawText(t, "rejection")}
		if rapid.Bool().Draw(t, "checked") {
			valid := rapid.Bool().Draw(t, "valid")
			l.Webhook.SignatureValid = &valid
		}
	}
	number := rapid.Int()
	if rapid.Bool().Draw(t, "is pull") {
		l.Pull = &entry.Pull{
			Strategy: drawText(t, "strategy"), Full: rapid.Bool().Draw(t, "full"), Pages: number.Draw(t, "pages"),
			RecordsScanned: number.Draw(t, "scanned"), EventCount: number.Draw(t, "events"),
			CursorBefore: drawText(t, "before"), CursorAfter: drawText(t, "after"), State: drawText(t, "state"),
		}
	}
	if rapid.Bool().Draw(t, "is transaction") {
		l.Transaction = &entry.Transaction{
			From: drawText(t, "from"), To: drawText(t, "to"), PayloadType: drawText(t, "payload type"),
			BusinessFlowID: drawText(t, "business flow"),
		}
	}
	return l
}

func drawDetail(t *rapid.T) *entry.Detail {
	d := &entry.Detail{
		RequestHeaders: drawHeaders(t), ResponseHeaders: drawHeaders(t),
		RequestBody: drawBody(t), ResponseBody: drawBody(t),
	}
	if m := drawText(t, "metadata"); m != "" {
		d.Metadata = []byte(m)
	}
	return d
}

func drawHeaders(t *rapid.T) (list []entry.Header) {
	for range rapid.IntRange(0, 3).Draw(t, "headers") {
		list = append(list, entry.Header{Name: drawText(t, "name"), Value: drawText(t, "header")})
	}
	return list
}

func drawBody(t *rapid.T) *entry.Body {
	if rapid.Bool().Draw(t, "no body") {
		return nil
	}
	flag := rapid.Bool()
	return &entry.Body{
		Text: drawBodyText(t), ContentType: drawText(t, "content type"), SizeBytes: rapid.IntRange(0, 1<<40).Draw(t, "size"),
		Redacted: flag.Draw(t, "redacted"), Truncated: flag.Draw(t, "truncated"), Base64: flag.Draw(t, "base64"),
	}
}

func drawBodyText(t *rapid.T) string {
	return rapid.OneOf(anyText, rapid.SampledFrom([]string{
		`{"message":"Session expired\nor invalid","na\u006de":"M\u00fcller 東京 \ud83d\ude00"}`, `["Straße","İstanbul","ÉCOLE-12"]`,
		`plain C:\new\temp foo@bar.com`, `{"broken":"\u12`,
	})).Draw(t, "body")
}
