package jobs

import (
	"hash/fnv"
	"strconv"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// tenantQueues is over how many queues the tenants are spread.
const tenantQueues = 4

// systemQueue is for the work that is of no tenant.
const systemQueue = "system"

func tenantQueue(tenantID uuid.UUID) string {
	// The ids that one process makes differ in few of their bits, so all bits count.
	hash := fnv.New32a()
	_, _ = hash.Write(tenantID[:])
	return queueName(int(hash.Sum32() % tenantQueues))
}

func queueName(n int) string { return "tenant_" + strconv.Itoa(n) }

// waitingOrRunning are the states in which a job keeps another of the same arguments out.
var waitingOrRunning = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}

// CompactTenant merges a tenant's small segments of closed hours, and rolls its statistics up.
type CompactTenant struct {
	TenantID uuid.UUID `json:"tenant_id"`
}

// Kind names the job.
func (CompactTenant) Kind() string { return "compact_tenant" }

// InsertOpts puts the job into its tenant's queue, once.
func (a CompactTenant) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: tenantQueue(a.TenantID), MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// EraseCustomer removes a deleted customer from a tenant's log entries.
type EraseCustomer struct {
	TenantID   uuid.UUID `json:"tenant_id"`
	CustomerID uuid.UUID `json:"customer_id"`
}

// Kind names the job.
func (EraseCustomer) Kind() string { return "erase_customer" }

// InsertOpts puts the job into its tenant's queue. It is tried again for as long as it takes: days, by River's backoff.
func (a EraseCustomer) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: tenantQueue(a.TenantID), MaxAttempts: 25, Priority: 2}
}

// ScheduleTenants makes the jobs of each tenant whose time has come.
type ScheduleTenants struct{}

// Kind names the job.
func (ScheduleTenants) Kind() string { return "schedule_tenants" }

// InsertOpts puts the job into the queue of no tenant, once.
func (ScheduleTenants) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: systemQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: waitingOrRunning}}
}

// MakePartitions makes the daily partitions ahead.
type MakePartitions struct{}

// Kind names the job.
func (MakePartitions) Kind() string { return "make_partitions" }

// InsertOpts puts the job into the queue of no tenant, once.
func (MakePartitions) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: systemQueue, MaxAttempts: 5, UniqueOpts: river.UniqueOpts{ByState: waitingOrRunning}}
}
