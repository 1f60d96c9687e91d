package observe

import (
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what the service counts. Their names follow Prometheus' rules: base units, _total for counters. No label
// holds a tenant, a customer or anything else that a sender could make many of.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.HistogramVec
	events    *prometheus.CounterVec
	commits   prometheus.Histogram
	committed prometheus.Histogram
	jobs      *prometheus.HistogramVec
	queued    *prometheus.GaugeVec

	connections *prometheus.GaugeVec
	subscribers *prometheus.GaugeVec
	sent        *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	reads       *prometheus.HistogramVec
	bus         *prometheus.GaugeVec
	hints       *prometheus.CounterVec
}

// NewMetrics makes the metrics of one process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "weir_http_request_duration_seconds", Help: "Time to answer a request.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 10),
		}, []string{"route", "method", "code"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_ingest_events_total", Help: "Events by type and outcome: accepted, duplicate, or the code of the rejection.",
		}, []string{"type", "outcome"}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "weir_ingest_commit_duration_seconds", Help: "Time of a commit, from taking the tenant's lock to the disk.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 12),
		}),
		committed: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "weir_ingest_commit_events", Help: "Events that one commit held.", Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "weir_job_duration_seconds", Help: "Time of a background job, by kind and outcome.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"kind", "outcome"}),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "weir_jobs", Help: "Background jobs by state, read now and then.",
		}, []string{"state"}),
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "weir_live_connections", Help: "Open connections for subscriptions, by protocol.",
		}, []string{"protocol"}),
		subscribers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "weir_live_subscribers", Help: "Subscriptions, by stream.",
		}, []string{"stream"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_live_sent_total", Help: "Changes that were handed to subscribers who wait for what is committed.",
		}, []string{"stream"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_live_dropped_total", Help: "Subscribers that were cut off because they did not keep up.",
		}, []string{"stream"}),
		reads: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "weir_live_read_duration_seconds", Help: "Time of a read of what is new, for all subscribers of a tenant.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 10),
		}, []string{"stream"}),
		bus: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "weir_live_bus_up", Help: "Whether the bus that takes hints of commits from process to process is there (1) or away (0).",
		}, []string{"bus"}),
		hints: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_live_hints_total", Help: "Hints of commits to other processes: sent, heard, or failed and sent again.",
		}, []string{"outcome"}),
	}
	m.registry.MustRegister(m.requests, m.events, m.commits, m.committed, m.jobs, m.queued,
		m.connections, m.subscribers, m.sent, m.dropped, m.reads, m.bus, m.hints,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Event counts n events of a type that ended in an outcome.
func (m *Metrics) Event(kind, outcome string, n int) {
	m.events.WithLabelValues(kind, outcome).Add(float64(n))
}

// Commit notes a commit of so many events.
func (m *Metrics) Commit(events int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.committed.Observe(float64(events))
}

// Job notes a background job.
func (m *Metrics) Job(kind, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// Jobs notes how many jobs there are in a state.
func (m *Metrics) Jobs(state string, n int) { m.queued.WithLabelValues(state).Set(float64(n)) }

// Connections notes that there are more connections for subscriptions, or less.
func (m *Metrics) Connections(protocol string, change int) {
	m.connections.WithLabelValues(protocol).Add(float64(change))
}

// Subscribers notes that a stream has more subscribers, or less.
func (m *Metrics) Subscribers(stream string, change int) {
	m.subscribers.WithLabelValues(stream).Add(float64(change))
}

// Sent counts changes that were handed to subscribers.
func (m *Metrics) Sent(stream string, n int) { m.sent.WithLabelValues(stream).Add(float64(n)) }

// Dropped counts subscribers that were cut off.
func (m *Metrics) Dropped(stream string) { m.dropped.WithLabelValues(stream).Inc() }

// Read notes a read of what is new.
func (m *Metrics) Read(stream string, took time.Duration) {
	m.reads.WithLabelValues(stream).Observe(took.Seconds())
}

// BusUp notes whether the bus to other processes is there.
func (m *Metrics) BusUp(bus string, up bool) {
	value := 0.0
	if up {
		value = 1
	}
	m.bus.WithLabelValues(bus).Set(value)
}

// Hints counts hints between processes.
func (m *Metrics) Hints(outcome string, n int) { m.hints.WithLabelValues(outcome).Add(float64(n)) }

// Pool registers the figures of the connection pool.
func (m *Metrics) Pool(pool *pgxpool.Pool) {
	figure := func(name, help string, value func(*pgxpool.Stat) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "weir_db_pool_" + name, Help: help},
			func() float64 { return value(pool.Stat()) }))
	}
	figure("connections", "Open connections.", func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) })
	figure("acquired", "Connections in use.", func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) })
	figure("max", "Connections that there may be.", func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) })
	figure("waits", "Acquisitions that had to wait, since the start.", func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) })
	figure("wait_seconds", "Time spent waiting for a connection, since the start.", func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() })
}
