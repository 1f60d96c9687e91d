package ingest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/internal/simulate"
)

// sampleEvent is an event of 1.2 KB, as an agent sends it.
const sampleEvent = `{"type":"api_request","id":"7f3c1f0e-8c1b-4d62-9f6f-@@@@@@@@","occurred_at":"2026-03-10T10:15:00.123Z","customer":"acme","integration":"salesforce","flow_run":"run-17","node_run":"nr-4","identifiers":{"order_id":"A-@@@@@@@@"},"data":{"direction":"outbound","method":"GET","url":"https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG?fields=Id,Name","duration_ms":182.4,"request":{"headers":{"Authorization":"Bearer 00D5g000004x!AQ4AQFvlK3","Accept":"application/json"}},"response":{"status":200,"headers":{"Content-Type":"application/json; charset=utf-8","Date":"Mon, 02 Mar 2026 10:15:00 GMT","Cache-Control":"private, max-age=0","Etag":"W/\"0EbX2LGJDld9q3PnatPaRNNGQuE\""},"body":{"id":"0031U00001WaiGdQAJ","properties":{"firstname":"Ada","lastname":"Lovelace","email":"ada@example.com","phone":"+358 40 1234567","company":"Analytical Engines Ltd","lifecyclestage":"customer","createdate":"2026-03-01T09:12:44.120Z","website":"https://analytical.example.com/about?ref=crm","city":"London","numberofemployees":240},"archived":false,"associations":{"deals":[{"id":9001,"type":"contact_to_deal"}]}}}}}`

// sampleBody is a request of n events, no two of one id.
func sampleBody(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"events":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(sampleEvent, "@@@@@@@@", uuid.NewString()[:8]))
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// corpusBody is a request of n events of the corpus that `make bench` sends.
func corpusBody(n int, form Form) []byte {
	corpus := simulate.NewCorpus(simulate.CorpusOptions{Seed: 1, Entries: 1_000_000, Tenants: 20, Days: 30, End: noon})
	lines := corpus.Batch(nil, 0, 20_000, 20_000+n)
	if form == FormLines {
		return lines
	}
	list := bytes.ReplaceAll(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n"), []byte(","))
	return append(append([]byte(`{"events":[`), list...), "]}"...)
}

// BenchmarkDecode cuts, checks and redacts a request of 1,000 events.
func BenchmarkDecode(b *testing.B) {
	const events = 1000
	b.Run("sample", func(b *testing.B) { benchmarkDecode(b, sampleBody(events), FormJSON, events) })
	b.Run("corpus", func(b *testing.B) { benchmarkDecode(b, corpusBody(events, FormLines), FormLines, events) })
	b.Run("corpus array", func(b *testing.B) { benchmarkDecode(b, corpusBody(events, FormJSON), FormJSON, events) })
}

func benchmarkDecode(b *testing.B, body []byte, form Form, events int) {
	b.Helper()
	d := &decoder{}
	p := testPolicy(b, redact.Policy{})
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		d.setup(tenantA, noon, p)
		c := newCutter(bytes.NewReader(body), form, int64(len(body)), &d.doc)
		n := 0
		for {
			found, err := c.next()
			if err != nil {
				b.Fatal(err)
			}
			if found == foundEnd {
				break
			}
			if d.event().fault == nil {
				n++
			}
		}
		require.Equal(b, events, n)
		// Entries of a request as large are packed before anything else is read.
		d.records.packed()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(events), "µs/event")
}

// BenchmarkParse only reads the JSON.
func BenchmarkParse(b *testing.B) {
	benchmarkParse := func(name string, text []byte) {
		b.Run(name, func(b *testing.B) {
			var d document
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if d.parse(text, true) != complete {
					b.Fatal(d.problem)
				}
			}
		})
	}
	benchmarkParse("sample", []byte(sampleEvent))
	line, _, _ := bytes.Cut(corpusBody(1, FormLines), []byte("\n"))
	benchmarkParse("corpus", line)
}
