package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// open opens or reopens what was decided to, unless somebody did something to it meanwhile; of a live one it writes whom it
// hits besides.
func (s *Store) open(ctx context.Context, list []*candidate, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	documents, err := s.diagnose(ctx, list, now)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		current, err := recordsByID(ctx, tx, ids(list))
		if err != nil {
			return err
		}
		list := slices.DeleteFunc(slices.Clone(list), func(c *candidate) bool { return !c.same(current[c.id]) })
		planted, err := s.plantAll(ctx, tx, list, now)
		if err != nil {
			return fmt.Errorf("write what was watched: %w", err)
		}
		list = slices.DeleteFunc(list, func(c *candidate) bool { return c.watch != nil && !slices.Contains(planted, c.id) })
		if err := openEpisodes(ctx, tx, list, documents, now); err != nil {
			return fmt.Errorf("open issues: %w", err)
		}
		if err := writeAffected(ctx, tx, list); err != nil {
			return fmt.Errorf("write whom issues hit: %w", err)
		}
		return s.followUp(ctx, tx, now, ids(list))
	})
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.watch != nil {
			c.watch.drop([]uuid.UUID{c.id}) // It is an issue now, was one already, or has no place.
		}
	}
	return nil
}

// same tells whether a candidate is still as it was when it was judged: what is only watched has no record.
func (c *candidate) same(now *record) bool {
	if c.watch != nil || now == nil {
		return c.watch != nil && now == nil
	}
	if now.status != c.status {
		return false
	}
	r := c.record
	return r.resolved == nil && now.resolved == nil || r.resolved != nil && now.resolved != nil && r.resolved.Equal(*now.resolved)
}

func ids(list []*candidate) []uuid.UUID {
	out := make([]uuid.UUID, len(list))
	for i, c := range list {
		out[i] = c.id
	}
	return out
}

func recordsByID(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) (map[uuid.UUID]*record, error) {
	list, err := records(ctx, tx, "i.id = ANY ($2::uuid[])", tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read issues: %w", err)
	}
	out := make(map[uuid.UUID]*record, len(list))
	for _, r := range list {
		out[r.id] = r
	}
	return out, nil
}

// opens tells whether the candidate becomes an issue; else it is one and hits more.
func (c *candidate) opensNow() bool { return c.status == Watched || c.status == Resolved }

// diagnose makes the diagnoses of what opens, of the newest entry that shows it.
func (s *Store) diagnose(ctx context.Context, list []*candidate, now time.Time) (map[uuid.UUID]string, error) {
	newest, err := s.newestShown(ctx, list, now)
	if err == nil {
		err = s.nameProviders(ctx, list)
	}
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]string{}
	for _, c := range list {
		if !c.opensNow() {
			continue
		}
		document, err := json.Marshal(s.diagnosis(ctx, c.record, newest[c.id]))
		if err != nil {
			return nil, fmt.Errorf("write a diagnosis: %w", err)
		}
		out[c.id] = storable(string(document))
	}
	return out, nil
}

// diagnosis is what is wrong with an entry; where nobody can say that any more it is the advice on the category.
func (s *Store) diagnosis(ctx context.Context, r *record, e Evidence) diagnostics.Diagnosis {
	if s.deps.Diagnose != nil && e.ID != uuid.Nil {
		d, ok, err := s.deps.Diagnose(ctx, e)
		if err != nil {
			s.deps.Log.LogAttrs(ctx, slog.LevelWarn, "an issue opens without the diagnosis of its entry",
				slog.String("issue", r.id.String()), slog.String("error", err.Error()))
		} else if ok {
			// A rejected webhook has a diagnosis of its own category.
			d.Category = r.category
			return d
		}
	}
	d := s.advice(r.category, r.provider)
	d.Confidence = r.confidence
	return d
}

// plantAll is plant of those that are only watched.
func (s *Store) plantAll(ctx context.Context, tx *tenant.Tx, list []*candidate, now time.Time) ([]uuid.UUID, error) {
	var watched []uuid.UUID
	for _, c := range list {
		if c.watch != nil {
			watched = append(watched, c.id)
		}
	}
	if len(watched) == 0 {
		return nil, nil
	}
	return s.plant(ctx, tx, watched, now)
}

// nameProviders puts the names of their integrations into the records of candidates that were only watched.
func (s *Store) nameProviders(ctx context.Context, list []*candidate) error {
	byID := map[uuid.UUID][]*candidate{}
	for _, c := range list {
		if c.watch != nil && c.integration != uuid.Nil {
			byID[c.integration] = append(byID[c.integration], c)
		}
	}
	if len(byID) == 0 {
		return nil
	}
	return s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT id, name FROM integration WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tx.TenantID(), tenant.UUIDs(slices.Collect(maps.Keys(byID))))
		if err != nil {
			return err
		}
		var id uuid.UUID
		var name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
			for _, c := range byID[id] {
				c.provider = name
			}
			return nil
		})
		return err
	})
}

// newestShown gives the newest entry that shows each candidate.
func (s *Store) newestShown(ctx context.Context, list []*candidate, now time.Time) (map[uuid.UUID]Evidence, error) {
	var known, watched []uuid.UUID
	for _, c := range list {
		if c.watch != nil {
			watched = append(watched, c.id)
		} else {
			known = append(known, c.id)
		}
	}
	out, err := s.newestEvidence(ctx, known)
	if err != nil || len(watched) == 0 {
		return out, err
	}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		shown, err := s.shown(ctx, tx, watched, now)
		for id, list := range shown {
			out[id] = list[len(list)-1].Evidence
		}
		return err
	})
	return out, err
}

