package main

import (
	"slices"
	"sync"
	"time"

	"github.com/weirhq/weir/tests/workload"
)

// record is what was measured in a stretch of time.
type record struct {
	began    time.Time
	entries  int
	requests workload.Latencies
	// late is how long requests began after their time.
	late workload.Latencies
	// queries are by question.
	queries []workload.Latencies
	rss     []int64
	waiting []int
}

func newRecord() *record {
	return &record{began: time.Now(), queries: make([]workload.Latencies, len(workload.Questions()))}
}

// memory is the mean of what the process held, in bytes.
func (r *record) memory() float64 {
	if len(r.rss) == 0 {
		return 0
	}
	sum := 0.0
	for _, n := range r.rss {
		sum += float64(n)
	}
	return sum / float64(len(r.rss))
}

// leastWaiting is how many jobs waited when the fewest did: what is never done however long it waits.
func (r *record) leastWaiting() int {
	if len(r.waiting) == 0 {
		return 0
	}
	return slices.Min(r.waiting)
}

// thirds is into how many parts a run is cut, of which the first is for settling down.
const thirds = 3

// meter keeps what is measured while a run lasts: as a whole, by thirds, and since it was last told.
type meter struct {
	began    time.Time
	duration time.Duration

	mu    sync.Mutex
	whole *record
	third [thirds]*record
	since *record
}

func newMeter(duration time.Duration) *meter {
	m := &meter{began: time.Now(), duration: duration, whole: newRecord(), since: newRecord()}
	for i := range m.third {
		m.third[i] = newRecord()
	}
	return m
}

// note adds to the records of now.
func (m *meter) note(add func(r *record)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := min(int(thirds*time.Since(m.began)/m.duration), thirds-1)
	for _, r := range []*record{m.whole, m.third[at], m.since} {
		add(r)
	}
}

// take is what was measured since it was last called.
func (m *meter) take() *record {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.since
	m.since = newRecord()
	return taken
}
