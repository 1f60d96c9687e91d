package journal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

const (
	// Rows of keys are packed until they are this large: half a million keys.
	keyRowBytes = 4 << 20
	// openDayRows is how many rows a day that is still written to has before it is worth packing them.
	openDayRows = 64
)

// packKeys makes few rows of the many that commits wrote for each day. A packed row has the number of its last commit,
// so a process that knows the keys up to any of them still finds what it lacks.
func (s *Store) packKeys(ctx context.Context, end int64, done *Compaction) error {
	first, _, ok, err := s.Days(ctx)
	if err != nil || !ok {
		return err
	}
	days, err := s.days(ctx, `SELECT day FROM journal_key WHERE tenant_id = $1 AND day >= $2 AND day < $3 AND octet_length(hashes) < $4
GROUP BY day HAVING count(*) > CASE WHEN day < $5 THEN 1 ELSE $6::int END ORDER BY day`,
		first.Time(), timeOf(end), keyRowBytes, dayOf(end).Time(), openDayRows)
	if err != nil {
		return fmt.Errorf("find days whose keys can be packed: %w", err)
	}
	for _, day := range days {
		if err := s.packDay(ctx, day, done); err != nil {
			return fmt.Errorf("pack the keys of %s: %w", day, err)
		}
		if done.Busy {
			return nil
		}
	}
	return nil
}

// keyRow is rows of journal_key that become one.
type keyRow struct {
	commits []int64
	hashes  []byte
}

func (s *Store) packDay(ctx context.Context, day Day, done *Compaction) error {
	before, after := 0, 0
	busy, err := s.rewriting(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := readKeyRows(ctx, tx, day)
		if err != nil {
			return err
		}
		conn, err := prepareStatements(ctx, tx, sqlAppendKeys)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if len(row.commits) == 1 {
				continue
			}
			before, after = before+len(row.commits), after+1
			if _, err := tx.Pgx().Exec(ctx, "DELETE FROM journal_key WHERE tenant_id = $1 AND day = $2 AND commit_no = ANY($3)",
				pgx.QueryExecModeCacheDescribe, tx.TenantID(), day.Time(), row.commits); err != nil {
				return err
			}
			if _, err := conn.Exec(ctx, sqlAppendKeys, tx.TenantID(), day.Time(), row.commits[len(row.commits)-1], row.hashes); err != nil {
				return err
			}
		}
		return nil
	})
	if done.Busy = busy; err == nil {
		done.KeyRowsBefore, done.KeyRowsAfter = done.KeyRowsBefore+before, done.KeyRowsAfter+after
	}
	return err
}

func readKeyRows(ctx context.Context, tx *tenant.Tx, day Day) (packed []*keyRow, err error) {
	rows, err := query(ctx, tx, "SELECT commit_no, hashes FROM journal_key WHERE tenant_id = $1 AND day = $2 AND octet_length(hashes) < $3 ORDER BY commit_no",
		tx.TenantID(), day.Time(), keyRowBytes)
	if err != nil {
		return nil, err
	}
	var no int64
	var hashes []byte
	_, err = pgx.ForEachRow(rows, []any{&no, &hashes}, func() error {
		if n := len(packed); n == 0 || len(packed[n-1].hashes) >= keyRowBytes {
			packed = append(packed, &keyRow{})
		}
		row := packed[len(packed)-1]
		row.commits, row.hashes = append(row.commits, no), append(row.hashes, hashes...)
		return nil
	})
	return packed, err
}
