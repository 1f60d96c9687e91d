package alarm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

const (
	// Lag is how long after a minute's end it is looked at: by then its entries have arrived.
	Lag = 10 * time.Second
	// mostBehind is how many minutes are made up for when nobody looked; what is older is left out.
	mostBehind = 24 * 60
	// short is a lookback, in minutes, up to which rules are read for together: a long one reads more.
	short = 2 * 60
	// together bounds how many rules are read for at once: each keeps what it counts of all its minutes.
	together = 50
)

// Evaluate looks at the minutes that have passed since it last did, for all rules of the context's tenant.
func (s *Store) Evaluate(ctx context.Context) error {
	to := statistics.MinuteOf(s.opt.Now().Add(-Lag))
	var due []*Rule
	if err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		due, err = rules(ctx, tx, "AND r.enabled AND r.evaluated_at < $2 ORDER BY r.id", timeOf(to))
		return err
	}); err != nil {
		return fmt.Errorf("read the rules: %w", err)
	}
	var few, many []*Rule
	for _, r := range due {
		if r.lookback()+to-r.evaluatedAt <= short {
			few = append(few, r)
		} else {
			many = append(many, r)
		}
	}
	for _, group := range slices.Concat(slices.Collect(slices.Chunk(few, together)), slices.Collect(slices.Chunk(many, together))) {
		if err := s.evaluate(ctx, group, to); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) evaluate(ctx context.Context, group []*Rule, to int64) error {
	seen := map[uuid.UUID]*samples{}
	conditions := make([]*Condition, len(group))
	list := make([]*samples, len(group))
	for i, r := range group {
		r.evaluatedAt = max(r.evaluatedAt, to-mostBehind)
		conditions[i], list[i] = &r.Condition, newSamples(&r.Condition, r.evaluatedAt+1-r.lookback(), to)
		seen[r.ID] = list[i]
	}
	if err := s.read(ctx, conditions, list, to); err != nil {
		return err
	}
	err := s.write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		ids := make([]uuid.UUID, len(group))
		for i, r := range group {
			ids[i] = r.ID
		}
		locked, err := rules(ctx, tx, "AND r.enabled AND r.id = ANY($2::uuid[]) ORDER BY r.id FOR UPDATE OF r", tenant.UUIDs(ids))
		if err != nil {
			return err
		}
		for _, r := range locked {
			if err := s.advance(ctx, tx, r, seen[r.ID], to); err != nil {
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
		}
		return keep(ctx, tx, locked)
	})
	if err != nil {
		return fmt.Errorf("evaluate rules: %w", err)
	}
	return nil
}

// read counts what the conditions are about, all in one reading.
func (s *Store) read(ctx context.Context, conditions []*Condition, list []*samples, to int64) error {
	from := to
	for _, one := range list {
		from = min(from, one.first)
	}
	var f statistics.Filter
	if len(conditions) == 1 {
		c := conditions[0]
		f = statistics.Filter{CustomerID: c.CustomerID, IntegrationID: c.IntegrationID, FlowID: c.FlowID}
	}
	if err := s.opt.Figures.Cells(ctx, f, timeOf(from), timeOf(to), func(cell *statistics.Cell) {
		for i, c := range conditions {
			list[i].add(c, cell)
		}
	}); err != nil {
		return fmt.Errorf("read what rules watch: %w", err)
	}
	return nil
}

// advance steps a rule through the minutes that it has not seen, unless somebody else did, or changed it, meanwhile.
func (s *Store) advance(ctx context.Context, tx *tenant.Tx, r *Rule, seen *samples, to int64) (err error) {
	after := max(r.evaluatedAt, to-mostBehind)
	if after >= to || after+1-r.lookback() < seen.first || r.Metric == P95 && seen.durations == nil {
		return nil
	}
	before := r.state
	run(&r.Condition, &r.state, seen, after, to, func(did change, at int64) {
		if err != nil {
			return
		}
		if did == fired {
			err = s.fire(ctx, tx, r, at)
			return
		}
		err = s.resolve(ctx, tx, r, timeOf(at), "")
	})
	r.evaluatedAt = to
	// It may have fired and got worse in these same minutes.
	if err == nil && r.state.FiredAt != 0 && (r.state.FiredAt != before.FiredAt || r.state.Peak != before.Peak) {
		_, err = tx.Pgx().Exec(ctx, "UPDATE alarm SET peak = $3, change_no = 0 WHERE tenant_id = $1 AND rule_id = $2 AND resolved_at IS NULL", tx.TenantID(), r.ID, r.state.Peak)
	}
	return err
}

