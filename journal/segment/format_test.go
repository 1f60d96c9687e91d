package segment

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

var update = flag.Bool("update", false, "write the golden segment of the current format")

// goldenEntries are one of each kind, with something in every field. They never change.
func goldenEntries() []*entry.Entry {
	id := func(last byte) uuid.UUID { return uuid.UUID{6: 0x40, 8: 0x80, 15: last} }
	valid := true
	list := []*entry.Entry{
		{
			Head: entry.Head{
				Kind: entry.KindAPIRequest, Status: entry.StatusFailure, Direction: entry.Outbound, StatusCode: 401, Method: "GET",
				Endpoint: "/v60.0/sobjects/Account/{id}", DurationMS: 182.4, ErrorKind: entry.ErrorHTTP, ErrorCode: "INVALID_SESSION_ID",
				TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", FlowRunID: id(7), NodeRunID: id(8),
			},
			List: entry.List{
				URL: "https://acme.my.salesforce.com/v60.0/sobjects/Account/001xx", Message: "Session expired", Attempt: 2,
				Identifiers: []entry.Identifier{{Key: "order_id", Value: "A-1001"}, {Key: "invoice", Value: "R-7"}},
			},
			Detail: &entry.Detail{
				RequestHeaders:  []entry.Header{{Name: "Authorization", Value: "[redacted]"}, {Name: "Accept", Value: "application/json"}},
				ResponseHeaders: []entry.Header{{Name: "Content-Type", Value: "application/json"}},
				ResponseBody:    &entry.Body{Text: `[{"message":"Session expired"}]`, ContentType: "application/json", SizeBytes: 31},
				Metadata:        []byte(`{"worker":"sync-7"}`),
			},
		},
		{
			Head:   entry.Head{Kind: entry.KindExternalWebhook, Status: entry.StatusSuccess, Method: "POST", StatusCode: 202, DurationMS: -1},
			List:   entry.List{ExternalID: "whk-1", DataSourceID: id(9), Webhook: &entry.Webhook{SignatureValid: &valid, Rejection: "other"}},
			Detail: &entry.Detail{RequestBody: &entry.Body{Text: "AP8=", SizeBytes: 99, Truncated: true, Redacted: true, Base64: true}},
		},
		{
			Head: entry.Head{Kind: entry.KindExternalEventPull, Status: entry.StatusPending, DurationMS: 0.1234567},
			List: entry.List{Pull: &entry.Pull{Strategy: "full_scan", Full: true, Pages: 3, RecordsScanned: -1, EventCount: 2, CursorBefore: "a", CursorAfter: "b", State: "running"}},
		},
		{
			Head: entry.Head{Kind: entry.KindExternalEvent, Status: entry.StatusSuccess, DurationMS: -1, EventType: "opportunity.won"},
			List: entry.List{ExternalID: "ev-1", RecordID: "006xx", SourceID: "whk-1", SkipCode: "duplicate", SkipMessage: "seen", Via: entry.ViaAPI},
		},
		{
			Head: entry.Head{Kind: entry.KindTransaction, Status: entry.StatusUnknown, DurationMS: 30_000, EventType: "transfer"},
			List: entry.List{Transaction: &entry.Transaction{From: "ERP", To: "CRM", PayloadType: "order", BusinessFlowID: "bf-1"}},
		},
		{
			Head: entry.Head{Kind: entry.KindLogLine, Status: entry.StatusSuccess, DurationMS: -1, Level: entry.LevelError},
			List: entry.List{Message: "401 from Salesforce"},
		},
	}
	for i, e := range list {
		e.ID = newID(1_772_446_500_000_000+int64(i)*1_234_567, uint64(i)<<40|uint64(i*7919))
		e.RecordedAt = 1_772_446_510_000_000
		e.CustomerID, e.IntegrationID, e.ConnectedAppID = id(1), id(2), id(byte(3+i%2))
		if i == 5 {
			e.ConnectedAppID = nodeid.ImpliedApp(e.CustomerID, e.IntegrationID)
		}
		if e.Detail == nil {
			e.Detail = &entry.Detail{}
		}
	}
	return list
}

// diagnosed are the same with a diagnosis, as version 2 has them.
func diagnosed(entries []*entry.Entry) []*entry.Entry {
	entries[0].Category, entries[0].IssueID = "auth_token_expired", uuid.UUID{6: 0x50, 8: 0x80, 15: 1}
	entries[1].Category, entries[1].IssueID = "webhook_signature_invalid", uuid.UUID{6: 0x50, 8: 0x80, 15: 2}
	return entries
}

// worded are the same with a body that is long enough to be taken apart into words, as version 3 does it.
func worded(entries []*entry.Entry) []*entry.Entry {
	text := []byte(`{"notes":[`)
	syllables := []string{"in", "voice", "or", "der", "de", "liver", "late", "cus", "tom", "pay", "ment", "Re", "fund", "ship"}
	for i := range 1000 {
		text = fmt.Appendf(text, `{"id":%d,"author":"Zoë","text":"`, 7_000_000+i*i)
		for j := range 9 {
			n := (i*i*31 + j*j*17 + i*j*7) % (14 * 14)
			text = append(append(append(text, syllables[n/14]...), syllables[n%14]...), ' ')
		}
		text = append(text, `"},`...)
	}
	text = append(text, `"the end"]}`...)
	entries[3].Detail = &entry.Detail{RequestBody: &entry.Body{Text: string(text), ContentType: "application/json", SizeBytes: len(text)}}
	return entries
}

func TestTheGoldenSegmentHasWords(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("testdata", "v3.body"))
	require.NoError(t, err)
	body, err := OpenBody(raw)
	require.NoError(t, err)
	require.EqualValues(t, formWords, body.frames.list[0].packed[0])
}

// What a release wrote, later ones must read. To change the format, write the next version beside these, with its own
// golden segment.
func TestReadsEveryVersion(t *testing.T) {
	t.Parallel()
	if *update {
		enc := encoded(t, worded(diagnosed(goldenEntries())))
		for name, column := range map[string][]byte{"head": enc.Head, "list": enc.List, "tokens": enc.Tokens, "body": enc.Body} {
			require.NoError(t, os.WriteFile(filepath.Join("testdata", fmt.Sprintf("v%d.%s", Format, name)), column, 0o644))
		}
	}
	for version, entries := range map[int16][]*entry.Entry{1: goldenEntries(), 2: diagnosed(goldenEntries()), Format: worded(diagnosed(goldenEntries()))} {
		read := func(name string) []byte {
			b, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("v%d.%s", version, name)))
			require.NoError(t, err)
			return b
		}
		enc := Encoded{Entries: len(entries), Head: read("head"), List: read("list"), Tokens: read("tokens"), Body: read("body")}
		requireSame(t, entries, unpacked(t, &enc))
		for query, want := range map[string]bool{"session expired": true, "salesforce": true, "A-1001": true, "nobody": false} {
			s, err := ParseSearch(query)
			require.NoError(t, err)
			require.Equal(t, want, s.MayMatch(enc.Tokens), query)
		}
	}
}
