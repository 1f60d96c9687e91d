package issues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

const (
	maxNote = 2000
	// longestSnooze is a year.
	longestSnooze = 366 * day
)

// move is what a person does to an issue.
type move struct {
	id   uuid.UUID
	note string
	// action is the activity's name; from are the statuses in which it can be done.
	action string
	from   []Status
	do     func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error
}

// Acknowledge says that somebody looks after an open or snoozed issue. This and the other deeds need the role SUPPORT.
// Errors: NotFound, Conflict when the issue's status does not allow it, BadInput for a long note.
func (s *Store) Acknowledge(ctx context.Context, id uuid.UUID, note string) (*Issue, error) {
	return s.move(ctx, &move{id: id, note: note, action: acknowledged, from: []Status{Open, Snoozed}, do: setStatus(Acknowledged)})
}

// Resolve says that an issue is over, and with it what is folded into it. It is open again when it is seen once more.
// Connected apps that it had turned into NEEDS_REAUTH are CONNECTED again.
func (s *Store) Resolve(ctx context.Context, id uuid.UUID, note string) (*Issue, error) {
	return s.move(ctx, &move{
		id: id, note: note, action: resolved, from: []Status{Open, Acknowledged, Snoozed, Ignored},
		do: func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
			apps, err := reauthApps(ctx, tx, r)
			if err != nil {
				return err
			}
			if err := resolve(ctx, tx, []uuid.UUID{r.id}, now, true); err != nil {
				return err
			}
			return s.turnBack(ctx, tx, apps, now)
		},
	})
}

// Reopen opens an issue again that was resolved, ignored, snoozed or acknowledged: whom it hit last it hits again.
func (s *Store) Reopen(ctx context.Context, id uuid.UUID, note string) (*Issue, error) {
	return s.move(ctx, &move{
		id: id, note: note, action: reopened, from: []Status{Resolved, Ignored, Snoozed, Acknowledged},
		do: func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
			if r.status == Resolved {
				if err := detach(ctx, tx, []uuid.UUID{r.id}); err != nil {
					return err
				}
				// Those who were cleared when it was resolved; all of the episode where it was cleared before.
				if _, err := tx.Pgx().Exec(ctx, `UPDATE issue_affected a SET cleared_at = NULL WHERE tenant_id = $1 AND issue_id = $2 AND last_seen_at >= $3
					AND (cleared_at >= $4 OR NOT EXISTS (SELECT FROM issue_affected o WHERE o.tenant_id = $1 AND o.issue_id = $2 AND o.cleared_at >= $4))`,
					tx.TenantID(), r.id, *r.began, *r.resolved); err != nil {
					return err
				}
			}
			_, err := tx.Pgx().Exec(ctx, `UPDATE issue SET status = 'OPEN', opened_at = $3, resolved_at = NULL, resolved_by_person = false, snoozed_until = NULL,
				parent_id = CASE WHEN status = 'RESOLVED' THEN NULL ELSE parent_id END, changed_at = $3, change_no = 0 WHERE tenant_id = $1 AND id = $2`, tx.TenantID(), r.id, now)
			return err
		},
	})
}

// Ignore says that an issue is none: it never opens by itself again. Connected apps that it had turned into NEEDS_REAUTH are
// CONNECTED again.
func (s *Store) Ignore(ctx context.Context, id uuid.UUID, note string) (*Issue, error) {
	return s.move(ctx, &move{
		id: id, note: note, action: ignored, from: []Status{Open, Acknowledged, Snoozed, Resolved},
		do: func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
			apps, err := reauthApps(ctx, tx, r)
			if err != nil {
				return err
			}
			if err := setStatus(Ignored)(ctx, tx, r, now); err != nil {
				return err
			}
			return s.turnBack(ctx, tx, apps, now)
		},
	})
}

// Snooze leaves an issue alone until a time, at most a year ahead: then it is open if it was seen within the hour before, else
// resolved.
func (s *Store) Snooze(ctx context.Context, id uuid.UUID, until time.Time, note string) (*Issue, error) {
	now, until := s.now(), until.UTC().Truncate(time.Microsecond)
	if note == "" {
		note = "Until " + until.Format(time.RFC3339) + "."
	}
	return s.move(ctx, &move{
		id: id, note: note, action: snoozed, from: []Status{Open, Acknowledged, Snoozed},
		do: func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
			_, err := tx.Pgx().Exec(ctx, "UPDATE issue SET status = 'SNOOZED', snoozed_until = $3, changed_at = $4, change_no = 0 WHERE tenant_id = $1 AND id = $2",
				tx.TenantID(), r.id, until, now)
			return err
		},
	}, func(f *errs.Fields) {
		f.Check(until.After(now), "until", "must be in the future")
		f.Check(!until.After(now.Add(longestSnooze)), "until", "must be within a year")
	})
}

