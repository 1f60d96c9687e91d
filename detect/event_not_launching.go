package detect

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

const (
	// fewestEvents must have launched nothing. launchMinutes is how long a run may take to begin, and arrivalDay how long
	// events are looked at.
	fewestEvents  = 3
	launchMinutes = 5
	arrivalDay    = minutesOfDay
	// launchLevel is how improbable it must be that none of the events launched a run, by how many did before.
	launchLevel = 1e-3
	// newFor is for how long a customer counts as new.
	newFor = 7 * 24 * time.Hour
)

// launchedBy is the kind of events that set a flow off, 0 when none does.
func launchedBy(f *directory.Flow) entry.Kind {
	if !f.Enabled || f.TriggerKind == nil || len(f.EventTypes) == 0 {
		return 0
	}
	switch *f.TriggerKind {
	case directory.TriggerExternalEvent:
		return entry.KindExternalEvent
	case directory.TriggerInternalEvent:
		return entry.KindInternalEvent
	}
	return 0
}

// unlaunched is events of a customer that a flow did not run on.
type unlaunched struct {
	flow     *directory.Flow
	customer uuid.UUID
	// events are those of the last day since the last run, the first of them in the minute since; before are those of a week
	// until then, and runs how many runs came of them.
	events, before, runs int64
	since                int64
	// ranEver says that a run for this customer is known.
	ranEver bool
	ring    ring
}

// unlikely tells whether it is more than chance that nothing ran. Where most events launch nothing, because the flow has a
// filter, as many must have come that one of them should have: none of n runs with the probability (1-p)^n.
func (u *unlaunched) unlikely() bool {
	if u.events < fewestEvents {
		return false
	}
	if !u.ranEver || u.before < fewestEvents {
		return true
	}
	// One of each is added, so that few events do not make sure of anything (the rule of succession).
	p := float64(min(u.runs, u.before)+1) / float64(u.before+2)
	return math.Pow(1-p, float64(u.events)) < launchLevel
}

// unlaunched is what became of the events that a flow should run on, by customer.
func (p *picture) unlaunched(f *directory.Flow) []*unlaunched {
	list, ok := p.waiting[f.ID]
	if !ok {
		list = p.countUnlaunched(f)
		p.waiting[f.ID] = list
	}
	return list
}

func (p *picture) countUnlaunched(f *directory.Flow) (list []*unlaunched) {
	byCustomer := map[uuid.UUID]*unlaunched{}
	of := func(customer uuid.UUID) *unlaunched {
		u := byCustomer[customer]
		if u == nil {
			u = &unlaunched{flow: f, customer: customer, ring: p.ran(runner{f.ID, customer})}
			u.ranEver = len(u.ring.minutes) > 0
			byCustomer[customer] = u
			list = append(list, u)
		}
		return u
	}
	kind := launchedBy(f)
	takes := func(a *arrival) bool {
		return a.kind == kind && slices.Contains(f.EventTypes, a.name) &&
			(kind == entry.KindInternalEvent || f.IntegrationID == nil || a.integration == *f.IntegrationID)
	}
	for a, byHour := range p.history.arrivals {
		if !takes(&a) {
			continue
		}
		for hour, n := range byHour {
			// The hour of the last run has events of before and after it.
			of(a.customer).take(p, hour*minutesOfHour, (hour+1)*minutesOfHour-1, n)
		}
	}
	for a, counts := range p.recent.arrivals {
		if takes(&a) {
			p.recent.each(counts, func(minute, n int64) {
				if minute < p.minute-launchMinutes {
					of(a.customer).take(p, minute, minute, n)
				}
			})
		}
	}
	for _, u := range list {
		u.runs = p.runsBefore(runner{f.ID, u.customer}, u.ring.last())
	}
	return list
}

// runsBefore is how many runs there were in the same time as the events that are counted before a minute.
func (p *picture) runsBefore(of runner, minute int64) (n int64) {
	for hour, runs := range p.history.launches[of] {
		if (hour+1)*minutesOfHour-1 <= minute {
			n += runs
		}
	}
	if counts := p.recent.runs[of]; counts != nil {
		p.recent.each(counts, func(at, runs int64) {
			if at <= minute {
				n += runs
			}
		})
	}
	return n
}

