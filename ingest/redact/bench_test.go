package redact_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/ingest/redact"
)

const contactJSON = `{"id":"0031U00001WaiGdQAJ","properties":{"firstname":"Ada","lastname":"Lovelace","email":"ada@example.com","phone":"+358 40 1234567","company":"Analytical Engines Ltd","lifecyclestage":"customer","hs_object_id":"512","createdate":"2026-03-01T09:12:44.120Z","lastmodifieddate":"2026-03-02T10:15:00.000Z","website":"https://analytical.example.com/about?ref=crm","city":"London","zip":"W1A 1AA","numberofemployees":240,"annualrevenue":12500000.5},"archived":false,"associations":{"deals":[{"id":9001,"type":"contact_to_deal"}]}}`

func benchmarkBody(b *testing.B, contentType, body string) {
	b.Helper()
	r := redact.Builtin()
	src := []byte(body)
	dst := make([]byte, 0, 2*len(src))
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		r.Body(contentType, src, dst)
	}
}

func BenchmarkJSON500B(b *testing.B) { benchmarkBody(b, "application/json", contactJSON) }

func BenchmarkJSON2KB(b *testing.B) {
	benchmarkBody(b, "application/json", "["+strings.Repeat(contactJSON+",", 3)+contactJSON+"]")
}

func BenchmarkJSONRedacted(b *testing.B) {
	benchmarkBody(b, "application/json",
		`{"access_token":"00D5g000004x!AQ4AQFvlK3","instance_url":"https://acme.my.salesforce.com","token_type":"Bearer",`+contactJSON[1:])
}

func BenchmarkText10KB(b *testing.B) {
	line := "2026-03-02 10:15:00.120 INFO  sync: fetched page 14 of contacts for acme in 182 ms (status 200, 100 records)\n"
	benchmarkBody(b, "text/plain", strings.Repeat(line, 10<<10/len(line)))
}

func BenchmarkForm(b *testing.B) {
	benchmarkBody(b, "application/x-www-form-urlencoded", "amount=1200&currency=eur&description=Order+A-1001&metadata%5Border_id%5D=6735&customer=cus_NffrFeUfNV2Hib")
}

func BenchmarkXML1KB(b *testing.B) {
	item := `<item id="12"><name>Widget &amp; Co</name><price currency="EUR">12.50</price><updated>2026-03-02T10:15:00Z</updated></item>`
	benchmarkBody(b, "text/xml", "<items>"+strings.Repeat(item, 8)+"</items>")
}

var commonHeaders = [][2]string{
	{"Content-Type", "application/json; charset=utf-8"},
	{"Date", "Mon, 02 Mar 2026 10:15:00 GMT"},
	{"X-Request-Id", "7f3c1f0e-8c1b-4d62-9f6f-0a5f4d1f2f11"},
	{"Cache-Control", "private, max-age=0, must-revalidate"},
	{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
	{"X-RateLimit-Remaining", "98"},
	{"Etag", `W/"0EbX2LGJDld9q3PnatPaRNNGQuE"`},
	{"User-Agent", "acme-sync/1.4 (go1.26)"},
}

// BenchmarkHeaders takes eight headers at a time.
func BenchmarkHeaders(b *testing.B) {
	r := redact.Builtin()
	b.ReportAllocs()
	for b.Loop() {
		for _, h := range commonHeaders {
			r.Header(h[0], h[1])
		}
	}
}

func BenchmarkURL(b *testing.B) {
	r := redact.Builtin()
	b.ReportAllocs()
	for b.Loop() {
		r.URL("https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG?fields=Id,Name&limit=200")
	}
}

// BenchmarkEntry1200B is a whole entry: a URL, eight headers, a body of 500
// bytes.
func BenchmarkEntry1200B(b *testing.B) {
	r := redact.Builtin()
	body := []byte(contactJSON)
	dst := make([]byte, 0, 2*len(body))
	b.ReportAllocs()
	for b.Loop() {
		r.URL("https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG?fields=Id,Name&limit=200")
		for _, h := range commonHeaders {
			r.Header(h[0], h[1])
		}
		r.Body("application/json", body, dst)
	}
}

func BenchmarkPatterns(b *testing.B) {
	r, err := redact.Compile(redact.Policy{Fields: []string{"iban", "ssn"}, Patterns: []string{`\b\d{3}-\d{2}-\d{4}\b`}})
	if err != nil {
		b.Fatal(err)
	}
	src := []byte(contactJSON)
	b.ReportAllocs()
	for b.Loop() {
		r.JSON(src, nil)
	}
}