// Assign gives an issue to a member; to nobody for uuid.Nil. It is NotFound when there is no such member.
func (s *Store) Assign(ctx context.Context, id uuid.UUID, memberID uuid.UUID) (*Issue, error) {
	m := &move{id: id, action: assigned, note: "To nobody.", from: []Status{Open, Acknowledged, Snoozed, Resolved, Ignored}}
	m.do = func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
		if memberID == uuid.Nil {
			_, err := tx.Pgx().Exec(ctx, "UPDATE issue SET assignee_id = NULL, changed_at = $3, change_no = 0 WHERE tenant_id = $1 AND id = $2", tx.TenantID(), r.id, now)
			return err
		}
		var email string
		err := tx.Pgx().QueryRow(ctx, "SELECT email FROM member WHERE tenant_id = $1 AND id = $2", tx.TenantID(), memberID).Scan(&email)
		if errors.Is(err, pgx.ErrNoRows) {
			return errs.New(errs.NotFound, "no such member")
		}
		if err != nil {
			return err
		}
		m.note = "To " + email + "."
		_, err = tx.Pgx().Exec(ctx, "UPDATE issue SET assignee_id = $3, changed_at = $4, change_no = 0 WHERE tenant_id = $1 AND id = $2", tx.TenantID(), r.id, memberID, now)
		return err
	}
	return s.move(ctx, m)
}

func setStatus(to Status) func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
	return func(ctx context.Context, tx *tenant.Tx, r *record, now time.Time) error {
		_, err := tx.Pgx().Exec(ctx, `UPDATE issue SET status = $3, snoozed_until = NULL, resolved_at = NULL, resolved_by_person = false, changed_at = $4, change_no = 0
			WHERE tenant_id = $1 AND id = $2`, tx.TenantID(), r.id, string(to), now)
		return err
	}
}

// reauthApps are the connected apps that an issue of credentials hits.
func reauthApps(ctx context.Context, tx *tenant.Tx, r *record) ([]uuid.UUID, error) {
	if !r.live() || !slices.Contains(reauthCategories, string(r.category)) {
		return nil, nil
	}
	rows, err := tx.Pgx().Query(ctx, `SELECT DISTINCT connected_app_id FROM issue_affected WHERE tenant_id = $1 AND issue_id = $2 AND cleared_at IS NULL
		AND connected_app_id <> '00000000-0000-0000-0000-000000000000'`, tx.TenantID(), r.id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// move does what a person wants, writes down who did it, and gives the issue as it is then.
func (s *Store) move(ctx context.Context, m *move, checks ...func(f *errs.Fields)) (*Issue, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Require(tenant.RoleSupport); err != nil {
		return nil, err
	}
	var f errs.Fields
	f.Check(utf8.RuneCountInString(m.note) <= maxNote, "note", "has more than %d characters", maxNote)
	f.Check(utf8.ValidString(m.note) && !strings.Contains(m.note, "\x00"), "note", "must be UTF-8 without NUL")
	for _, check := range checks {
		check(&f)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error { return s.moveIn(ctx, tx, m) })
	if err != nil {
		return nil, fmt.Errorf("%s issue %s: %w", m.action, m.id, err)
	}
	list, err := s.ByIDs(ctx, []uuid.UUID{m.id})
	if err != nil {
		return nil, err
	}
	if list[m.id] == nil {
		return nil, errs.New(errs.NotFound, "no such issue")
	}
	return list[m.id], nil
}

func (s *Store) moveIn(ctx context.Context, tx *tenant.Tx, m *move) error {
	now := s.now()
	known, err := recordsByID(ctx, tx, []uuid.UUID{m.id})
	if err != nil {
		return err
	}
	r := known[m.id]
	if r == nil || r.status == Watched {
		return errs.New(errs.NotFound, "no such issue")
	}
	if !slices.Contains(m.from, r.status) {
		return errs.New(errs.Conflict, "the issue is %s: it cannot be %s", strings.ToLower(string(r.status)), m.action)
	}
	name, err := actor(ctx, tx)
	if err != nil {
		return err
	}
	if err := m.do(ctx, tx, r, now); err != nil {
		return err
	}
	var what deeds
	what.add(r.id, now, name, m.action, m.note)
	if err := what.write(ctx, tx); err != nil {
		return err
	}
	return followParents(ctx, tx, now)
}

// actor is how a principal is called: a member by e-mail address, or by the token's subject; an API key by its name.
func actor(ctx context.Context, tx *tenant.Tx) (string, error) {
	p := tx.Principal()
	if p.Kind != tenant.KindAPIKey {
		if p.Email != "" {
			return p.Email, nil
		}
		return p.Subject, nil
	}
	id, err := uuid.Parse(p.Subject)
	if err != nil {
		return p.Subject, nil //nolint:nilerr // It is called what it calls itself.
	}
	var name string
	err = tx.Pgx().QueryRow(ctx, "SELECT name FROM api_key WHERE tenant_id = $1 AND id = $2", tx.TenantID(), id).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return p.Subject, nil
	}
	return name, err
}
