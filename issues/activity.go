package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

// weir is the actor of what happens by itself.
const weir = "weir"

// The actions of activities.
const (
	opened       = "opened"
	reopened     = "reopened"
	acknowledged = "acknowledged"
	resolved     = "resolved"
	ignored      = "ignored"
	snoozed      = "snoozed"
	woken        = "woken"
	assigned     = "assigned"
	escalated    = "escalated"
	folded       = "folded"
)

// deeds are activities of several issues that are to be written.
type deeds struct {
	issues, ids            []uuid.UUID
	actors, actions, notes []string
}

func (d *deeds) add(issueID uuid.UUID, at time.Time, actor, action, note string) {
	d.issues, d.ids = append(d.issues, issueID), append(d.ids, nodeid.New(at))
	d.actors, d.actions, d.notes = append(d.actors, actor), append(d.actions, action), append(d.notes, note)
}

const sqlAddActivity = `INSERT INTO issue_activity (tenant_id, issue_id, id, actor, action, note)
SELECT $1, v.issue_id, v.id, v.actor, v.action, nullif(v.note, '')
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]) AS v (issue_id, id, actor, action, note)`

func (d *deeds) write(ctx context.Context, tx *tenant.Tx) error {
	if len(d.ids) == 0 {
		return nil
	}
	if _, err := tx.Pgx().Exec(ctx, sqlAddActivity, tx.TenantID(), tenant.UUIDs(d.issues), tenant.UUIDs(d.ids), d.actors, d.actions, d.notes); err != nil {
		return fmt.Errorf("write what happened to issues: %w", err)
	}
	d.note(ctx)
	return nil
}

// ActivityOf tells what happened to issues, the oldest first. Who is limited to one customer is told nothing.
func (s *Store) ActivityOf(ctx context.Context, issueIDs []uuid.UUID) (map[uuid.UUID][]Activity, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID][]Activity, len(issueIDs))
	err := s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(`SELECT issue_id, id, actor, action, coalesce(note, '') FROM issue_activity
			WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[]) ORDER BY issue_id, id`, tenantID, tenant.UUIDs(issueIDs))
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var issueID, id uuid.UUID
		var a Activity
		_, err = pgx.ForEachRow(rows, []any{&issueID, &id, &a.Actor, &a.Action, &a.Note}, func() error {
			a.At = nodeid.Time(id)
			out[issueID] = append(out[issueID], a)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what happened to issues: %w", err)
	}
	return out, nil
}
