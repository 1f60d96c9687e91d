package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/shape"
	"github.com/weirhq/weir/statistics"
)

// compactionRests leaves a third of a processor's time to what else goes on there, and still merges faster than events
// come in.
const compactionRests = 0.5

// journalJobs is the journal as the jobs see it.
type journalJobs struct {
	store      *journal.Store
	statistics *statistics.Store
	issues     *issues.Store
	shapes     *shape.Store
	told       *notify.Store
	log        *slog.Logger
}

func (j journalJobs) CompactBefore(ctx context.Context, before time.Time) error {
	done, err := j.store.Compact(ctx, before)
	if err != nil {
		return err
	}
	if done.SegmentsBefore > 0 {
		j.log.InfoContext(ctx, "compacted", "segments_before", done.SegmentsBefore, "segments_after", done.SegmentsAfter)
	}
	_, err = j.statistics.Compact(ctx, before)
	return err
}

func (j journalJobs) EraseCustomer(ctx context.Context, customerID uuid.UUID) error {
	if _, err := j.store.EraseCustomer(ctx, customerID); err != nil {
		return err
	}
	if _, err := j.statistics.EraseCustomer(ctx, customerID); err != nil {
		return err
	}
	if err := j.issues.EraseCustomer(ctx, customerID); err != nil {
		return err
	}
	if err := j.shapes.EraseCustomer(ctx, customerID); err != nil {
		return err
	}
	return j.told.EraseCustomer(ctx, customerID)
}

func (j journalJobs) MakePartitions(ctx context.Context, from, to time.Time) error {
	_, err := j.store.EnsurePartitions(ctx, journal.DayOf(from), journal.DayOf(to))
	return err
}

// checkPartitions says whether today's events have a place.
func (a *App) checkPartitions(ctx context.Context) error {
	first, last, ok, err := a.stores.journal.Days(ctx)
	today := journal.DayOf(time.Now())
	if err == nil && (!ok || today < first || today > last) {
		err = fmt.Errorf("there is no partition for today, %s", today)
	}
	return err
}

// checkWorkers says whether background work goes on.
func (a *App) checkWorkers() error { return a.jobs.Running() }
