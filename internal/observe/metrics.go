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
	}
	m.registry.MustRegister(m.requests, m.events, m.commits, m.committed, m.jobs, m.queued,
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
