// Package numbering numbers what changes in a table, so that it can be followed by a cursor.
//
// Whoever changes a row sets its change_no to 0. At the end of the transaction all such rows get the next numbers of the
// table's stream, under a lock of the tenant that is held until the commit: so there is never a number that can be seen
// while one before it cannot. A row has the number of its last change alone. Whoever reads the rows behind a number finds
// each of them once, as it is now, however long ago that number was; nothing is logged, so nothing has to be forgotten,
// and what is erased is gone from the stream too.
package numbering

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// Stream is a table whose changes are numbered, each tenant's from 1 on.
type Stream struct {
	name, number string
}

// Of is the stream of a table that has the columns tenant_id, id and change_no. visible is the condition on which its rows
// can be followed, "true" for all of them; what it leaves out is not numbered.
func Of(table, visible string) Stream {
	return Stream{table, fmt.Sprintf(`WITH changed AS (
	SELECT id, row_number() OVER (ORDER BY id) AS nth FROM %[1]s WHERE tenant_id = $1 AND change_no = 0 AND %[2]s
), last AS (
	INSERT INTO change_cursor AS c (tenant_id, stream, change_no) SELECT $1, $2, count(*) FROM changed HAVING count(*) > 0
	ON CONFLICT (tenant_id, stream) DO UPDATE SET change_no = c.change_no + excluded.change_no RETURNING c.change_no
), numbered AS (
	UPDATE %[1]s t SET change_no = last.change_no - (SELECT count(*) FROM changed) + changed.nth FROM changed, last
	WHERE t.tenant_id = $1 AND t.id = changed.id
)
SELECT change_no FROM last`, table, visible)}
}

const sqlLast = "SELECT change_no FROM change_cursor WHERE tenant_id = $1 AND stream = $2"

// Number numbers what the transaction changed, and gives the last number; 0 when it changed nothing. It is the last that
// the transaction does, because others who change the same wait from then on.
func (s Stream) Number(ctx context.Context, tx *tenant.Tx) (int64, error) {
	return s.read(ctx, tx, s.number)
}

// Last is the number of the tenant's last change, 0 when there was none yet.
func (s Stream) Last(ctx context.Context, tx *tenant.Tx) (int64, error) {
	return s.read(ctx, tx, sqlLast)
}

// Reach is Last for somebody who stands at a number. One that the tenant has not come to is a Conflict: the database has
// been put back to an earlier state.
func (s Stream) Reach(ctx context.Context, tx *tenant.Tx, at int64) (int64, error) {
	last, err := s.Last(ctx, tx)
	if err == nil && last < at {
		err = errs.New(errs.Conflict, "the cursor lies behind the last change: the database was put back to an earlier state")
	}
	return last, err
}

func (s Stream) read(ctx context.Context, tx *tenant.Tx, sql string) (no int64, err error) {
	err = tx.Pgx().QueryRow(ctx, sql, pgx.QueryExecModeCacheStatement, tx.TenantID(), s.name).Scan(&no)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("number what changed in %s: %w", s.name, err)
	}
	return no, nil
}
