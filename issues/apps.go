package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// connected is the status of an app whose credentials are good, as far as anybody knows; needsReauth of one whose are not.
const (
	connected   = "CONNECTED"
	needsReauth = "NEEDS_REAUTH"
)

// sick is an app that a live issue of credentials hits.
type sick struct {
	hit
	reason string
}

const sqlSick = `SELECT a.issue_id, a.customer_id, a.connected_app_id, a.last_seen_at, coalesce(i.diagnosis ->> 'Title', '')
FROM issue i JOIN issue_affected a ON a.tenant_id = $1 AND a.issue_id = i.id AND a.cleared_at IS NULL
	AND a.connected_app_id <> '00000000-0000-0000-0000-000000000000'
WHERE i.tenant_id = $1 AND i.status IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND i.category = ANY ($2) AND NOT i.by_condition
ORDER BY a.last_seen_at, a.connected_app_id`

// mendApps clears apps in credential issues that were reconnected after their last sighting, and resolves the issues that
// have no others, at once. The others it turns into NEEDS_REAUTH.
func (s *Store) mendApps(ctx context.Context, now time.Time) error {
	if s.deps.Apps == nil {
		return nil
	}
	var over clearing
	var still []*sick
	err := s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		list, states, err := s.sickApps(ctx, tx)
		if err != nil {
			return err
		}
		for _, k := range list {
			state := states[k.app]
			switch {
			case state.Status != needsReauth && state.ChangedAt.After(k.last):
				over.add(&k.hit, "It was connected anew.")
			case state.Status == connected:
				still = append(still, k)
			}
		}
		return nil
	})
	if err != nil || len(over.list)+len(still) == 0 {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		issues, _, err := over.write(ctx, tx, now)
		if err != nil {
			return fmt.Errorf("clear connected apps: %w", err)
		}
		if err := resolveQuiet(ctx, tx, now, over.notes, issues); err != nil {
			return fmt.Errorf("resolve issues: %w", err)
		}
		return s.needReauth(ctx, tx, still)
	})
}

func (s *Store) sickApps(ctx context.Context, tx *tenant.Tx) (list []*sick, states map[uuid.UUID]AppState, err error) {
	rows, err := tx.Pgx().Query(ctx, sqlSick, pgx.QueryExecModeCacheStatement, tx.TenantID(), reauthCategories)
	if err != nil {
		return nil, nil, err
	}
	var ids []uuid.UUID
	var k sick
	if _, err := pgx.ForEachRow(rows, []any{&k.issue, &k.customer, &k.app, &k.last, &k.reason}, func() error {
		one := k
		list, ids = append(list, &one), append(ids, k.app)
		return nil
	}); err != nil || len(list) == 0 {
		return nil, nil, err
	}
	states, err = s.deps.Apps.States(ctx, tx, ids)
	return list, states, err
}

// needReauth turns apps into NEEDS_REAUTH as of their last sighting: a reconnection after that is newer, however late it is
// heard of. Those of one minute and issue are turned together as of the first of them.
func (s *Store) needReauth(ctx context.Context, tx *tenant.Tx, list []*sick) error {
	for len(list) > 0 {
		first := list[0]
		var together []uuid.UUID
		var rest []*sick
		for _, k := range list {
			if k.issue == first.issue && k.last.Truncate(time.Minute).Equal(first.last.Truncate(time.Minute)) {
				together = append(together, k.app)
			} else {
				rest = append(rest, k)
			}
		}
		if _, err := s.deps.Apps.NeedReauth(ctx, tx, together, first.reason, first.last); err != nil {
			return fmt.Errorf("turn connected apps: %w", err)
		}
		list = rest
	}
	return nil
}
