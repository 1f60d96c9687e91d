package simulate

import (
	"slices"
	"time"
)

// introduce tells who is there at the start: customers, their apps and sources, and the flows.
func (s *Story) introduce() {
	at := s.options.Start
	for i, f := range flows() {
		s.tellFlow(at.Add(time.Duration(i)*time.Millisecond), f)
	}
	at = at.Add(50 * time.Millisecond)
	for _, c := range s.customers {
		s.tellCustomer(at, c)
		for _, a := range c.apps {
			r := streamOf(s.options.Seed, streamSetup, uint64(c.account), uint64(len(a.id))) //nolint:gosec // positive
			a.expiresAt = s.options.Now.AddDate(0, 0, r.between(20, 170))
			s.tellApp(at, c, a, "connected", "")
		}
		for _, f := range c.flows {
			polled := f.pullEvery > 0 && slices.Contains(s.largest(f), c)
			called := f.pullEvery == 0 && f.trigger == triggeredExternally
			if polled || called {
				s.tellSource(at, c, f, "active", "")
			}
		}
		at = at.Add(5 * time.Millisecond)
	}
	s.expireSoon(at)
	s.beat()
}

// expireSoon gives one app of a large customer credentials that nothing renews and that end this week.
func (s *Story) expireSoon(at time.Time) {
	c := s.customers[min(2, len(s.customers)-1)]
	a := c.apps[len(c.apps)-1]
	a.expiresAt = s.options.Now.AddDate(0, 0, 4)
	s.tellApp(at, c, a, "connected", "")
}

// beatEvery is how often the largest shop tells of its stock: a source with a rhythm that silence breaks.
const beatEvery = 8 * time.Minute

func (s *Story) beat() {
	p := s.providers["shopify"]
	event := p.event("inventory_levels/update")
	for _, c := range s.customers {
		if c.app(p) == nil {
			continue
		}
		s.repeat(s.options.Start.Add(time.Minute), beatEvery, func(now time.Time) {
			if s.during(WebhookSilent, p.key, c, now) || s.during(WebhookRejected, p.key, c, now) {
				return
			}
			sc := s.session(c, now)
			id := s.tellWebhook(sc, p, event, "", 200)
			s.externalEvent(sc, c.flows[0], event,
				sourced{id: id, dataSource: sourceID(c, p, "webhook"), at: now.Add(milliseconds(14))},
				[2]string{"filter_not_matched", "no flow asks for inventory_levels/update"})
		})
		return
	}
}

func (s *Story) tellFlow(at time.Time, f *flow) {
	env := envelope{kind: "flow", id: f.key, at: at, integration: f.integration}
	s.emit(at, env, func(d *document) {
		d.text("name", f.name)
		d.flag("enabled", !f.disabled)
		d.open("trigger")
		d.text("kind", f.trigger)
		if f.eventType != "" {
			d.texts("event_types", []string{f.eventType})
		}
		d.optional("schedule", f.schedule)
		d.optional("filter", f.filter)
		d.close()
	})
}

func (s *Story) tellCustomer(at time.Time, c *customer) {
	s.emit(at, envelope{kind: "customer", id: c.key, at: at}, func(d *document) {
		d.text("name", c.name)
		d.open("attributes")
		d.text("plan", c.plan)
		d.text("region", c.region)
		d.number("seats", c.seats)
		d.text("owner", people[c.index%len(people)].first+" "+people[c.index%len(people)].last)
		d.close()
	})
}

func (s *Story) tellApp(at time.Time, c *customer, a *connectedApp, status, reason string) {
	env := envelope{kind: "connected_app", id: a.id, at: at, customer: c.key, integration: a.provider.key, app: a.id}
	s.emit(at, env, func(d *document) {
		d.text("status", status)
		d.text("account", c.key+"@"+a.provider.key)
		d.texts("scopes", a.provider.scopes)
		d.at("credentials_expire_at", a.expiresAt)
		d.optional("reason", reason)
	})
}

// sourceID is the key of the one source of a mode that a customer has at a provider.
func sourceID(c *customer, p *provider, mode string) string {
	return "ds_" + c.key + "_" + p.key + "_" + mode
}

func (s *Story) tellSource(at time.Time, c *customer, f *flow, status, reason string) {
	p := s.providers[f.integration]
	mode, events := "webhook", c.app(p).webhooks
	if f.pullEvery > 0 {
		mode, events = "pull", []string{f.eventType}
	}
	env := envelope{kind: "data_source", id: sourceID(c, p, mode), at: at, customer: c.key, integration: p.key, app: c.app(p).id}
	s.emit(at, env, func(d *document) {
		d.text("mode", mode)
		d.texts("event_types", events)
		if f.pullEvery > 0 {
			d.number("pull_interval_s", int(f.pullEvery.Seconds()))
		} else if status == "active" {
			d.at("expires_at", at.AddDate(0, 0, 30))
		}
		d.text("state", status)
		d.optional("reason", reason)
	})
}
