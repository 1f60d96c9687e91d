package simulate

import (
	"fmt"
	"time"
)

// scheduled is how many customers of a timed flow have it on: the largest ones.
const scheduled = 4

// scheduleFlows starts the clocks of flows that run by cron.
func (s *Story) scheduleFlows() {
	for _, f := range flows() {
		if f.trigger != triggeredBySchedule {
			continue
		}
		for i, c := range s.largest(f) {
			// A scheduler starts its customers one after the other.
			lag := time.Duration(i*900+130) * time.Millisecond
			s.repeat(f.next(s.options.Start).Add(lag), f.every, func(now time.Time) {
				if s.during(ScheduleMissed, f.integration, c, now) {
					return
				}
				s.launch(launch{flow: f, scene: s.session(c, now), at: now, kind: triggeredBySchedule})
			})
		}
	}
}

// schedulePulls starts the polling of sources that do not call.
func (s *Story) schedulePulls() {
	for _, f := range flows() {
		if f.pullEvery == 0 {
			continue
		}
		for i, c := range s.largest(f) {
			first := s.options.Start.Truncate(f.pullEvery).Add(f.pullEvery + time.Duration(i*97+11)*time.Second)
			cursor := 1000000 * (i + 1)
			s.repeat(first, f.pullEvery, func(now time.Time) {
				if !s.during(PullStalled, f.integration, c, now) {
					cursor = s.pull(s.session(c, now), f, cursor)
				}
			})
		}
	}
}

func (s *Story) largest(f *flow) []*customer {
	var found []*customer
	for _, c := range s.customers {
		if c.has(f) && len(found) < scheduled {
			found = append(found, c)
		}
	}
	return found
}

// repeat does something at a time and then after each period.
func (s *Story) repeat(first time.Time, period time.Duration, do func(now time.Time)) {
	var fire func(now time.Time)
	fire = func(now time.Time) {
		s.queue.push(now.Add(period), nil, fire)
		do(now)
	}
	s.queue.push(first, nil, fire)
}

// pullEndpoints names the operation that lists changes, of providers that are polled.
var pullEndpoints = map[string]string{"google-calendar": "list_events", "microsoft-graph": "drive_delta"}

// pull asks a provider for changes: the request, the pull with what it found, and the events. Most
// pulls find nothing. It returns where the next one goes on.
func (s *Story) pull(sc *scene, f *flow, cursor int) int {
	p := s.providers[f.integration]
	now, id := sc.now, newID("pul", sc)
	source := sourceID(sc.customer, p, "pull")
	o := s.call(now.Add(milliseconds(3)), p.endpoint(pullEndpoints[p.key]), sc, caller{}, 1)
	found := 0
	if !o.failed() && sc.chance(min(0.7, 0.28*s.rhythm.at(now))) {
		found = sc.between(1, 2)
	}
	end := o.end.Add(milliseconds(2))
	after, status := cursor+found*sc.between(3, 40), "success"
	if o.failed() {
		status = "error"
	}
	env := s.envelopeOf("external_event_pull", id, now, sc, p.key)
	s.emit(end, env, func(d *document) {
		d.text("data_source", source)
		d.text("status", status)
		d.text("strategy", "latest_records")
		d.flag("full", false)
		d.number("pages", 1)
		d.number("records_scanned", found*sc.between(1, 6))
		d.text("cursor_before", fmt.Sprintf("c:%d", cursor))
		d.text("cursor_after", fmt.Sprintf("c:%d", after))
		d.number("event_count", found)
		d.lasted(end.Sub(now))
		if o.failed() {
			d.open("error")
			d.text("code", o.code)
			d.text("message", o.message)
			d.close()
		}
	})
	for i := range found {
		at := end.Add(milliseconds(float64(4 + i*6)))
		sub := s.session(sc.customer, at)
		s.externalEvent(sub, f, p.event(f.eventType), sourced{id: id, dataSource: source, at: at}, [2]string{})
	}
	return after
}
