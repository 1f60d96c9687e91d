package main

import (
	"fmt"
	"time"

	"github.com/weirhq/weir/tests/workload"
)

// What holds of a service that could go on like this for good.
const (
	// leastRate is how much of the rate must be reached.
	leastRate = 0.98
	// mostMemory and mostLatency are by how much the last third may exceed the one before.
	mostMemory, mostLatency = 1.15, 1.5
	// mostSlower is by how much ingestion may slow a question.
	mostSlower = 2
)

// checks compares the last third with the one before, and all with the questions alone.
func (m *meter) checks(alone *record, perSecond float64) []check {
	middle, last := m.third[thirds-2], m.third[thirds-1]
	rate := float64(m.whole.entries) / m.duration.Seconds()
	list := []check{
		{Name: "rate, of what was to be sent", Figure: rate / perSecond, Limit: leastRate, AtLeast: true, Note: fmt.Sprintf("%.0f entries/s", rate)},
		{
			Name: "RSS, last third to the middle one", Figure: ratio(last.memory(), middle.memory()), Limit: mostMemory,
			Note: fmt.Sprintf("%.0f MiB, %.0f before", mib(last.memory()), mib(middle.memory())),
		},
		latencyCheck("request p95, last third to the middle one", &last.requests, &middle.requests, mostLatency),
		{
			Name: "jobs that wait at least, last third", Figure: float64(last.leastWaiting()), Limit: float64(middle.leastWaiting()),
			Note: "the limit is those of the middle third",
		},
	}
	for i, q := range workload.Questions() {
		list = append(list, latencyCheck(q.Name+": p95, last third to the middle one", &last.queries[i], &middle.queries[i], mostLatency))
	}
	for i, q := range workload.Questions() {
		list = append(list, latencyCheck(q.Name+": p95, under load to alone", &m.whole.queries[i], &alone.queries[i], mostSlower))
	}
	return list
}

func latencyCheck(name string, now, before *workload.Latencies, limit float64) check {
	n, b := now.Summary(), before.Summary()
	return check{Name: name, Figure: ratio(n.P95, b.P95), Limit: limit, Note: fmt.Sprintf("%.1f ms of %d, %.1f of %d before", n.P95, n.Count, b.P95, b.Count)}
}

// vacuumChecks tells of each of the busiest tables whether autovacuum keeps up with it.
func vacuumChecks(before, after []tableState, took time.Duration) (list []check) {
	changed := map[string]int64{}
	for _, t := range before {
		changed[t.Name] = t.Changed
	}
	for i := range after {
		t := &after[i]
		perSecond := float64(t.Changed-changed[t.Name]) / took.Seconds()
		list = append(list, check{
			Name: "dead rows of " + t.Name, Figure: float64(t.Dead), Limit: t.mostDead(perSecond),
			Note: fmt.Sprintf("%d live, %.0f changed a second, vacuumed %d times", t.Live, perSecond, t.Vacuums),
		})
	}
	return list
}
