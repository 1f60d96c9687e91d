package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// tableState is what PostgreSQL has noted of a table, the partitions of one together. Changed counts the rows that were
// updated or deleted: what becomes dead.
type tableState struct {
	Name        string
	Live, Dead  int64
	Changed     int64
	Vacuums     int64
	LastVacuum  *time.Time
	ScaleFactor float64
}

const tableStates = `SELECT n.nspname || '.' || r.relname AS name,
  sum(s.n_live_tup)::bigint AS live, sum(s.n_dead_tup)::bigint AS dead, sum(s.n_tup_upd + s.n_tup_del)::bigint AS changed,
  sum(s.autovacuum_count)::bigint AS vacuums, max(s.last_autovacuum) AS last_vacuum,
  current_setting('autovacuum_vacuum_scale_factor')::float8 AS scale_factor
FROM pg_stat_user_tables s
JOIN pg_class r ON r.oid = coalesce(pg_partition_root(s.relid), s.relid)
JOIN pg_namespace n ON n.oid = r.relnamespace
GROUP BY 1 HAVING sum(s.n_tup_upd + s.n_tup_del) > 0 ORDER BY changed DESC LIMIT 8`

// tables are those whose rows change most, the busiest first.
func (s *site) tables(ctx context.Context) ([]tableState, error) {
	rows, err := s.admin.Query(ctx, tableStates)
	if err != nil {
		return nil, fmt.Errorf("read the state of the tables: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[tableState])
	if err != nil {
		return nil, fmt.Errorf("read the state of the tables: %w", err)
	}
	return list, nil
}

func (t *tableState) String() string {
	ago := "never"
	if t.LastVacuum != nil {
		ago = fmt.Sprintf("%.0f s ago", time.Since(*t.LastVacuum).Seconds())
	}
	return fmt.Sprintf("%s %d dead of %d (autovacuum %s)", t.Name, t.Dead, t.Live+t.Dead, ago)
}

// vacuumPause is how long autovacuum may take to come: it looks once a minute, and needs a moment.
const vacuumPause = 2 * time.Minute

// mostDead is how many dead rows a table may have while autovacuum keeps up, when rows changed at the rate: what
// autovacuum leaves alone, and what came since it could have looked.
func (t *tableState) mostDead(perSecond float64) float64 {
	return 50 + t.ScaleFactor*float64(t.Live) + perSecond*vacuumPause.Seconds()
}
