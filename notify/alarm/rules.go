package alarm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// CreateRuleInput is what a new rule is made of.
type CreateRuleInput struct {
	// Name has 1 to 200 characters.
	Name string
	Condition
	EndpointIDs []uuid.UUID
}

// UpdateRuleInput is what changes of a rule; nil stays as it is.
type UpdateRuleInput struct {
	ID            uuid.UUID
	Name          *string
	Threshold     *float64
	WindowSeconds *int
	ForSeconds    *int
	// EndpointIDs is nil when they stay.
	EndpointIDs []uuid.UUID
	Enabled     *bool
}

func (in *CreateRuleInput) validate() error {
	var f errs.Fields
	checkName(&f, in.Name)
	in.check(&f)
	f.Check(len(in.EndpointIDs) <= mostEndpoints, "endpointIds", "has %d items: at most %d are allowed", len(in.EndpointIDs), mostEndpoints)
	return f.Err()
}

// may is the context's principal's right to do what needs the role.
func may(ctx context.Context, role tenant.Role) error {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	return p.Require(role)
}

// CreateRule makes a rule, which watches from now on. Errors: BadInput, one error a field; NotFound of what it
// names. It needs the role DEVELOPER.
func (s *Store) CreateRule(ctx context.Context, in CreateRuleInput) (r *Rule, err error) {
	if err := may(ctx, tenant.RoleDeveloper); err != nil {
		return nil, err
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	now := s.moment()
	id := nodeid.New(now)
	tenant.Concerns(ctx, nodeid.Format(nodeid.AlarmRule, id))
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var n int
		if err := tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM alarm_rule WHERE tenant_id = $1 AND deleted_at IS NULL", tx.TenantID()).Scan(&n); err != nil {
			return err
		}
		if n >= mostRules {
			return errs.Invalid("name", "there are %d rules already: at most %d are allowed", n, mostRules)
		}
		if err := checkEndpoints(ctx, tx, in.EndpointIDs); err != nil {
			return err
		}
		made := Rule{Condition: in.Condition}
		evaluated := timeOf(statistics.MinuteOf(now.Add(-Lag)))
		if _, err := tx.Pgx().Exec(ctx, `INSERT INTO alarm_rule (tenant_id, id, name, metric, comparison, threshold, window_seconds, for_seconds, integration_id, customer_id,
			flow_id, kinds, endpoint_ids, enabled, state, evaluated_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::smallint[], $13::uuid[], true, '{}', $14, $15)`,
			tx.TenantID(), id, in.Name, string(in.Metric), string(in.Comparison), in.Threshold, in.WindowSeconds, in.ForSeconds,
			nullable(in.IntegrationID), nullable(in.CustomerID), nullable(in.FlowID), made.kinds(), tenant.UUIDs(in.EndpointIDs), evaluated, now); err != nil {
			return missing(err)
		}
		r, err = rule(ctx, tx, id, "")
		return err
	})
	if err != nil {
		return nil, doing(err, "create a rule")
	}
	return r, nil
}

// missing turns a foreign key's error into NotFound.
func missing(err error) error {
	if broken, ok := errors.AsType[*pgconn.PgError](err); ok && broken.Code == "23503" {
		things := map[string]string{
			"alarm_rule_tenant_id_integration_id_fkey": "integration", "alarm_rule_tenant_id_customer_id_fkey": "customer", "alarm_rule_tenant_id_flow_id_fkey": "flow",
		}
		if thing := things[broken.ConstraintName]; thing != "" {
			return errs.New(errs.NotFound, "no such %s", thing)
		}
	}
	return err
}

// checkEndpoints refuses endpoints that are not there.
func checkEndpoints(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) error {
	distinct := map[uuid.UUID]bool{}
	for _, id := range ids {
		distinct[id] = true
	}
	var n int
	err := tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM notification_endpoint WHERE tenant_id = $1 AND id = ANY($2::uuid[])", tx.TenantID(), tenant.UUIDs(ids)).Scan(&n)
	if err == nil && n != len(distinct) {
		return errs.New(errs.NotFound, "no such endpoint")
	}
	return err
}

