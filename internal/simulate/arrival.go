package simulate

import (
	"net/http"
	"time"
)

// activity is something that may happen at a customer out of itself.
type activity struct {
	weight float64
	happen func(s *Story, c *customer, now time.Time)
}

// subscribe lists what may happen at the customer, by its flows and apps.
func (c *customer) subscribe() {
	add := func(weight float64, happen func(*Story, *customer, time.Time)) {
		c.subscribed = append(c.subscribed, activity{weight, happen})
		c.weight += weight
	}
	for _, f := range c.flows {
		switch {
		case f.disabled:
			add(0.4, func(s *Story, c *customer, now time.Time) { s.internalEvent(s.session(c, now), f) })
		case f.trigger == triggeredExternally && f.pullEvery == 0:
			add(5, func(s *Story, c *customer, now time.Time) { s.webhook(s.session(c, now), f) })
		case f.trigger == triggeredInternally:
			add(2.5, func(s *Story, c *customer, now time.Time) { s.internalEvent(s.session(c, now), f) })
		case f.trigger == triggeredByAPI:
			add(2, requestedRun(f))
		}
	}
	add(1.5, (*Story).lookUp)
	add(1.2, (*Story).transact)
}

// arrival lets something happen at a customer, most often at a large one.
func (s *Story) arrival(r *random, now time.Time) {
	c := s.customers[s.skew.rank(r)]
	at := r.unit() * c.weight
	for _, a := range c.subscribed {
		if at -= a.weight; at < 0 {
			a.happen(s, c, now)
			return
		}
	}
}

// webhook lets a provider tell the tenant of something, which may be turned away.
func (s *Story) webhook(sc *scene, f *flow) {
	p := s.providers[f.integration]
	if s.during(WebhookSilent, p.key, sc.customer, sc.now) {
		return
	}
	now, event := sc.now, p.event(f.eventType)
	rejection, answered := "", http.StatusOK
	switch odds := sc.unit(); {
	case s.during(WebhookRejected, p.key, sc.customer, now), odds < 0.008:
		rejection, answered = "verification_failed", http.StatusUnauthorized
	case odds < 0.011:
		rejection, answered = "unparsable", http.StatusBadRequest
	}
	id := s.tellWebhook(sc, p, event, rejection, answered)
	if rejection != "" {
		return
	}
	skip := [2]string{}
	switch odds := sc.unit(); {
	case odds < 0.06:
		skip = [2]string{"filter_not_matched", "the filter of " + f.key + " did not match"}
	case odds < 0.08:
		skip = [2]string{"duplicate", "seen before under the same delivery id"}
	case odds < 0.085:
		skip = [2]string{"queue_full", "the customer's queue holds 500 runs"}
	}
	s.externalEvent(sc, f, event, sourced{id: id, dataSource: sourceID(sc.customer, p, "webhook"), at: now.Add(milliseconds(12))}, skip)
}

func (s *Story) tellWebhook(sc *scene, p *provider, event *hookEvent, rejection string, answered int) string {
	now := sc.now
	sc.provider = p
	id := newID("whk", sc)
	env := s.envelopeOf("external_webhook", id, now, sc, p.key)
	s.emit(now.Add(milliseconds(9)), env, func(d *document) {
		d.text("method", http.MethodPost)
		d.text("url", "https://hooks.northbeam.example/v1/"+p.key+"/"+sc.customer.key)
		writeHeaders(d, sc, event.payloadTemplate, p.hook.template)
		switch rejection {
		case "unparsable":
			d.text("body", event.payloadTemplate.render(sc)[:40])
		default:
			d.body("body", event.payloadTemplate, sc)
		}
		d.flag("signature_valid", rejection != "verification_failed")
		d.number("response_status", answered)
		d.text("data_source", sourceID(sc.customer, p, "webhook"))
		d.optional("rejection", rejection)
	})
	return id
}

// sourced is where an external event came from.
type sourced struct {
	id, dataSource string
	at             time.Time
}

