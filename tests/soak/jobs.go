package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/jobs"
)

// schedule makes the service make its jobs for all tenants now.
func (s *site) schedule(ctx context.Context) error {
	job := jobs.ScheduleTenants{}
	_, err := s.admin.Exec(ctx, "INSERT INTO river.river_job (kind, queue, args, max_attempts) VALUES ($1, $2, '{}', 1)", job.Kind(), job.InsertOpts().Queue)
	if err != nil {
		return fmt.Errorf("make the service make jobs: %w", err)
	}
	s.schedules++
	return nil
}

const jobStates = `SELECT count(*) FILTER (WHERE state IN ('available', 'pending', 'running', 'retryable', 'scheduled') AND scheduled_at <= now()),
  count(*) FILTER (WHERE state IN ('discarded', 'cancelled')),
  count(*) FILTER (WHERE state = 'completed' AND kind = $1) FROM river.river_job`

// waiting counts the jobs that are due, or run: retention waits in the queue for its time of day. scheduled is how often
// jobs were made for all tenants.
func (s *site) waiting(ctx context.Context) (n, scheduled int, err error) {
	failed := 0
	err = s.admin.QueryRow(ctx, jobStates, jobs.ScheduleTenants{}.Kind()).Scan(&n, &failed, &scheduled)
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d have failed", failed)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("count the jobs: %w", err)
	}
	return n, scheduled, nil
}

// errDone ends the wait for what is done.
var errDone = errors.New("done")

// drain waits until all jobs are done, those included that schedule made the service make.
func (s *site) drain(ctx context.Context) error {
	err := s.again(ctx, 100*time.Millisecond, func(ctx context.Context) error {
		n, scheduled, err := s.waiting(ctx)
		if err == nil && n == 0 && scheduled >= s.schedules {
			err = errDone
		}
		return err
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}
