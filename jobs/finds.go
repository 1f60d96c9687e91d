package jobs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

const (
	// takeEvery is how long what was found waits, so that many commits make one job.
	takeEvery = 2 * time.Second
	// takeBusy is how long it waits after the last job where more than few were found since: what counting costs grows with
	// how often it is done, far more than with how much there is to be counted. The first of a quiet tenant never waits so long.
	takeBusy = 10 * time.Second
	few      = 20
)

// Found asks for a job that counts what ingestion found of the tenant: so many sightings, or the state of an app. It
// returns at once.
func (j *Jobs) Found(tenantID uuid.UUID, sightings int) {
	if j.deps.Detection != nil {
		j.found.add(sightings, tenantID)
	}
}

// finds are the tenants of which something was found that no job was made for yet: how much of each, and when the last job
// was made.
type finds struct {
	mu      sync.Mutex
	tenants map[uuid.UUID]int
	last    map[uuid.UUID]time.Time
}

func (f *finds) add(sightings int, tenantIDs ...uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tenants == nil {
		f.tenants, f.last = map[uuid.UUID]int{}, map[uuid.UUID]time.Time{}
	}
	for _, id := range tenantIDs {
		f.tenants[id] += sightings
	}
}

// take are those whose turn it is.
func (f *finds) take(now time.Time) (ids []uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, at := range f.last {
		if now.Sub(at) >= takeBusy {
			delete(f.last, id)
		}
	}
	for id, n := range f.tenants {
		if _, lately := f.last[id]; lately && n > few {
			continue
		}
		ids = append(ids, id)
		f.last[id] = now
		delete(f.tenants, id)
	}
	return ids
}

// enqueueFound makes the jobs of what was found. One that is there already may be past what was found now, so its tenant
// is asked for again.
func (j *Jobs) enqueueFound(ctx context.Context) error {
	for step := range slices.Chunk(j.found.take(j.deps.Now()), insertStep) {
		params := make([]river.InsertManyParams, len(step))
		for i, id := range step {
			params[i] = river.InsertManyParams{Args: TakeFindings{TenantID: id}}
		}
		made, err := j.client.InsertMany(ctx, params)
		if err != nil {
			j.found.add(0, step...)
			return fmt.Errorf("make jobs of what was found: %w", err)
		}
		for i := range made {
			if made[i].UniqueSkippedAsDuplicate {
				j.found.add(0, step[i])
			}
		}
	}
	return nil
}

// watch makes jobs of what was found until stop is closed. What is not enqueued then is found within a minute.
func (j *Jobs) watch(stop <-chan struct{}) {
	ticker := time.NewTicker(takeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if err := j.enqueueFound(ctx); err != nil {
			j.deps.Log.WarnContext(ctx, "what was found waits", "error", err)
		}
		cancel()
	}
}
