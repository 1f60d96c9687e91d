package main

import (
	"slices"
	"sync"
	"time"
)

// latencies collects how long something took, each time. It is safe for concurrent use.
type latencies struct {
	mu  sync.Mutex
	all []time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// quantiles are in milliseconds.
type quantiles struct {
	Count    int
	P50, P95 float64
}

func (l *latencies) summary() quantiles {
	if len(l.all) == 0 {
		return quantiles{}
	}
	slices.Sort(l.all)
	at := func(q float64) float64 {
		return float64(l.all[int(q*float64(len(l.all)-1)+0.5)].Microseconds()) / 1000
	}
	return quantiles{Count: len(l.all), P50: at(0.5), P95: at(0.95)}
}
