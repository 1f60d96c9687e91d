package journal

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// partitionsTTL is how long the days that have partitions are remembered: they change once a day.
const partitionsTTL = 10 * time.Second

// partitions remembers the days that have some.
type partitions struct {
	mu   sync.Mutex
	days days
}

// days are from the first to the last, if there are any, as of a time.
type days struct {
	first, last Day
	any         bool
	at          time.Time
}

// Days gives the first and the last day that have partitions, as of some seconds ago; ok is false when none has. An
// entry of a day outside cannot be kept: it is too old, or too far ahead.
func (s *Store) Days(ctx context.Context) (first, last Day, ok bool, err error) {
	p := &s.partitions
	now := s.opt.Now()
	p.mu.Lock()
	known := p.days
	p.mu.Unlock()
	if !known.at.IsZero() && now.Sub(known.at).Abs() < partitionsTTL {
		return known.first, known.last, known.any, nil
	}
	// Nobody waits for another's question, which may take as long as the database is slow.
	var from, to *time.Time
	if err := s.door.Directory().QueryRow(ctx, "SELECT first_day, last_day FROM partition_days()").Scan(&from, &to); err != nil {
		return 0, 0, false, fmt.Errorf("read the days of partitions: %w", err)
	}
	known = days{at: now, any: from != nil && to != nil}
	if known.any {
		known.first, known.last = DayOf(*from), DayOf(*to)
	}
	p.mu.Lock()
	p.days = known
	p.mu.Unlock()
	return known.first, known.last, known.any, nil
}

// EnsurePartitions makes the partitions of all days from one to the other, both included, that are missing, and tells
// how many it made. They must be fewer than 500 days apart.
func (s *Store) EnsurePartitions(ctx context.Context, from, to Day) (made int, err error) {
	row := s.door.Directory().QueryRow(ctx, "SELECT ensure_partitions($1::date, $2::date)", from.String(), to.String())
	if err := row.Scan(&made); err != nil {
		return 0, fmt.Errorf("make partitions from %s to %s: %w", from, to, err)
	}
	s.partitions.mu.Lock()
	s.partitions.days = days{}
	s.partitions.mu.Unlock()
	return made, nil
}