// newestEvidence gives the newest entry that shows each issue.
func (s *Store) newestEvidence(ctx context.Context, ids []uuid.UUID) (out map[uuid.UUID]Evidence, err error) {
	out = map[uuid.UUID]Evidence{}
	if len(ids) == 0 {
		return out, nil
	}
	err = s.deps.Door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT DISTINCT ON (issue_id) issue_id, entry_id, kind, at FROM issue_evidence
			WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[]) ORDER BY issue_id, at DESC, entry_id DESC`, tx.TenantID(), tenant.UUIDs(ids))
		if err != nil {
			return err
		}
		var issueID uuid.UUID
		var e Evidence
		var kind int16
		_, err = pgx.ForEachRow(rows, []any{&issueID, &e.ID, &kind, &e.At}, func() error {
			e.Kind = entry.Kind(kind) //nolint:gosec // It was one when it was stored.
			out[issueID] = e
			return nil
		})
		return err
	})
	return out, err
}

// sqlOpen begins episodes. A child that comes back stands for itself until it is folded again.
const sqlOpen = `UPDATE issue i SET status = 'OPEN', opened_at = $2, began_at = v.began, resolved_at = NULL, resolved_by_person = false,
	snoozed_until = NULL, parent_id = NULL, severity = i.base_severity, diagnosis = v.diagnosis::jsonb, changed_at = $2, change_no = 0
FROM unnest($3::uuid[], $4::timestamptz[], $5::text[]) AS v (id, began, diagnosis)
WHERE i.tenant_id = $1 AND i.id = v.id`

func openEpisodes(ctx context.Context, tx *tenant.Tx, list []*candidate, documents map[uuid.UUID]string, now time.Time) error {
	var opening []uuid.UUID
	var begans []time.Time
	var diagnoses []string
	var what deeds
	for _, c := range list {
		if !c.opensNow() {
			continue
		}
		opening, begans, diagnoses = append(opening, c.id), append(begans, c.began), append(diagnoses, documents[c.id])
		action := opened
		if c.status == Resolved {
			action = reopened
		}
		what.add(c.id, now, weir, action, c.why)
	}
	if len(opening) == 0 {
		return nil
	}
	if err := detach(ctx, tx, opening); err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(sqlOpen, tx.TenantID(), now, tenant.UUIDs(opening), begans, diagnoses)
	b.Queue("UPDATE issue_affected SET occurrences = 0 WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[])", tx.TenantID(), tenant.UUIDs(opening))
	if err := send(ctx, tx, b); err != nil {
		return err
	}
	return what.write(ctx, tx)
}

// sqlHit makes those affected that sightings from a minute on were of, and only those that are named where any are.
const sqlHit = `WITH hit AS (INSERT INTO issue_affected AS a (tenant_id, issue_id, customer_id, connected_app_id, first_seen_at, last_seen_at, occurrences)
SELECT $1, m.issue_id, m.customer_id, m.connected_app_id, min(m.at), max(m.last_at), sum(m.occurrences)
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::uuid[]) AS v (id, began, since, customer_id, connected_app_id)
JOIN issue_minute m ON m.tenant_id = $1 AND m.issue_id = v.id AND m.at >= v.began AND m.last_at > v.since
	AND m.customer_id = v.customer_id AND m.connected_app_id = v.connected_app_id
GROUP BY 2, 3, 4
ON CONFLICT (tenant_id, issue_id, customer_id, connected_app_id) DO UPDATE SET cleared_at = NULL, first_seen_at = excluded.first_seen_at,
	last_seen_at = greatest(a.last_seen_at, excluded.last_seen_at), occurrences = a.occurrences + excluded.occurrences RETURNING a.issue_id)
UPDATE issue SET change_no = 0 WHERE tenant_id = $1 AND id IN (SELECT issue_id FROM hit)`

func writeAffected(ctx context.Context, tx *tenant.Tx, list []*candidate) error {
	var ids, customers, apps []uuid.UUID
	var begans, sinces []time.Time
	for _, c := range list {
		for _, w := range c.affected {
			ids, customers, apps = append(ids, c.id), append(customers, w.customer), append(apps, w.app)
			begans, sinces = append(begans, c.began), append(sinces, c.since)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Pgx().Exec(ctx, sqlHit, tx.TenantID(), tenant.UUIDs(ids), begans, sinces, tenant.UUIDs(customers), tenant.UUIDs(apps))
	return err
}

// followUp does what follows from a change, in its transaction: parents take what opened in and follow their children,
// severities follow reach and duration. Of those that just opened nothing is said to have escalated.
func (s *Store) followUp(ctx context.Context, tx *tenant.Tx, now time.Time, justOpened []uuid.UUID) error {
	standing, err := standingIn(ctx, tx)
	if err != nil || !standing.any {
		return err
	}
	if standing.incidents {
		if err := adopt(ctx, tx, now); err != nil {
			return fmt.Errorf("fold issues: %w", err)
		}
		if err := followParents(ctx, tx, now); err != nil {
			return fmt.Errorf("follow folded issues: %w", err)
		}
	}
	if err := raise(ctx, tx, now, justOpened); err != nil {
		return fmt.Errorf("raise severities: %w", err)
	}
	return nil
}