// UpdateRule changes a rule. One that is disabled resolves. Errors: BadInput, NotFound. It needs the role DEVELOPER.
func (s *Store) UpdateRule(ctx context.Context, in UpdateRuleInput) (r *Rule, err error) {
	if err := may(ctx, tenant.RoleDeveloper); err != nil {
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if r, err = rule(ctx, tx, in.ID, "FOR UPDATE OF r"); err != nil {
			return err
		}
		if err := in.apply(r); err != nil {
			return err
		}
		if err := checkEndpoints(ctx, tx, in.EndpointIDs); err != nil {
			return err
		}
		if in.Enabled != nil && *in.Enabled != r.Enabled {
			r.Enabled = *in.Enabled
			if err := s.resolve(ctx, tx, r, s.moment(), "The rule was disabled."); err != nil {
				return err
			}
			// What happened while nobody looked is not looked at.
			r.state, r.evaluatedAt = State{}, statistics.MinuteOf(s.moment().Add(-Lag))
		}
		if _, err := tx.Pgx().Exec(ctx, `UPDATE alarm_rule SET name = $3, threshold = $4, window_seconds = $5, for_seconds = $6, endpoint_ids = $7::uuid[], enabled = $8
			WHERE tenant_id = $1 AND id = $2`, tx.TenantID(), r.ID, r.Name, r.Threshold, r.WindowSeconds, r.ForSeconds, tenant.UUIDs(r.EndpointIDs), r.Enabled); err != nil {
			return err
		}
		return keep(ctx, tx, []*Rule{r})
	})
	if err != nil {
		return nil, doing(err, "update rule %s", in.ID)
	}
	return r, nil
}

func (in *UpdateRuleInput) apply(r *Rule) error {
	set(&r.Name, in.Name)
	set(&r.Threshold, in.Threshold)
	set(&r.WindowSeconds, in.WindowSeconds)
	set(&r.ForSeconds, in.ForSeconds)
	if in.EndpointIDs != nil {
		r.EndpointIDs = in.EndpointIDs
	}
	whole := CreateRuleInput{Name: r.Name, Condition: r.Condition, EndpointIDs: r.EndpointIDs}
	return whole.validate()
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// DeleteRule deletes a rule. Its alarm, if it has one, resolves, and who was told that it fires is told that it does not any
// more, and why. The rule stays for its alarms, until Expire. Errors: NotFound. It needs the role DEVELOPER.
func (s *Store) DeleteRule(ctx context.Context, id uuid.UUID) error {
	if err := may(ctx, tenant.RoleDeveloper); err != nil {
		return err
	}
	err := s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		r, err := rule(ctx, tx, id, "FOR UPDATE OF r")
		if err != nil {
			return err
		}
		if err := s.resolve(ctx, tx, r, s.moment(), "The rule was deleted."); err != nil {
			return err
		}
		tag, err := tx.Pgx().Exec(ctx, `DELETE FROM alarm_rule WHERE tenant_id = $1 AND id = $2
			AND NOT EXISTS (SELECT FROM alarm WHERE tenant_id = $1 AND rule_id = $2)`, tx.TenantID(), id)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		_, err = tx.Pgx().Exec(ctx, "UPDATE alarm_rule SET enabled = false, deleted_at = $3 WHERE tenant_id = $1 AND id = $2", tx.TenantID(), id, s.moment())
		return err
	})
	return doing(err, "delete rule %s", id)
}

// Expire removes the rules of the context's tenant that were deleted before a time, with their alarms, and tells how many
// rules. With dry it removes nothing, and tells what it would.
func Expire(ctx context.Context, door *tenant.Door, before time.Time, dry bool) (n int, err error) {
	err = door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if dry {
			return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM alarm_rule WHERE tenant_id = $1 AND deleted_at < $2", tx.TenantID(), before).Scan(&n)
		}
		tag, err := tx.Pgx().Exec(ctx, "DELETE FROM alarm_rule WHERE tenant_id = $1 AND deleted_at < $2", tx.TenantID(), before)
		n = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return n, fmt.Errorf("remove rules that were deleted: %w", err)
	}
	return n, nil
}

