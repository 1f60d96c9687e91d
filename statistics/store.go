package statistics

import (
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
