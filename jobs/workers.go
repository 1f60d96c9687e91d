package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/weirhq/weir/tenant"
)

func (j *Jobs) workers() *river.Workers {
	w := river.NewWorkers()
	river.AddWorker(w, long(j.compact))
	river.AddWorker(w, long(j.eraseCustomer))
	river.AddWorker(w, river.WorkFunc(j.scheduleTenants))
	river.AddWorker(w, long(j.makePartitions))
	river.AddWorker(w, long(j.dropPartitions))
	river.AddWorker(w, long(j.expireTenant))
	river.AddWorker(w, river.WorkFunc(j.scheduleNotifications))
	river.AddWorker(w, river.WorkFunc(j.evaluateAlarms))
	river.AddWorker(w, river.WorkFunc(j.deliverNotifications))
	river.AddWorker(w, river.WorkFunc(j.scheduleDetection))
	river.AddWorker(w, river.WorkFunc(j.takeFindings))
	river.AddWorker(w, long(j.detectTenant))
	return w
}

// lasting is a worker that goes through much.
type lasting[T river.JobArgs] struct{ river.Worker[T] }

func long[T river.JobArgs](work func(context.Context, *river.Job[T]) error) river.Worker[T] {
	return lasting[T]{river.WorkFunc(work)}
}

// Timeout is when the job is ended.
func (lasting[T]) Timeout(*river.Job[T]) time.Duration { return longTimeout }

// compactDelay is how long after an hour's end its segments are merged: most late events have arrived by then.
const compactDelay = 15 * time.Minute

func (j *Jobs) compact(ctx context.Context, job *river.Job[CompactTenant]) error {
	ctx = tenant.WithPrincipal(ctx, tenant.System(job.Args.TenantID))
	return j.deps.Journal.CompactBefore(ctx, j.deps.Now().Add(-compactDelay).Truncate(time.Hour))
}

func (j *Jobs) eraseCustomer(ctx context.Context, job *river.Job[EraseCustomer]) error {
	ctx = tenant.WithPrincipal(ctx, tenant.System(job.Args.TenantID))
	return j.deps.Journal.EraseCustomer(ctx, job.Args.CustomerID)
}

// insertStep bounds for how many tenants one statement makes jobs.
const insertStep = 1000

func (j *Jobs) scheduleTenants(ctx context.Context, _ *river.Job[ScheduleTenants]) error {
	ids, err := j.deps.Tenants(ctx)
	if err != nil {
		return fmt.Errorf("list the tenants: %w", err)
	}
	for len(ids) > 0 {
		step := ids[:min(insertStep, len(ids))]
		ids = ids[len(step):]
		params := make([]river.InsertManyParams, 0, 2*len(step))
		for _, id := range step {
			params = append(params, river.InsertManyParams{Args: CompactTenant{TenantID: id}}, expiryOf(id, j.deps.Now()))
		}
		if _, err := j.client.InsertMany(ctx, params); err != nil {
			return fmt.Errorf("make the tenants' jobs: %w", err)
		}
	}
	return j.countJobs(ctx)
}

func (j *Jobs) makePartitions(ctx context.Context, _ *river.Job[MakePartitions]) error {
	today := j.deps.Now()
	return j.deps.Journal.MakePartitions(ctx, today, today.AddDate(0, 0, PartitionsAhead))
}

// countJobs reads how many jobs wait, run and failed, for the metrics.
func (j *Jobs) countJobs(ctx context.Context) error {
	states := []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateDiscarded}
	rows, err := j.deps.Pool.Query(ctx, "SELECT state::text, count(*) FROM river.river_job GROUP BY 1")
	if err != nil {
		return fmt.Errorf("count the jobs: %w", err)
	}
	defer rows.Close()
	counts := map[rivertype.JobState]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return fmt.Errorf("count the jobs: %w", err)
		}
		counts[rivertype.JobState(state)] = n
	}
	for _, state := range states {
		j.deps.Metrics.Jobs(string(state), counts[state])
	}
	return rows.Err()
}

// counting notes how long each job took and how it ended.
type counting struct {
	river.MiddlewareDefaults
	metrics Metrics
}

// Work runs the job.
func (c *counting) Work(ctx context.Context, job *rivertype.JobRow, next func(context.Context) error) error {
	start := time.Now()
	err := next(ctx)
	outcome := "done"
	switch {
	case errors.Is(err, context.Canceled):
		outcome = "canceled"
	case err != nil:
		outcome = "failed"
	}
	c.metrics.Job(job.Kind, outcome, time.Since(start))
	return err
}
