package issues

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// severities are in order, the least first.
var severities = []Severity{Info, Warning, Error, Critical}

// rank is a severity's place; below 0 for none.
func (s Severity) rank() int { return slices.Index(severities, s) }

const (
	// wide is how many customers a problem hits that is worse for that; several suffice when they are half of those who
	// have the integration connected.
	wide    = 10
	several = 3
	// long is how long a problem lasts that is worse for that, if it was seen within fresh.
	long  = day
	fresh = time.Hour
)

// reach is whom a problem hits, out of whom.
type reach struct{ customers, connected int }

func (r reach) large() bool {
	return r.customers >= wide || r.customers >= several && 2*r.customers >= r.connected
}

// raised is how bad a problem is: its base, one up for its reach and one for its duration. What is only to be known stays so.
func raised(base Severity, r reach, lasts bool) Severity {
	if base == Info || base.rank() < 0 {
		return base
	}
	up := 0
	if r.large() {
		up++
	}
	if lasts {
		up++
	}
	return severities[min(base.rank()+up, len(severities)-1)]
}

const sqlReach = `WITH open AS (
	SELECT id, integration_id, severity, base_severity, began_at, last_seen_at FROM issue
	WHERE tenant_id = $1 AND status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND base_severity <> 'INFO' AND severity <> 'CRITICAL'
), connected AS (
	SELECT integration_id, count(DISTINCT customer_id) AS n FROM connected_app
	WHERE tenant_id = $1 AND status <> 'DISCONNECTED' AND integration_id IN (SELECT integration_id FROM open) GROUP BY 1
), hit AS (
	SELECT issue_id, count(DISTINCT customer_id) AS n FROM issue_affected
	WHERE tenant_id = $1 AND issue_id IN (SELECT id FROM open) AND cleared_at IS NULL AND customer_id <> '00000000-0000-0000-0000-000000000000'
	GROUP BY 1
)
SELECT o.id, o.severity, o.base_severity, o.began_at, o.last_seen_at, coalesce(h.n, 0), coalesce(c.n, 0)
FROM open o LEFT JOIN hit h ON h.issue_id = o.id LEFT JOIN connected c ON c.integration_id = o.integration_id ORDER BY o.id`

// raise raises the severities of open issues; they go down no more before the episode is over.
func raise(ctx context.Context, tx *tenant.Tx, now time.Time, justOpened []uuid.UUID) error {
	rows, err := tx.Pgx().Query(ctx, sqlReach, pgx.QueryExecModeCacheStatement, tx.TenantID())
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	var to []string
	var what deeds
	var id uuid.UUID
	var severity, base Severity
	var began, seen time.Time
	var r reach
	if _, err := pgx.ForEachRow(rows, []any{&id, &severity, &base, &began, &seen, &r.customers, &r.connected}, func() error {
		lasts := now.Sub(began) > long && now.Sub(seen) <= fresh
		next := raised(base, r, lasts)
		if next.rank() <= severity.rank() {
			return nil
		}
		ids, to = append(ids, id), append(to, string(next))
		if !slices.Contains(justOpened, id) {
			what.add(id, now, weir, escalated, why(next, r, lasts))
		}
		return nil
	}); err != nil || len(ids) == 0 {
		return err
	}
	if _, err := tx.Pgx().Exec(ctx, `UPDATE issue i SET severity = v.severity, changed_at = $2, change_no = 0
		FROM unnest($3::uuid[], $4::text[]) AS v (id, severity) WHERE i.tenant_id = $1 AND i.id = v.id`, tx.TenantID(), now, tenant.UUIDs(ids), to); err != nil {
		return err
	}
	return what.write(ctx, tx)
}

func why(to Severity, r reach, lasts bool) string {
	note := fmt.Sprintf("To %s:", to)
	if r.large() {
		note += fmt.Sprintf(" it hits %s of %d.", many(r.customers, "customer"), max(r.connected, r.customers))
	}
	if !r.large() && !lasts {
		note += " it is worse by itself."
	}
	if lasts {
		note += " It has lasted for over 24 hours."
	}
	return note
}
