package simulate

import (
	"slices"
	"time"
)

// begin lets an incident be felt: most by ordinary traffic that runs into it, and by some that is
// certain to, so that a quiet night has its incidents too.
func (s *Story) begin(in *Incident, now time.Time) {
	switch in.Kind {
	case PullStalled, ScheduleMissed, WebhookSilent:
		return
	case FlowHangs:
		f := s.flowFor(in.Kind, in.Integration, in.customer)
		sc := s.session(in.customer, now)
		sc.smooth = true
		s.launch(launch{flow: f, scene: sc, at: now, kind: triggeredManually, hang: in})
		return
	case TokenExpired:
		at := now.Add(in.To.Sub(in.From) / 12)
		a := in.customer.app(s.providers[in.Integration])
		a.expiresAt = now
		s.tellApp(at, in.customer, a, "needs_reauth", "the provider no longer accepts the token")
	case RateLimited, ProviderOutage, ProviderSlow, MissingScope, WebhookRejected:
	}
	gap := min(max(in.To.Sub(in.From)/10, 5*time.Second), 12*time.Minute)
	for at := now; at.Before(in.To); at = at.Add(gap) {
		s.queue.push(at, nil, func(now time.Time) { s.press(in, now) })
	}
}

// press sends something into an incident.
func (s *Story) press(in *Incident, now time.Time) {
	c := in.customer
	if c == nil {
		all := s.susceptible(in.Kind, in.Integration)
		if len(all) == 0 {
			return
		}
		r := streamOf(s.options.Seed, streamIncidents, uint64(now.UnixNano())) //nolint:gosec // after 1970
		c = all[r.below(min(len(all), 10))]
	}
	f := s.flowFor(in.Kind, in.Integration, c)
	sc := s.session(c, now)
	switch {
	case in.Kind == WebhookRejected:
		s.webhook(sc, f)
	case f.trigger == triggeredInternally:
		s.internalEvent(sc, f)
	case f.trigger == triggeredExternally:
		s.webhook(sc, f)
	default:
		s.launch(launch{flow: f, scene: sc, at: now, kind: triggeredByAPI})
	}
}

// end tells of the recovery, where somebody did something for it.
func (s *Story) end(in *Incident, now time.Time) {
	switch in.Kind {
	case TokenExpired, MissingScope:
		a := in.customer.app(s.providers[in.Integration])
		a.expiresAt = now.AddDate(0, 0, 90).Truncate(time.Second)
		s.tellApp(now, in.customer, a, "connected", "reconnected by "+people[in.customer.index%len(people)].mail+"@"+in.customer.key+".example")
	case WebhookSilent:
		f := s.flowFor(in.Kind, in.Integration, in.customer)
		s.tellSource(now, in.customer, f, "expired", "the provider dropped the subscription after repeated time-outs")
		s.tellSource(now.Add(time.Minute), in.customer, f, "active", "subscribed again")
	case RateLimited, ProviderOutage, ProviderSlow, WebhookRejected, FlowHangs, PullStalled, ScheduleMissed:
	}
	s.incidents = slices.DeleteFunc(s.incidents, func(o *Incident) bool { return o == in })
}