// externalEvent records what a webhook or a pull brought and launches its flow unless it is skipped.
func (s *Story) externalEvent(sc *scene, f *flow, event *hookEvent, from sourced, skip [2]string) {
	sc.now = from.at
	id := newID("evt", sc)
	env := s.envelopeOf("external_event", id, from.at, sc, f.integration)
	env.identifier = identifier{f.identifier[0], f.identifierTemplate.render(sc)}
	s.emit(from.at, env, func(d *document) {
		d.text("event_type", event.kind)
		d.text("record_id", recordTemplate.render(sc))
		d.body("payload", event.payloadTemplate, sc)
		d.text("data_source", from.dataSource)
		d.text("source", from.id)
		writeSkip(d, skip)
	})
	if skip[0] == "" {
		s.launch(launch{flow: f, scene: sc, at: from.at.Add(milliseconds(3)), kind: triggeredExternally, event: id})
	}
}

var recordTemplate = compile("${record}")

func writeSkip(d *document, skip [2]string) {
	if skip[0] == "" {
		return
	}
	d.open("skip")
	d.text("code", skip[0])
	d.text("message", skip[1])
	d.close()
}

var vias = []string{"customer_subscription", "customer_subscription", "global_webhook", "api"}

// internalEvent is something in the tenant's own product that a flow waits for.
func (s *Story) internalEvent(sc *scene, f *flow) {
	now := sc.now
	id := newID("int", sc)
	env := envelope{kind: "internal_event", id: id, at: now, customer: sc.customer.key, trace: sc.trace}
	env.identifier = identifier{f.identifier[0], f.identifierTemplate.render(sc)}
	skip := [2]string{}
	switch {
	case f.disabled:
		skip = [2]string{"flow_disabled", f.key + " is disabled"}
	case sc.chance(0.04):
		skip = [2]string{"not_subscribed", "no subscription of this customer asks for it"}
	}
	s.emit(now, env, func(d *document) {
		d.text("event_type", f.eventType)
		d.body("payload", runInput, sc)
		d.text("via", vias[sc.below(len(vias))])
		writeSkip(d, skip)
	})
	if skip[0] == "" {
		s.launch(launch{flow: f, scene: sc, at: now.Add(milliseconds(5)), kind: triggeredInternally, event: id})
	}
}

// requestedRun is a run that the product asks for, or a person by hand.
func requestedRun(f *flow) func(*Story, *customer, time.Time) {
	return func(s *Story, c *customer, now time.Time) {
		sc := s.session(c, now)
		kind := triggeredByAPI
		if sc.chance(0.25) {
			kind = triggeredManually
		}
		s.launch(launch{flow: f, scene: sc, at: now, kind: kind})
	}
}

// lookUp is a request outside any run: the product's own pages asking a provider, or now and then a
// provider that asks the tenant.
func (s *Story) lookUp(c *customer, now time.Time) {
	sc := s.session(c, now)
	p := c.apps[sc.below(len(c.apps))].provider
	if sc.chance(0.12) {
		s.tellInbound(sc, p)
		return
	}
	s.call(now, p.endpoints[sc.below(len(p.endpoints))], sc, caller{}, 1)
}

func (s *Story) tellInbound(sc *scene, p *provider) {
	now := sc.now
	sc.provider = p
	lasted := milliseconds(sc.logNormal(25, 0.6))
	env := s.envelopeOf("api_request", newID("req", sc), now, sc, p.key)
	env.identifier = identifier{"order_id", orderTemplate.render(sc)}
	s.emit(now.Add(lasted), env, func(d *document) {
		d.text("direction", "inbound")
		d.text("method", http.MethodGet)
		d.text("url", "https://api.northbeam.example/v1/customers/"+sc.customer.key+"/orders/"+env.identifier.value)
		d.text("endpoint", "/v1/customers/{id}/orders/{id}")
		d.open("request")
		d.open("headers")
		d.text("Authorization", "Bearer nb_"+secretTemplate.render(sc))
		d.text("User-Agent", p.name+" app")
		d.close()
		d.close()
		d.open("response")
		d.number("status", http.StatusOK)
		d.open("headers")
		d.text("Content-Type", "application/json")
		d.close()
		d.body("body", runInput, sc)
		d.close()
		d.lasted(lasted)
	})
}

var orderTemplate = compile("A-${order}")
