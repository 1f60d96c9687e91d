package simulate

import (
	"testing"
	"time"
)

func BenchmarkHistory(b *testing.B) {
	now := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	events := 0
	for b.Loop() {
		s := New(Options{Seed: 1, Start: now.Add(-30 * time.Hour), Now: now})
		s.History(func(Event) { events++ })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
}
