package simulate

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var corpusEnd = time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)

func TestCorpusHasTheStatedShape(t *testing.T) {
	t.Parallel()
	const entries, tenants = 20000, 4
	c := NewCorpus(CorpusOptions{Seed: 7, Entries: entries, Tenants: tenants, Days: 30, End: corpusEnd})
	require.Equal(t, entries/tenants, c.Len())

	var e Entry
	size, failed, identified := 0, 0, 0
	ids, customers, integrations, endpoints := map[string]bool{}, map[string]int{}, map[string]int{}, map[string]int{}
	for tenant := range tenants {
		last := corpusEnd.AddDate(0, 0, -30)
		for n := range c.Len() {
			c.Fill(&e, tenant, n)
			require.False(t, e.OccurredAt.Before(last), "tenant %d entry %d goes back in time", tenant, n)
			last = e.OccurredAt
			size += len(e.Document)
			ids[e.ID] = true
			customers[e.Customer]++
			integrations[e.Integration]++
			endpoints[e.Integration+e.Method+e.Endpoint]++
			if e.Status == "failure" {
				failed++
			}
			if e.IdentifierKey != "" {
				identified++
			}
		}
		require.False(t, last.After(corpusEnd))
	}
	require.Len(t, ids, entries)
	require.Len(t, customers, 40)
	require.Len(t, integrations, 12)
	require.Greater(t, len(endpoints), 55)
	require.InDelta(t, 1200, size/entries, 60)
	require.InDelta(t, 0.03, float64(failed)/entries, 0.005)
	require.InDelta(t, 0.30, float64(identified)/entries, 0.02)
	require.Greater(t, customers[customerNames[0].key], 10*customers[customerNames[39].key])
}

func TestCorpusEntryAgreesWithItsDocument(t *testing.T) {
	t.Parallel()
	c := NewCorpus(CorpusOptions{Seed: 7, Entries: 3000, Tenants: 2, Days: 3, End: corpusEnd})
	var e Entry
	for n := range c.Len() {
		c.Fill(&e, 1, n)
		checkEvent(t, e.Document)
		var doc struct {
			ID, Customer, Integration string
			OccurredAt                time.Time `json:"occurred_at"`
			Identifiers               map[string]string
			Data                      struct {
				Method, URL, Endpoint string
				DurationMS            float64 `json:"duration_ms"`
				Response              struct{ Status int }
			}
		}
		require.NoError(t, json.Unmarshal(e.Document, &doc))
		require.Equal(t, []any{e.ID, e.Customer, e.Integration, e.Method, e.URL, e.Endpoint, e.StatusCode, e.DurationMS, e.OccurredAt},
			[]any{doc.ID, doc.Customer, doc.Integration, doc.Data.Method, doc.Data.URL, doc.Data.Endpoint, doc.Data.Response.Status, doc.Data.DurationMS, doc.OccurredAt})
		require.Equal(t, e.IdentifierValue, doc.Identifiers["order_id"])
	}
}

func TestCorpusIsAFunctionOfSeedAndIndex(t *testing.T) {
	t.Parallel()
	o := CorpusOptions{Seed: 7, Entries: 1000, Tenants: 2, Days: 3, End: corpusEnd}
	whole := NewCorpus(o).Batch(nil, 1, 0, 500)
	c := NewCorpus(o)
	parts := c.Batch(c.Batch(nil, 1, 0, 123), 1, 123, 500)
	require.Equal(t, whole, parts)
	require.Equal(t, 500, bytes.Count(whole, []byte{'\n'}))
	o.Seed++
	require.NotEqual(t, whole, NewCorpus(o).Batch(nil, 1, 0, 500))
}

func BenchmarkCorpus(b *testing.B) {
	c := NewCorpus(CorpusOptions{Seed: 7, Entries: 1 << 30, Tenants: 20, Days: 30, End: corpusEnd})
	var e Entry
	size, n := 0, 0
	for b.Loop() {
		c.Fill(&e, n%20, n/20)
		size += len(e.Document)
		n++
	}
	b.SetBytes(int64(size / n))
}
