package jobs

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/weirhq/weir/tenant"
)

// Detection finds problems. The context carries the tenant.
type Detection interface {
	// Take counts what ingestion found since, and opens issues of it.
	Take(ctx context.Context) error
	// Detect looks at what happened over time, or did not, and brings all issues up to date.
	Detect(ctx context.Context) error
}

const (
	// detectEvery is how often tenants are looked at, and mostLooks how many of them each time: where there are more, they
	// take turns, so that looking costs no more the more tenants there are.
	detectEvery = time.Minute
	mostLooks   = 1000
	// detectionQueue is for finding problems: it waits for no compaction. A tenant has one job of each kind at a time, so
	// that one with much to do leaves the other workers to the rest.
	detectionQueue   = "detection"
	detectionWorkers = 4
)

// TakeFindings counts what ingestion found of a tenant's entries.
type TakeFindings struct {
	TenantID uuid.UUID `json:"tenant_id"`
}

// Kind names the job.
func (TakeFindings) Kind() string { return "take_findings" }

// InsertOpts puts the job before those that look at everything, once.
func (TakeFindings) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: detectionQueue, MaxAttempts: 3, Priority: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// DetectTenant looks for problems of a tenant.
type DetectTenant struct {
	TenantID uuid.UUID `json:"tenant_id"`
}

// Kind names the job.
func (DetectTenant) Kind() string { return "detect_tenant" }

// InsertOpts puts the job into its queue, once. The next minute brings another, so that it is not tried again.
func (DetectTenant) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: detectionQueue, MaxAttempts: 1, Priority: 2, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// ScheduleDetection makes the jobs that look for problems of each tenant.
type ScheduleDetection struct{}

// Kind names the job.
func (ScheduleDetection) Kind() string { return "schedule_detection" }

// InsertOpts puts the job into the queue of no tenant, once.
func (ScheduleDetection) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: systemQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: waitingOrRunning}}
}

func (j *Jobs) takeFindings(ctx context.Context, job *river.Job[TakeFindings]) error {
	if j.deps.Detection == nil { // Another process, which is set up otherwise, made the job.
		return nil
	}
	return j.deps.Detection.Take(tenant.WithPrincipal(ctx, tenant.System(job.Args.TenantID)))
}

func (j *Jobs) detectTenant(ctx context.Context, job *river.Job[DetectTenant]) error {
	if j.deps.Detection == nil {
		return nil
	}
	return j.deps.Detection.Detect(tenant.WithPrincipal(ctx, tenant.System(job.Args.TenantID)))
}

func (j *Jobs) scheduleDetection(ctx context.Context, _ *river.Job[ScheduleDetection]) error {
	ids, err := j.deps.Tenants(ctx)
	if err != nil {
		return fmt.Errorf("list the tenants: %w", err)
	}
	for step := range slices.Chunk(turn(ids, j.deps.Now()), insertStep) {
		params := make([]river.InsertManyParams, len(step))
		for i, id := range step {
			params[i] = river.InsertManyParams{Args: DetectTenant{TenantID: id}}
		}
		if _, err := j.client.InsertMany(ctx, params); err != nil {
			return fmt.Errorf("make the jobs that look for problems: %w", err)
		}
	}
	return nil
}

// turn are the tenants that are looked at now: all of them, or the part whose turn it is.
func turn(ids []uuid.UUID, now time.Time) []uuid.UUID {
	parts := uint64((len(ids) + mostLooks - 1) / mostLooks) //nolint:gosec // Never negative.
	if parts < 2 {
		return ids
	}
	part := uint64(now.Unix()/int64(detectEvery/time.Second)) % parts //nolint:gosec // After 1970.
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool {
		hash := fnv.New64a()
		_, _ = hash.Write(id[:])
		return hash.Sum64()%parts != part
	})
}
