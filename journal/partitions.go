package journal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
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
	s.partitions.forget()
	return made, nil
}

// forget has the days asked for anew.
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.days = days{}
}

// Partition is a table that holds one day of all tenants, and what it takes with its indexes.
type Partition struct {
	Name, Parent string
	Day          Day
	Bytes        int64
}

// OldPartitions are the partitions of which no tenant keeps anything now, the oldest first: what DropPartitions drops.
func (s *Store) OldPartitions(ctx context.Context) (old []Partition, err error) {
	var longest int
	if err := s.door.Directory().QueryRow(ctx, "SELECT longest_retention()").Scan(&longest); err != nil {
		return nil, fmt.Errorf("read the longest retention: %w", err)
	}
	before := DayOf(s.opt.Now()) - Day(longest) //nolint:gosec // At most some hundred days.
	rows, err := s.door.Directory().Query(ctx, "SELECT name, parent, day, bytes FROM partitions_before($1::date)", before.String())
	if err != nil {
		return nil, fmt.Errorf("list old partitions: %w", err)
	}
	var one Partition
	var day time.Time
	_, err = pgx.ForEachRow(rows, []any{&one.Name, &one.Parent, &day, &one.Bytes}, func() error {
		one.Day = DayOf(day)
		old = append(old, one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list old partitions: %w", err)
	}
	return old, nil
}

// DropPartitions drops the partitions of which no tenant keeps anything, a day at a time, and tells which. The database
// refuses what is younger than the longest policy. It may be stopped at any point, and run again.
func (s *Store) DropPartitions(ctx context.Context) (dropped []Partition, err error) {
	old, err := s.OldPartitions(ctx)
	if err != nil || len(old) == 0 {
		return nil, err
	}
	defer s.partitions.forget()
	for i, p := range old {
		// All of one day go at once.
		if i+1 < len(old) && old[i+1].Day == p.Day {
			continue
		}
		if _, err := s.door.Directory().Exec(ctx, "SELECT drop_partitions($1::date)", (p.Day + 1).String()); err != nil {
			return dropped, fmt.Errorf("drop the partitions of %s: %w", p.Day, err)
		}
		dropped = old[:i+1]
	}
	return dropped, nil
}
