package journal

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// partitionsTTL is how long the days that have partitions are remembered: they change once a day.
const partitionsTTL = 10 * time.Second

type partitions struct {
	mu          sync.Mutex
	first, last Day
	any         bool
	at          time.Time
}

// Days gives the first and the last day that have partitions, as of some seconds ago; ok is false when none has. An
// entry of a day outside cannot be kept: it is too old, or too far ahead.
func (s *Store) Days(ctx context.Context) (first, last Day, ok bool, err error) {
	p := &s.partitions
	p.mu.Lock()
	defer p.mu.Unlock()
	now := s.opt.Now()
	if !p.at.IsZero() && now.Sub(p.at).Abs() < partitionsTTL {
		return p.first, p.last, p.any, nil
	}
	var from, to *time.Time
	if err := s.door.Directory().QueryRow(ctx, "SELECT first_day, last_day FROM partition_days()").Scan(&from, &to); err != nil {
		return 0, 0, false, fmt.Errorf("read the days of partitions: %w", err)
	}
	p.at, p.any = now, from != nil && to != nil
	if p.any {
		p.first, p.last = DayOf(*from), DayOf(*to)
	}
	return p.first, p.last, p.any, nil
}

// EnsurePartitions makes the partitions of all days from one to the other, both included, that are missing, and tells
// how many it made. They must be fewer than 500 days apart.
func (s *Store) EnsurePartitions(ctx context.Context, from, to Day) (made int, err error) {
	row := s.door.Directory().QueryRow(ctx, "SELECT ensure_partitions($1::date, $2::date)", from.String(), to.String())
	if err := row.Scan(&made); err != nil {
		return 0, fmt.Errorf("make partitions from %s to %s: %w", from, to, err)
	}
	s.partitions.mu.Lock()
	s.partitions.at = time.Time{}
	s.partitions.mu.Unlock()
	return made, nil
}