func rule(ctx context.Context, tx *tenant.Tx, id uuid.UUID, lock string) (*Rule, error) {
	list, err := rules(ctx, tx, "AND r.id = $2 AND r.deleted_at IS NULL "+lock, id)
	if err == nil && len(list) == 0 {
		err = errs.New(errs.NotFound, "no such rule")
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Backtest tells when a rule would have fired over a range of the past: full minutes from its beginning, where the rule
// does not fire, to its end or now. Errors: BadInput. It needs the role DEVELOPER.
func (s *Store) Backtest(ctx context.Context, in CreateRuleInput, from, to time.Time) ([]FiringTime, error) {
	if err := may(ctx, tenant.RoleDeveloper); err != nil {
		return nil, err
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	switch {
	case !from.Before(to):
		return nil, errs.Invalid("range", "must end after it begins")
	case to.Sub(from) > mostBacktest:
		return nil, errs.Invalid("range", "must be at most %d days", mostBacktest/(24*time.Hour))
	}
	end := min(statistics.MinuteOf(to), statistics.MinuteOf(s.opt.Now().Add(-Lag)))
	return s.backtest(ctx, &in.Condition, statistics.MinuteOf(from), end)
}

// Rules lists the tenant's rules, the oldest first, with the count of all. It needs the role VIEWER.
func (s *Store) Rules(ctx context.Context, req page.Request) (out page.Page[*Rule], err error) {
	at, after := time.Unix(0, 0), uuid.Nil
	if err := may(ctx, tenant.RoleViewer); err != nil {
		return out, err
	}
	if req.After != "" {
		if at, after, err = position(ruleList, req.After); err != nil {
			return out, err
		}
	}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if out.Items, err = rules(ctx, tx, "AND r.deleted_at IS NULL AND (r.created_at, r.id) > ($2, $3) ORDER BY r.created_at, r.id LIMIT $4", at, after, req.Size+1); err != nil {
			return err
		}
		return tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM alarm_rule WHERE tenant_id = $1 AND deleted_at IS NULL", tx.TenantID()).Scan(&out.Total)
	})
	if err != nil {
		return out, fmt.Errorf("list rules: %w", err)
	}
	return cut(out, req), nil
}

// RulesByIDs reads rules, those among them that were deleted and have alarms still; one that does not exist is not in the
// map. It needs the role VIEWER.
func (s *Store) RulesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Rule, error) {
	if err := may(ctx, tenant.RoleViewer); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*Rule{}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		list, err := rules(ctx, tx, "AND r.id = ANY($2::uuid[])", tenant.UUIDs(ids))
		for _, r := range list {
			out[r.ID] = r
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return out, nil
}

// doing says what an error came of, unless it is one that callers are told.
func doing(err error, format string, args ...any) error {
	if err == nil || errs.CodeOf(err) != errs.Internal {
		return err
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// position is the place that a cursor of a list by time and id says.
func position(list, cursor string) (time.Time, uuid.UUID, error) {
	keys, err := page.DecodeCursor(list, cursor, 2)
	if err != nil {
		return time.Time{}, uuid.Nil, err
	}
	at, err := tenant.ByTime(keys[0])
	if err == nil {
		id, broken := uuid.Parse(keys[1])
		if broken == nil {
			return at.(time.Time), id, nil
		}
	}
	return time.Time{}, uuid.Nil, errs.Invalid("after", "this is no cursor of this list")
}

// cut makes a page of one item more than was asked for.
func cut[T any](p page.Page[T], req page.Request) page.Page[T] {
	p.HasPrevious = req.After != ""
	if len(p.Items) > req.Size {
		p.Items, p.HasNext = p.Items[:req.Size], true
	}
	return p
}
