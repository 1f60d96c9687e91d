package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// Older versions kept what is only watched in the rows that issues have. Each such problem is taken over when it is seen
// again; those that are not seen again expire.

const (
	sqlOldWatched = `SELECT id, category, coalesce(integration_id, '00000000-0000-0000-0000-000000000000'), cause, scope, confidence::float8,
	first_seen_at, last_seen_at FROM issue WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`

	sqlOldMinutes = `SELECT issue_id, at, customer_id, connected_app_id, occurrences, last_at FROM issue_minute
WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[]) AND at >= $3`

	sqlOldHours = `SELECT issue_id, at, occurrences FROM issue_hour WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[]) AND at < $3`

	sqlDropOld = `DELETE FROM issue WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`
)

// takeOver adds what older versions counted of problems to a sheet, and deletes their rows.
func takeOver(ctx context.Context, tx *tenant.Tx, to *sheet, ids []uuid.UUID, now time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	each := func(sql string, into []any, do func(), args ...any) error {
		rows, err := tx.Pgx().Query(ctx, sql, append([]any{tx.TenantID(), tenant.UUIDs(ids)}, args...)...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, into, func() error { do(); return nil })
		return err
	}
	var id uuid.UUID
	var key Key
	var confidence float64
	var first, last time.Time
	if err := each(sqlOldWatched, []any{&id, &key.Category, &key.IntegrationID, &key.Cause, &key.Scope, &confidence, &first, &last}, func() {
		p := to.problem(id, key, first.UnixMicro(), last.UnixMicro())
		p.confidence = max(p.confidence, confidence)
	}); err != nil {
		return fmt.Errorf("read what was watched: %w", err)
	}
	// Whole hours: what is before is counted by hour.
	whole := now.Add(-recent).Truncate(time.Hour).Add(time.Hour)
	var at time.Time
	var w whom
	var n int64
	if err := each(sqlOldMinutes, []any{&id, &at, &w.customer, &w.app, &n, &last}, func() {
		after := uint32(max(last.Sub(at), 0) / time.Microsecond)                                               //nolint:gosec // Within a minute.
		to.count(to.problems[id], cell{minute: minuteOf(at), whom: to.whoms.of(w), n: uint32(n), last: after}) //nolint:gosec // As many as there were.
	}, whole); err != nil {
		return fmt.Errorf("read minutes of what was watched: %w", err)
	}
	if err := each(sqlOldHours, []any{&id, &at, &n}, func() { to.problems[id].addHour(hourOf(minuteOf(at)), n) }, whole); err != nil {
		return fmt.Errorf("read hours of what was watched: %w", err)
	}
	var e exhibit
	var kind int16
	if err := each(sqlEvidenceOf, []any{&id, &e.ID, &kind, &e.customer, &e.At}, func() {
		e.Kind = entry.Kind(kind) //nolint:gosec // It was one when it was stored.
		to.problems[id].saw(e.Kind)
		to.problems[id].evidence = append(to.problems[id].evidence, e)
	}); err != nil {
		return fmt.Errorf("read what shows what was watched: %w", err)
	}
	to.trim(now)
	_, err := tx.Pgx().Exec(ctx, sqlDropOld, tx.TenantID(), tenant.UUIDs(ids))
	return err
}
