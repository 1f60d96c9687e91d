package jobs

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/weirhq/weir/tenant"
)

// Notification tells what happened. The context carries the tenant.
type Notification interface {
	// Deliver sends what is due, and tells when there is something due again; the zero time when nothing is.
	Deliver(ctx context.Context) (next time.Time, err error)
	// Evaluate looks at the minutes that have passed, for all rules of alarms.
	Evaluate(ctx context.Context) error
}

const (
	// notifyQueues are for deliveries, which wait for others' servers: tenants are spread over them, so that those whose
	// receivers are slow hold up few others.
	notifyQueues  = 4
	notifyWorkers = 4
	// alarmQueue is for alarms: they must not wait for deliveries.
	alarmQueue   = "alarms"
	alarmWorkers = 2
	// minuteLag is how long after each full minute the tenants are gone through: alarms look at it then.
	minuteLag = 11 * time.Second
	// wakeAfter is how long after it was asked for a delivery begins: by then what is to be told has mostly committed.
	// What had not is looked for once more, and then each minute.
	wakeAfter = 200 * time.Millisecond
	wakeAgain = 3 * time.Second
)

func notifyQueue(n int) string { return "notify_" + strconv.Itoa(n) }

func notifyQueueOf(tenantID uuid.UUID) string {
	hash := fnv.New32a()
	_, _ = hash.Write(tenantID[:])
	return notifyQueue(int(hash.Sum32() % notifyQueues))
}

// addNotification adds the queues of this file.
func addNotification(queues map[string]river.QueueConfig) {
	queues[alarmQueue] = river.QueueConfig{MaxWorkers: alarmWorkers, FetchCooldown: fetchCooldown}
	for i := range notifyQueues {
		queues[notifyQueue(i)] = river.QueueConfig{MaxWorkers: notifyWorkers, FetchCooldown: fetchCooldown}
	}
}

// DeliverNotifications sends what a tenant is to be told.
type DeliverNotifications struct {
	TenantID uuid.UUID `json:"tenant_id"`
	// At is the second at which something is due, or the minute of those of each minute: so a job of the future keeps none
	// of the present out, nor does one whose process was killed, which the queue takes for running until it is rescued.
	At int64 `json:"at,omitempty"`
}

// Kind names the job.
func (DeliverNotifications) Kind() string { return "deliver_notifications" }

// InsertOpts puts the job into its tenant's queue, once. The next minute brings another, so that it is not tried again.
func (a DeliverNotifications) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notifyQueueOf(a.TenantID), MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// EvaluateAlarms looks at a tenant's rules.
type EvaluateAlarms struct {
	TenantID uuid.UUID `json:"tenant_id"`
	// At is the minute, in seconds: one whose process was killed keeps out no other minute's.
	At int64 `json:"at,omitempty"`
}

// Kind names the job.
func (EvaluateAlarms) Kind() string { return "evaluate_alarms" }

// InsertOpts puts the job into its queue, once. The next minute brings another, which makes up for it.
func (EvaluateAlarms) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: alarmQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// ScheduleNotifications makes both jobs of each tenant.
type ScheduleNotifications struct {
	// At is the minute, in seconds: one whose process was killed keeps out no other minute's.
	At int64 `json:"at,omitempty"`
}

// Kind names the job.
func (ScheduleNotifications) Kind() string { return "schedule_notifications" }

// InsertOpts puts the job into the queue of no tenant, once.
func (ScheduleNotifications) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: systemQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingOrRunning}}
}

// afterMinutes is a schedule: so long after each full minute.
type afterMinutes time.Duration

// Next is the next time after one.
func (a afterMinutes) Next(now time.Time) time.Time {
	lag := time.Duration(a)
	return now.Add(-lag).Truncate(time.Minute).Add(time.Minute + lag)
}

