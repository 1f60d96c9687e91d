package ingest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

const benchEvent = `{"type":"api_request","id":"%d","customer":"acme-%d","integration":"salesforce","flow_run":"run-%d","identifiers":{"order_id":"A-%d"},"data":{"direction":"outbound","method":"GET","url":"https://acme.my.salesforce.com/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG?fields=Id,Name","duration_ms":182.4,"request":{"headers":{"Authorization":"Bearer 00D5g000004x!AQ4AQFvlK3","Accept":"application/json"}},"response":{"status":200,"headers":{"Content-Type":"application/json; charset=utf-8","Date":"Mon, 02 Mar 2026 10:15:00 GMT","Cache-Control":"private, max-age=0","Etag":"W/\"0EbX2LGJDld9q3PnatPaRNNGQuE\""},"body":{"id":"0031U00001WaiGdQAJ","properties":{"firstname":"Ada","lastname":"Lovelace","email":"ada@example.com","phone":"+358 40 1234567","company":"Analytical Engines Ltd","lifecyclestage":"customer","createdate":"2026-03-01T09:12:44.120Z","website":"https://analytical.example.com/about?ref=crm","city":"London","numberofemployees":240},"archived":false,"associations":{"deals":[{"id":9001,"type":"contact_to_deal"}]}}}}}`

// BenchmarkHandler sends events of 1.1 KB to PostgreSQL, so many a request, from several senders of one tenant.
func BenchmarkHandler(b *testing.B) {
	for _, size := range []int{20, 1000, 5000} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) {
			s := setup(b)
			var id atomic.Int64
			b.ReportAllocs()
			b.SetParallelism(4)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				var body bytes.Buffer
				for p.Next() {
					body.Reset()
					for range size {
						n := id.Add(1)
						fmt.Fprintf(&body, benchEvent+"\n", n, n%50, n/10, n)
					}
					a := s.send(b, strings.NewReader(body.String()), "Content-Type", "application/x-ndjson")
					require.Equal(b, http.StatusAccepted, a.status)
					require.Equal(b, size, a.Accepted)
				}
			})
			b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
