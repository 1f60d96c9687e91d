package segment

import (
	"fmt"
	"testing"

	"github.com/weirhq/weir/journal/entry"
)

var benchSizes = []int{20, 70, 256, 1000}

func forSizes(b *testing.B, run func(b *testing.B, entries []*entry.Entry)) {
	for _, n := range benchSizes {
		entries := newGenerator(1).entries(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) { run(b, entries) })
	}
}

func perEntry(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n)/1000, "µs/entry")
}

func BenchmarkEncode(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
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

func BenchmarkEncodeHead(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		e := NewEncoder()
		for b.Loop() {
			e.b = e.head.write(e.b[:0], entries)
		}
		perEntry(b, len(entries))
	})
}

func BenchmarkEncodeList(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
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
		e := NewEncoder()
		for b.Loop() {
			e.words.reset(len(entries) * 1000)
			e.b = e.body.write(e.b[:0], entries, &e.words)
		}
		perEntry(b, len(entries))
	})
}

func BenchmarkWords(b *testing.B) {
	forSizes(b, func(b *testing.B, entries []*entry.Entry) {
		var w wordSet
		for b.Loop() {
			w.reset(len(entries) * 1000)
			for _, e := range entries {
				eachText(e, func(s string, json bool) bool { w.eachWord(s, json); return true })
			}
			w.appendTo(nil)
		}
		perEntry(b, len(entries))
	})
}
