package jobs

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/weirhq/weir/tenant"
)

// Retention removes what is over. Each may be stopped at any point, and run again.
type Retention interface {
	// DropPartitions drops the days of which no tenant keeps anything.
	DropPartitions(ctx context.Context) error
	// Expire removes what of the context's tenant is over.
	Expire(ctx context.Context) error
}

const (
	// expiryEvery is how often what is over is removed. It is cut by days.
	expiryEvery = 24 * time.Hour
	// retentionQueue is for removing what is over: however long it takes, no other work of a tenant waits for it.
	retentionQueue = "retention"
)

// DropPartitions drops the days of which no tenant keeps anything.
type DropPartitions struct{}

// Kind names the job.
func (DropPartitions) Kind() string { return "drop_partitions" }

// InsertOpts puts the job into the queue of no tenant, once.
func (DropPartitions) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: systemQueue, MaxAttempts: 5, UniqueOpts: river.UniqueOpts{ByState: waitingOrRunning}}
}

// ExpireTenant removes what of a tenant is over.
type ExpireTenant struct {
	TenantID uuid.UUID `json:"tenant_id"`
}

// Kind names the job.
func (ExpireTenant) Kind() string { return "expire_tenant" }

// InsertOpts puts the job into its queue, once.
func (a ExpireTenant) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: retentionQueue, MaxAttempts: 10, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// nextExpiry is when what is over of a tenant is removed next: each has its own second of the day, so that the work of all is
// spread over it.
func nextExpiry(tenantID uuid.UUID, now time.Time) time.Time {
	hash := fnv.New64a()
	_, _ = hash.Write(tenantID[:])
	second := binary.BigEndian.Uint64(hash.Sum(nil)) % uint64(expiryEvery/time.Second)
	at := now.UTC().Truncate(expiryEvery).Add(time.Duration(second) * time.Second) //nolint:gosec // Less than a day.
	if !at.After(now) {
		at = at.Add(expiryEvery)
	}
	return at
}

// expiryOf is the tenant's next job. It waits for its time in the queue, where the next one of the same tenant finds it,
// and is late rather than left out when nobody works then.
func expiryOf(tenantID uuid.UUID, now time.Time) river.InsertManyParams {
	return river.InsertManyParams{Args: ExpireTenant{TenantID: tenantID}, InsertOpts: &river.InsertOpts{ScheduledAt: nextExpiry(tenantID, now)}}
}

func (j *Jobs) dropPartitions(ctx context.Context, _ *river.Job[DropPartitions]) error {
	return j.deps.Retention.DropPartitions(ctx)
}

func (j *Jobs) expireTenant(ctx context.Context, job *river.Job[ExpireTenant]) error {
	return j.deps.Retention.Expire(tenant.WithPrincipal(ctx, tenant.System(job.Args.TenantID)))
}