func (j *Jobs) everyMinute() *river.PeriodicJob {
	return river.NewPeriodicJob(afterMinutes(minuteLag), func() (river.JobArgs, *river.InsertOpts) { return ScheduleNotifications{At: j.minute()}, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// minute is the present one, in seconds.
func (j *Jobs) minute() int64 { return j.deps.Now().Truncate(time.Minute).Unix() }

func (j *Jobs) scheduleNotifications(ctx context.Context, _ *river.Job[ScheduleNotifications]) error {
	ids, err := j.deps.Tenants(ctx)
	if err != nil {
		return fmt.Errorf("list the tenants: %w", err)
	}
	at := j.minute()
	for step := range slices.Chunk(ids, insertStep) {
		params := make([]river.InsertManyParams, 0, 2*len(step))
		for _, id := range step {
			params = append(params, river.InsertManyParams{Args: EvaluateAlarms{TenantID: id, At: at}}, river.InsertManyParams{Args: DeliverNotifications{TenantID: id, At: at}})
		}
		if _, err := j.client.InsertMany(ctx, params); err != nil {
			return fmt.Errorf("make the jobs of alarms and notifications: %w", err)
		}
	}
	return nil
}

func (j *Jobs) evaluateAlarms(ctx context.Context, job *river.Job[EvaluateAlarms]) error {
	return j.deps.Notification.Evaluate(tenant.WithPrincipal(ctx, tenant.System(job.Args.TenantID)))
}

// deliverNotifications delivers, and makes the job that goes on when something is due before the next minute's.
func (j *Jobs) deliverNotifications(ctx context.Context, job *river.Job[DeliverNotifications]) error {
	id := job.Args.TenantID
	next, err := j.deps.Notification.Deliver(tenant.WithPrincipal(ctx, tenant.System(id)))
	now := j.deps.Now()
	if err != nil || next.IsZero() || next.After(now.Add(2*time.Minute)) {
		return err
	}
	// The next full second: jobs of the same second are one.
	at := max(next.Unix(), now.Unix()) + 1
	_, err = j.client.Insert(ctx, DeliverNotifications{TenantID: id, At: at}, &river.InsertOpts{ScheduledAt: time.Unix(at, 0)})
	if err != nil {
		return fmt.Errorf("make the job of the next delivery: %w", err)
	}
	return nil
}

// Told asks for a delivery to the tenant's endpoints soon. It returns at once; what asks again before then is one.
func (j *Jobs) Told(tenantID uuid.UUID) { j.wakes.ask(tenantID, j.wake) }

func (j *Jobs) wake(tenantID uuid.UUID) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := j.client.Insert(ctx, DeliverNotifications{TenantID: tenantID, At: j.deps.Now().Unix()}, nil); err != nil {
		j.deps.Log.WarnContext(ctx, "what is to be told waits for the next minute", "tenant", tenantID, "error", err)
	}
}

// wakes are the tenants for which a delivery was asked.
type wakes struct {
	mu      sync.Mutex
	asked   map[uuid.UUID]bool
	pending sync.WaitGroup
	stopped bool
}

// ask calls wake for the tenant a little later, and once more after that for what commits late.
func (w *wakes) ask(tenantID uuid.UUID, wake func(uuid.UUID)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || w.asked[tenantID] {
		return
	}
	if w.asked == nil {
		w.asked = map[uuid.UUID]bool{}
	}
	w.asked[tenantID] = true
	time.AfterFunc(wakeAfter, func() { w.call(tenantID, wake) })
	time.AfterFunc(wakeAgain, func() { w.call(tenantID, wake) })
}

func (w *wakes) call(tenantID uuid.UUID, wake func(uuid.UUID)) {
	w.mu.Lock()
	delete(w.asked, tenantID)
	if w.stopped {
		w.mu.Unlock()
		return
	}
	w.pending.Add(1)
	w.mu.Unlock()
	defer w.pending.Done()
	wake(tenantID)
}

// stop waits for what is being asked; nothing is any more.
func (w *wakes) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.pending.Wait()
}
