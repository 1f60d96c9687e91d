package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/tenant"
)

// Journal is what the jobs do with log entries. The context carries the tenant.
type Journal interface {
	// CompactBefore merges the small segments of all hours that ended before the time, and rolls up what was counted in them.
	CompactBefore(ctx context.Context, before time.Time) error
	// EraseCustomer removes a customer from all segments.
	EraseCustomer(ctx context.Context, customerID uuid.UUID) error
	// MakePartitions makes the daily partitions from one day to another that are missing.
	MakePartitions(ctx context.Context, from, to time.Time) error
}

// Metrics are what the jobs count.
type Metrics interface {
	Job(kind, outcome string, took time.Duration)
	Jobs(state string, n int)
}

// Deps are what the jobs work with.
type Deps struct {
	Pool      *pgxpool.Pool
	Journal   Journal
	Retention Retention
	// Notification tells what happened.
	Notification Notification
	// Detection finds problems; nil is for none that are looked for.
	Detection Detection
	// Tenants lists the ids of all tenants.
	Tenants func(ctx context.Context) ([]uuid.UUID, error)
	Metrics Metrics
	Log     *slog.Logger
	Now     func() time.Time
	// Work tells whether this process does jobs, or only makes them.
	Work bool
}

// Jobs makes jobs and, where it is told to, does them.
type Jobs struct {
	deps   Deps
	client *river.Client[pgx.Tx]
	wakes  wakes
	found  finds
	// stop ends what makes jobs of what was found.
	stop chan struct{}
}

const (
	// scheduleEvery is how often the tenants' jobs are made.
	scheduleEvery = 10 * time.Minute
	// partitionsEvery is how often partitions are made ahead, by PartitionsAhead days: a service whose jobs stand
	// still for a week still takes events.
	partitionsEvery = 6 * time.Hour
	// PartitionsAhead is how many days from today have partitions.
	PartitionsAhead = 8
	// jobTimeout ends a job that hangs, and longTimeout one that goes through much: such a job commits as it goes, so the
	// next one continues where it stopped.
	jobTimeout  = 5 * time.Minute
	longTimeout = 15 * time.Minute
	// rescueAfter is when a job is taken for one whose process was killed, if its own time is over. Until then it keeps out
	// its like, which would be an hour if River chose.
	rescueAfter = jobTimeout + 30*time.Second
	// keepCompleted is how long done jobs can be looked at: thousands of tenants have a million of them a day.
	keepCompleted = time.Hour
	// pollSeldom is how often queues are looked at whose jobs nobody waits for, beside when a job is said to be there: all
	// queues together asked ten times a second for what was mostly not there.
	pollSeldom = 10 * time.Second
	// fetchCooldown is how soon after a job the next one is fetched: most tenants have little to do.
	fetchCooldown = 10 * time.Millisecond
)

// New makes the client of the queue. Start begins the work.
func New(deps Deps) (*Jobs, error) {
	j := &Jobs{deps: deps, stop: make(chan struct{})}
	cfg := &river.Config{Schema: migrations.RiverSchema, Logger: deps.Log.With("component", "river"), JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter,
		CompletedJobRetentionPeriod: keepCompleted}
	if deps.Work {
		cfg.Workers = j.workers()
		cfg.Queues = map[string]river.QueueConfig{systemQueue: {MaxWorkers: 2}, retentionQueue: {MaxWorkers: 1, FetchCooldown: fetchCooldown, FetchPollInterval: pollSeldom}, detectionQueue: {MaxWorkers: detectionWorkers, FetchCooldown: fetchCooldown}}
		for i := range tenantQueues {
			cfg.Queues[queueName(i)] = river.QueueConfig{MaxWorkers: 1, FetchCooldown: fetchCooldown, FetchPollInterval: pollSeldom}
		}
		cfg.PeriodicJobs = []*river.PeriodicJob{
			periodic(scheduleEvery, ScheduleTenants{}), periodic(partitionsEvery, MakePartitions{}),
			periodic(expiryEvery, DropPartitions{}),
		}
		if deps.Detection != nil {
			cfg.PeriodicJobs = append(cfg.PeriodicJobs, periodic(detectEvery, ScheduleDetection{}))
		}
		addNotification(cfg.Queues)
		cfg.PeriodicJobs = append(cfg.PeriodicJobs, j.everyMinute())
		cfg.Middleware = []rivertype.Middleware{&counting{metrics: deps.Metrics}}
	}
	client, err := river.NewClient(riverpgxv5.New(deps.Pool), cfg)
	if err != nil {
		return nil, fmt.Errorf("set up the job queue: %w", err)
	}
	j.client = client
	return j, nil
}

func periodic(every time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) { return args, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// Start begins to make jobs of what is found; it returns at once.
func (j *Jobs) Start() { go j.watch(j.stop) }

// Work begins to do the jobs that there are, if this process does any; it returns at once.
func (j *Jobs) Work(ctx context.Context) error {
	if !j.deps.Work {
		return nil
	}
	if err := j.client.Start(ctx); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	return nil
}

// Stop waits for the jobs that are running, and cancels them when the context ends first: they are tried again.
func (j *Jobs) Stop(ctx context.Context) error {
	j.wakes.stop()
	close(j.stop)
	if !j.deps.Work {
		return nil
	}
	if err := j.client.Stop(ctx); err == nil {
		return nil
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := j.client.StopAndCancel(grace); err != nil {
		return fmt.Errorf("stop the job queue: %w", err)
	}
	return nil
}

// EraseCustomer makes the job that erases a customer, in the transaction that deletes it.
func (j *Jobs) EraseCustomer(ctx context.Context, tx *tenant.Tx, customerID uuid.UUID) error {
	if _, err := j.client.InsertTx(ctx, tx.River(), EraseCustomer{TenantID: tx.TenantID(), CustomerID: customerID}, nil); err != nil {
		return fmt.Errorf("enqueue the erasure of a customer: %w", err)
	}
	return nil
}

// Running is nil while the work goes on.
func (j *Jobs) Running() error {
	select {
	case <-j.client.Stopped():
		return errors.New("the job queue has stopped")
	default:
		return nil
	}
}
