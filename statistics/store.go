package statistics

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
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

func dayOf(minute int64) time.Time { return timeOf(floorDiv(minute, minutesOfDay) * minutesOfDay) }

// Cells gives what was counted by minute from one time on, to another: whole minutes, in no order. The cell is valid until
// take returns. It is for the last hours: of older days there may be nothing by minute any more.
func (s *Store) Cells(ctx context.Context, f Filter, from, to time.Time, take func(c *Cell)) error {
	of := spanOf(from, to)
	if of.first >= of.end {
		return nil
	}
	var cell Cell
	return s.byDays(ctx, f, of, spans{of}, func(c *Cells, i int) {
		if of.has(c.minutes[i]) {
			c.Cell(i, &cell)
			take(&cell)
		}
	})
}
