package segment

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
)

var benchSizes = []int{20, 70, 256, 1000}

func forSizes(b *testing.B, run func(b *testing.B, entries []*entry.Entry)) {
	b.Helper()
	for _, n := range benchSizes {
		entries := newGenerator(1).entries(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) { run(b, entries) })
	}
}

func perEntry(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n)/1000, "µs/entry")
}

func BenchmarkEncode(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		e := NewEncoder()
		var enc Encoded
		var err error
		for b.Loop() {
			if enc, err = e.Encode(entries); err != nil {
				b.Fatal(err)
			}
		}
		n := float64(len(entries))
		perEntry(b, len(entries))
		raw := 0
		for _, it := range entries {
			raw += jsonSize(it)
		}
		b.ReportMetric(float64(raw)/n, "json/entry")
		b.ReportMetric(float64(enc.Size())/n, "B/entry")
		b.ReportMetric(float64(len(enc.Head))/n, "head/entry")
		b.ReportMetric(float64(len(enc.List))/n, "list/entry")
		b.ReportMetric(float64(len(enc.Tokens))/n, "tokens/entry")
		b.ReportMetric(float64(len(enc.Body))/n, "body/entry")
	})
}

// What `make bench` sends, in segments as ingestion makes them.
func BenchmarkEncodeCorpus(b *testing.B) {
	parts := corpusSegments(b, 16)
	e := NewEncoder()
	entries, size := 0, 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		part := parts[i%len(parts)]
		enc, err := e.Encode(part)
		if err != nil {
			b.Fatal(err)
		}
		entries, size = entries+len(part), size+enc.Size()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(entries)/1000, "µs/entry")
	b.ReportMetric(float64(size)/float64(entries), "B/entry")
}

func BenchmarkEncodeHead(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		e := NewEncoder()
		for b.Loop() {
			e.b = e.head.write(e.b[:0], entries)
		}
		perEntry(b, len(entries))
	})
}

func BenchmarkEncodeList(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		e := NewEncoder()
		for b.Loop() {
			e.b = e.list.write(e.b[:0], entries)
		}
		perEntry(b, len(entries))
	})
}

// The body with its words: headers are looked for words when they are numbered.
func BenchmarkEncodeBody(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		e := NewEncoder()
		for b.Loop() {
			e.words.reset()
			e.b = e.body.write(e.b[:0], entries, &e.words)
		}
		perEntry(b, len(entries))
	})
}

func BenchmarkWords(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		var w wordSet
		for b.Loop() {
			w.reset()
			for _, e := range entries {
				eachText(e, func(s string, json bool) bool { w.eachWord(s, json); return true })
			}
			w.appendTo(nil)
		}
		perEntry(b, len(entries))
	})
}

func BenchmarkOpenHead(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		enc := encoded(b, entries)
		for b.Loop() {
			if _, err := OpenHead(enc.Head); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// One customer's failures: what the first page of most looks is.
func BenchmarkMatch(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		head, err := OpenHead(encoded(b, entries).Head)
		require.NoError(b, err)
		m, err := NewMatcher(&entry.Filter{
			CustomerIDs: []uuid.UUID{entries[0].CustomerID}, Statuses: []entry.Status{entry.StatusFailure},
		})
		require.NoError(b, err)
		var out []int
		for b.Loop() {
			out = head.Match(m, out[:0])
		}
		perEntry(b, len(entries))
	})
}

// A segment that has nobody of the customer.
func BenchmarkMatchStranger(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		head, err := OpenHead(encoded(b, entries).Head)
		require.NoError(b, err)
		m, err := NewMatcher(&entry.Filter{CustomerIDs: []uuid.UUID{uuid.Max}})
		require.NoError(b, err)
		for b.Loop() {
			head.Match(m, nil)
		}
	})
}

func BenchmarkMayMatch(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		enc := encoded(b, entries)
		s, err := ParseSearch("expired nowhere")
		require.NoError(b, err)
		for b.Loop() {
			s.MayMatch(enc.Tokens)
		}
	})
}

func BenchmarkOpenListAndRow(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		enc := encoded(b, entries)
		var row entry.List
		for b.Loop() {
			l, err := OpenList(enc.List)
			require.NoError(b, err)
			require.NoError(b, l.Row(len(entries)-1, &row))
		}
	})
}

func BenchmarkDetailOfOne(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		enc := encoded(b, entries)
		for b.Loop() {
			body, err := OpenBody(enc.Body)
			require.NoError(b, err)
			_, err = body.Detail(len(entries) - 1)
			require.NoError(b, err)
		}
	})
}

// A search that the filter let through and that looks at every entry.
func BenchmarkSearchAll(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		b.Helper()
		enc := encoded(b, entries)
		s, err := ParseSearch("expired nowhere")
		require.NoError(b, err)
		for b.Loop() {
			body, err := OpenBody(enc.Body)
			require.NoError(b, err)
			e := entry.Entry{Detail: &entry.Detail{}}
			for i := range body.Len() {
				require.NoError(b, body.Read(i, e.Detail))
				s.Matches(&e)
			}
		}
		perEntry(b, len(entries))
	})
}

func BenchmarkMerge(b *testing.B) {
	entries := newGenerator(1).entries(1000)
	var in []Encoded
	for from := 0; from < len(entries); from += 50 {
		in = append(in, *encoded(b, entries[from:from+50]))
	}
	for b.Loop() {
		_, err := Merge(in, MaxEntries)
		require.NoError(b, err)
	}
	perEntry(b, len(entries))
}
