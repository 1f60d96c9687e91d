package detect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/schedule"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

const (
	// earlyMinutes is how much before it was due a run may begin and still be that one's.
	earlyMinutes = 1
	// slowDays is how far back runs are known of flows that seldom run: three months, and what a month's length varies.
	slowDays = 95
)

// findOverdue finds flows that were due and did not run.
func findOverdue(p *picture) []finding {
	byFlow := map[uuid.UUID][]runner{}
	p.runners(func(of runner) { byFlow[of.flow] = append(byFlow[of.flow], of) })
	var found []finding
	for _, f := range p.sortedFlows() {
		if !f.Enabled || len(byFlow[f.ID]) == 0 {
			continue
		}
		var plan *schedule.Schedule
		if isScheduled(f) {
			plan, _ = schedule.Parse(*f.Schedule) // What cannot be read has a rhythm all the same.
		}
		if plan != nil && plan.Every() == 0 {
			found = append(found, p.missed(f, plan, byFlow[f.ID])...)
		} else {
			found = append(found, p.outOfRhythm(f, byFlow[f.ID])...)
		}
	}
	return found
}

func isScheduled(f *directory.Flow) bool {
	return f.TriggerKind != nil && *f.TriggerKind == directory.TriggerSchedule && f.Schedule != nil
}

// dueAt is the last minute at which a schedule was due and whose run is late by now.
func dueAt(plan *schedule.Schedule, now time.Time) (due int64, ok bool) {
	last := plan.Last(now, 6)
	for i := len(last) - 1; i > 0; i-- {
		grace := time.Duration(graceOf(last[i].Sub(last[i-1]).Minutes()) * float64(time.Minute))
		if !last[i].Add(grace).After(now) {
			return statistics.MinuteOf(last[i]), true
		}
	}
	return 0, false
}

// kept tells whether a customer's runs kept to a schedule until the last of them: it ran at two of the last three times due,
// that of the last run among them.
func kept(plan *schedule.Schedule, r *ring) bool {
	due := plan.Last(timeOf(r.last()+earlyMinutes), 3)
	n := 0
	for i, at := range due {
		end := r.last() + 1
		if i+1 < len(due) {
			end = statistics.MinuteOf(due[i+1]) - earlyMinutes
		}
		begin := statistics.MinuteOf(at) - earlyMinutes
		if slices.ContainsFunc(r.minutes, func(m int64) bool { return begin <= m && m < end }) {
			n++
		}
	}
	return n >= 2
}

// missed finds customers for whom a flow did not run when its schedule was due.
func (p *picture) missed(f *directory.Flow, plan *schedule.Schedule, of []runner) []finding {
	due, ok := dueAt(plan, p.now)
	if !ok {
		return nil
	}
	one := finding{key: keyOfFlow(diagnostics.RunOverdue, "schedule", f), severity: issues.Error}
	first := due
	for _, who := range of {
		r := p.ran(who)
		if r.last() == 0 || r.last() >= due-earlyMinutes || p.isAway(r.app, who.customer, integrationOf(f)) || !kept(plan, &r) {
			continue
		}
		since := statistics.MinuteOf(plan.Next(timeOf(r.last() + earlyMinutes)))
		first = min(first, since)
		one.hit(whom{r.app, who.customer}, timeOf(since))
	}
	if len(one.affected) == 0 {
		return nil
	}
	zone := plan.Location()
	one.title = fmt.Sprintf("The schedule of %s was due at %s for {customers} and did not run", f.Name, local(timeOf(due), p.now, zone))
	one.cause = fmt.Sprintf("The schedule %q was due on %s", *f.Schedule, local(timeOf(due), time.Time{}, zone))
	if first < due {
		one.cause += fmt.Sprintf(", and has not run since %s", local(timeOf(first), time.Time{}, zone))
	}
	one.cause += fmt.Sprintf(". No run has begun for %s, though these customers' runs kept to it until then.", counted(len(one.affected), "connected app"))
	return []finding{one}
}

