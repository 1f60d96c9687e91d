package workload

import (
	"slices"
	"sync"
	"time"
)

// Latencies collects how long something took, each time. It is safe for concurrent use.
type Latencies struct {
	mu  sync.Mutex
	all []time.Duration
}

// Add notes one.
func (l *Latencies) Add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// Quantiles are of latencies, in milliseconds.
type Quantiles struct {
	Count    int
	P50, P95 float64
}

// Summary is what was noted so far; zero when nothing was.
func (l *Latencies) Summary() Quantiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return Quantiles{}
	}
	slices.Sort(l.all)
	at := func(q float64) float64 {
		return float64(l.all[int(q*float64(len(l.all)-1)+0.5)].Microseconds()) / 1000
	}
	return Quantiles{Count: len(l.all), P50: at(0.5), P95: at(0.95)}
}

// Take is Summary, and begins anew.
func (l *Latencies) Take() Quantiles {
	l.mu.Lock()
	taken := Latencies{all: l.all}
	l.all = nil
	l.mu.Unlock()
	return taken.Summary()
}
