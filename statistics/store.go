package statistics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// Store reads the figures of the context's tenant, and keeps them in few rows.
type Store struct {
	door *tenant.Door
	log  *slog.Logger
}

// NewStore makes a Store over the door.
func NewStore(door *tenant.Door, log *slog.Logger) *Store {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{door: door, log: log}
}

// SQLAppend inserts rows. Its arguments are those of Columns.
const SQLAppend = `INSERT INTO statistic (tenant_id, commit_no, id, day, first_at, last_at, cells)
SELECT $1, $2, s.* FROM unnest($3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::bytea[]) s`

// Columns are the arguments of SQLAppend: a commit's rows, column by column.
func Columns(tenantID uuid.UUID, commitNo int64, rows []Row) []any {
	ids, cells := make([]pgtype.UUID, len(rows)), make([][]byte, len(rows))
	days, firsts, lasts := make([]time.Time, len(rows)), make([]time.Time, len(rows)), make([]time.Time, len(rows))
	for i := range rows {
		r := &rows[i]
		firsts[i], lasts[i], cells[i] = timeOf(r.FirstMinute), timeOf(r.LastMinute), r.Packed
		days[i] = timeOf(r.Day * minutesOfDay)
		ids[i] = pgtype.UUID{Bytes: nodeid.New(firsts[i]), Valid: true}
	}
	return []any{tenantID, commitNo, ids, days, firsts, lasts, cells}
}

const sqlCells = `SELECT id, cells FROM statistic
WHERE tenant_id = $1 AND day >= $2 AND day <= $3 AND last_at >= $4 AND first_at < $5`

// each gives every row that may have cells of the minutes from first on and before end, unpacked. One that cannot be read is
// reported and left out: the figures are too low then.
func (s *Store) each(ctx context.Context, first, end int64, do func(*Cells)) error {
	return s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlCells, tx.TenantID(), dayOf(first), dayOf(end-1), timeOf(first), timeOf(end))
		if err != nil {
			return fmt.Errorf("read statistics: %w", err)
		}
		var id pgtype.UUID
		var packed pgtype.DriverBytes
		if _, err := pgx.ForEachRow(rows, []any{&id, &packed}, func() error {
			cells, err := Open(packed)
			if err != nil {
				s.log.LogAttrs(ctx, slog.LevelError, "statistics cannot be read and are left out", slog.String("tenant", tx.TenantID().String()),
					slog.String("row", uuid.UUID(id.Bytes).String()))
				return nil //nolint:nilerr // It is reported, and breaks no other figure.
			}
			do(cells)
			return nil
		}); err != nil {
			return fmt.Errorf("read statistics: %w", err)
		}
		return nil
	})
}

func dayOf(minute int64) time.Time { return timeOf(floorDiv(minute, minutesOfDay) * minutesOfDay) }