func (s *Store) fire(ctx context.Context, tx *tenant.Tx, r *Rule, at int64) error {
	a := &Alarm{ID: nodeid.New(timeOf(at)), RuleID: r.ID, Value: r.state.Value, Peak: r.state.Peak, FiredAt: timeOf(at)}
	if _, err := tx.Pgx().Exec(ctx, "INSERT INTO alarm (tenant_id, id, rule_id, value, peak, fired_at, change_no) VALUES ($1, $2, $3, $4, $5, $6, 0)",
		tx.TenantID(), a.ID, a.RuleID, a.Value, a.Peak, a.FiredAt); err != nil {
		return err
	}
	return s.say(ctx, tx, r, a, a.Value, "")
}

// resolve ends the rule's alarm, if it has one; with a cause when it is not the metric.
func (s *Store) resolve(ctx context.Context, tx *tenant.Tx, r *Rule, at time.Time, cause string) error {
	rows, err := tx.Pgx().Query(ctx, `UPDATE alarm SET resolved_at = $3, peak = $4, change_no = 0 WHERE tenant_id = $1 AND rule_id = $2 AND resolved_at IS NULL
		RETURNING id, rule_id, value, peak, fired_at, resolved_at`, tx.TenantID(), r.ID, at, r.state.Peak)
	if err != nil {
		return err
	}
	ended, err := pgx.CollectRows(rows, scanAlarm)
	if err != nil {
		return err
	}
	for _, a := range ended {
		if err := s.say(ctx, tx, r, a, a.Peak, cause); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) say(ctx context.Context, tx *tenant.Tx, r *Rule, a *Alarm, value float64, cause string) error {
	if err := s.opt.Changed(ctx, tx, a); err != nil {
		return err
	}
	return s.opt.Teller.Tell(ctx, tx, r.event(a, value, cause))
}

// keep writes what the rules are now.
func keep(ctx context.Context, tx *tenant.Tx, list []*Rule) error {
	ids, states, times := make([]uuid.UUID, len(list)), make([]string, len(list)), make([]time.Time, len(list))
	for i, r := range list {
		state, err := json.Marshal(r.state)
		if err != nil {
			return fmt.Errorf("encode the state of rule %s: %w", r.ID, err)
		}
		ids[i], states[i], times[i] = r.ID, string(state), timeOf(r.evaluatedAt)
	}
	_, err := tx.Pgx().Exec(ctx, `UPDATE alarm_rule r SET state = v.state::jsonb, evaluated_at = v.at
		FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) v (id, state, at) WHERE r.tenant_id = $1 AND r.id = v.id`,
		tx.TenantID(), tenant.UUIDs(ids), states, times)
	return err
}

// FiringTime is a time in which a rule would have fired.
type FiringTime struct {
	FiredAt time.Time
	// ResolvedAt is nil when it still fired at the end.
	ResolvedAt *time.Time
	Peak       float64
}

const (
	// mostBacktest is how long a range a rule can be tried over.
	mostBacktest = 31 * 24 * time.Hour
	// chunk is how many minutes are read at once.
	chunk = 24 * 60
)

// backtest steps through the minutes after one, up to and with another, from the beginning.
func (s *Store) backtest(ctx context.Context, c *Condition, after, to int64) (list []FiringTime, err error) {
	var state State
	for after < to {
		end := min(after+chunk, to)
		seen := newSamples(c, after+1-c.lookback(), end)
		if err := s.read(ctx, []*Condition{c}, []*samples{seen}, end); err != nil {
			return nil, err
		}
		run(c, &state, seen, after, end, func(did change, at int64) {
			if did == fired {
				list = append(list, FiringTime{FiredAt: timeOf(at)})
				return
			}
			moment := timeOf(at)
			list[len(list)-1].ResolvedAt, list[len(list)-1].Peak = &moment, state.Peak
		})
		after = end
	}
	if n := len(list); n > 0 && list[n-1].ResolvedAt == nil {
		list[n-1].Peak = state.Peak
	}
	return slices.Clip(list), nil
}