// take counts events between two minutes.
func (u *unlaunched) take(p *picture, first, last, n int64) {
	switch ran := u.ring.last(); {
	case first > ran && first < p.minute-arrivalDay:
	case first > ran:
		u.events += n
		if u.since == 0 || first < u.since {
			u.since = first
		}
	case last <= ran:
		u.before += n
	}
}

// findNotLaunching finds events that launch nothing. It reads when customers were made, if there is anything to ask.
func (d *Detector) findNotLaunching(ctx context.Context, p *picture) ([]finding, bool, error) {
	everRan := map[uuid.UUID]bool{}
	p.runners(func(of runner) { everRan[of.flow] = true })
	var suspects []*unlaunched
	var unknown []uuid.UUID
	for _, f := range p.sortedFlows() {
		if launchedBy(f) == 0 {
			continue
		}
		for _, u := range p.unlaunched(f) {
			if !u.unlikely() || p.isAway(u.ring.app, u.customer, integrationOf(f)) {
				continue
			}
			suspects = append(suspects, u)
			if !u.ranEver && everRan[f.ID] {
				unknown = append(unknown, u.customer)
			}
		}
	}
	fresh, err := d.newCustomers(ctx, unknown, p.now.Add(-newFor))
	if err != nil {
		return nil, false, err
	}
	suspects = slices.DeleteFunc(suspects, func(u *unlaunched) bool { return !u.expected(everRan[u.flow.ID], fresh[u.customer]) })
	return notLaunching(p, suspects), true, nil
}

// expected tells whether the flow is there for the customer: it ran for it before; or for others, and the customer is new; or
// it never ran for anybody, and was there before the events.
func (u *unlaunched) expected(ranForAnybody, fresh bool) bool {
	if u.ranEver {
		return true
	}
	if ranForAnybody {
		return fresh
	}
	return u.flow.CreatedAt.Before(timeOf(u.since + 1))
}

func notLaunching(p *picture, list []*unlaunched) (found []finding) {
	byFlow := map[uuid.UUID]int{}
	events := map[uuid.UUID]int64{}
	for _, u := range list {
		i, ok := byFlow[u.flow.ID]
		if !ok {
			i = len(found)
			byFlow[u.flow.ID] = i
			found = append(found, finding{key: keyOfFlow(diagnostics.EventNotLaunching, "flow", u.flow), severity: issues.Error})
		}
		events[u.flow.ID] += u.events
		found[i].hit(whom{u.ring.app, u.customer}, timeOf(u.since))
	}
	for id, i := range byFlow {
		f, flow := &found[i], p.flows[id]
		f.title = fmt.Sprintf("%s of {customers} did not launch %s", counted(events[id], "event"), flow.Name)
		first := slices.MinFunc(f.affected, func(a, b issues.Affected) int { return a.Since.Compare(b.Since) }).Since
		f.cause = fmt.Sprintf("%s that set off %s arrived since %s, and no run came; none was recorded as skipped.",
			counted(events[id], "event"), flow.Name, moment(first))
		f.shows = &entry.Filter{Kinds: []entry.Kind{launchedBy(flow)}, EventTypes: flow.EventTypes}
	}
	return found
}

// newCustomers are those that were made after a time.
func (d *Detector) newCustomers(ctx context.Context, ids []uuid.UUID, after time.Time) (map[uuid.UUID]bool, error) {
	fresh := map[uuid.UUID]bool{}
	if len(ids) == 0 {
		return fresh, nil
	}
	err := d.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT id FROM customer WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND created_at > $3",
			tx.TenantID(), tenant.UUIDs(ids), after)
		if err != nil {
			return err
		}
		var id uuid.UUID
		_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
			fresh[id] = true
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read new customers: %w", err)
	}
	return fresh, nil
}