// local is a time as the schedule's time zone has it: "02:00 Europe/Helsinki" of the same day, with the day of others.
func local(at, now time.Time, zone *time.Location) string {
	layout := "2 January 15:04 "
	if t, n := at.In(zone), now.In(zone); t.YearDay() == n.YearDay() && t.Year() == n.Year() {
		layout = "15:04 "
	}
	return at.In(zone).Format(layout) + zone.String()
}

// outOfRhythm finds customers for whom a flow that runs regularly does not any more.
func (p *picture) outOfRhythm(f *directory.Flow, of []runner) []finding {
	one := finding{key: keyOfFlow(diagnostics.RunOverdue, "rhythm", f), severity: issues.Error}
	longest, usual := int64(0), 0.0
	// Where events are known, they say when it should run: whether they come, and whether they launch it, is asked elsewhere.
	arriving := map[uuid.UUID]bool{}
	if launchedBy(f) != 0 {
		for _, u := range p.unlaunched(f) {
			arriving[u.customer] = true
		}
	}
	for _, who := range of {
		if arriving[who.customer] {
			continue
		}
		r := p.ran(who)
		gap, overdue, ok := rhythmOf(&r)
		silent := p.minute - r.last()
		if !ok || float64(silent) <= overdue || p.isAway(r.app, who.customer, integrationOf(f)) {
			continue
		}
		if silent > longest {
			longest, usual = silent, gap
		}
		one.hit(whom{r.app, who.customer}, timeOf(r.last()+int64(gap)))
	}
	if len(one.affected) == 0 {
		return nil
	}
	one.title = fmt.Sprintf("%s has not run for {customers} for %s; it usually runs every %s", f.Name, minutes(longest), minutes(int64(usual)))
	one.cause = fmt.Sprintf("The flow ran every %s, and the last run began on %s.", minutes(int64(usual)), moment(timeOf(p.minute-longest)))
	return []finding{one}
}

func minutes(n int64) string { return lasting(time.Duration(n) * time.Minute) }

// sqlSlow reads the runs of flows that seldom run.
const sqlSlow = `SELECT flow_id, customer_id, integration_id, connected_app_id, at FROM flow_run
WHERE tenant_id = $1 AND flow_id = ANY ($2::uuid[]) AND at >= $3 AND at < $4 ORDER BY at, id LIMIT 20000`

// rememberSlow makes sure, once an hour, that of flows that seldom run enough runs are known: those of which no customer
// had many runs in the time that the history covers.
func (d *Detector) rememberSlow(ctx context.Context, h *history) error {
	busy, span := map[uuid.UUID]bool{}, map[uuid.UUID]int64{}
	for of, r := range h.runs {
		busy[of.flow] = busy[of.flow] || len(r.minutes) >= fewestRegular
		if n := len(r.minutes); n > 0 {
			span[of.flow] = max(span[of.flow], h.upTo-r.minutes[0])
		}
	}
	var flows []uuid.UUID
	for id, minutes := range span {
		if !busy[id] && minutes > 8*minutesOfDay {
			flows = append(flows, id)
		}
	}
	h.slowUpTo = h.upTo
	if len(flows) == 0 {
		return nil
	}
	slow := map[runner]*ring{}
	err := d.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, sqlSlow, tx.TenantID(), tenant.UUIDs(flows), timeOf(h.upTo-slowDays*minutesOfDay), timeOf(h.upTo))
		if err != nil {
			return err
		}
		var flow uuid.UUID
		var customer, integration, app uuid.NullUUID
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&flow, &customer, &integration, &app, &at}, func() error {
			r := ringOf(slow, runner{flow, customer.UUID})
			if minute := statistics.MinuteOf(at); minute > r.last() {
				r.take(minute)
			}
			r.place = place{app.UUID, integration.UUID}
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("read runs of flows that seldom run: %w", err)
	}
	for of, r := range slow {
		if known := h.runs[of]; known == nil || len(known.minutes) <= len(r.minutes) {
			h.runs[of] = r
		}
	}
	return nil
}
