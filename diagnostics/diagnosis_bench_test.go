package diagnostics

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/simulate"
)

// BenchmarkDiagnose diagnoses real failures one after another.
func BenchmarkDiagnose(b *testing.B) {
	var list []*Observation
	labels := readLabelled(b)
	for i := range labels {
		list = append(list, labels[i].observation())
	}
	benchmarkDiagnose(b, list)
}

// BenchmarkDiagnoseCorpus diagnoses the failures that the load bench sends.
func BenchmarkDiagnoseCorpus(b *testing.B) { benchmarkDiagnose(b, corpusFailures(b)) }

// BenchmarkDiagnoseEntries diagnoses them by catalogues of 50 entries and of 2,000, which takes the same time.
func BenchmarkDiagnoseEntries(b *testing.B) {
	list := corpusFailures(b)
	words := strings.Fields("invalid token expired request field value missing required limit rate exceeded not found permission denied scope account plan")
	word := func(i int) string { return words[i%len(words)] }
	for _, entries := range []int{50, 2000} {
		var text strings.Builder
		text.WriteString("version: 1\nentries:\n")
		for i := range entries {
			fmt.Fprintf(&text, "  - {id: e%d, when: {status: [4xx], text: [%s %s %s x%d, %s y%d], not: [z%d]}, category: rate_limited, confidence: 0.5}\n",
				i, word(i), word(7*i+3), word(13*i+5), i, word(3*i), i, i)
		}
		c, err := Load(fstest.MapFS{"all.yaml": {Data: []byte(text.String())}})
		require.NoError(b, err)
		b.Run(strconv.Itoa(entries), func(b *testing.B) { benchmark(b, list, c.Diagnose) })
	}
}

func corpusFailures(b *testing.B) (list []*Observation) {
	b.Helper()
	corpus := simulate.NewCorpus(simulate.CorpusOptions{Seed: 7, Entries: 1 << 20, Tenants: 1, Days: 1, End: time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)})
	var e simulate.Entry
	for n := 0; len(list) < 1000; n++ {
		corpus.Fill(&e, 0, n)
		if e.Status != "failure" {
			continue
		}
		o, err := ReadRecord(e.Document)
		require.NoError(b, err)
		list = append(list, o)
	}
	return list
}

func benchmarkDiagnose(b *testing.B, list []*Observation) {
	b.Helper()
	c := builtin(b)
	b.Run("whole", func(b *testing.B) { benchmark(b, list, c.Diagnose) })
	b.Run("verdict", func(b *testing.B) { benchmark(b, list, c.Verdict) })
}

func benchmark(b *testing.B, list []*Observation, diagnose func(*Observation) Diagnosis) {
	b.Helper()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		diagnose(list[i%len(list)])
		i++
	}
}
