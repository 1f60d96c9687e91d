package diagnostics

import (
	"testing"
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
func BenchmarkDiagnoseCorpus(b *testing.B) {
	corpus := simulate.NewCorpus(simulate.CorpusOptions{Seed: 7, Entries: 1 << 20, Tenants: 1, Days: 1, End: time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)})
	var list []*Observation
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
	benchmarkDiagnose(b, list)
}

func benchmarkDiagnose(b *testing.B, list []*Observation) {
	b.Helper()
	c := builtin(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Diagnose(list[i%len(list)])
		i++
	}
}
