package simulate

import (
	"net/http"
	"strconv"
	"time"
)

// caller is what a request belongs to.
type caller struct {
	run, node  string
	identifier identifier
}

// outcome is how a call ended.
type outcome struct {
	end           time.Time
	status        int
	code, message string // empty when it went well
	retry         bool   // whether trying again makes sense
	wait          time.Duration
}

func (o outcome) failed() bool { return o.code != "" }

// breakdown is a call that got no answer.
type breakdown struct {
	kind, code, message string
	lasts               time.Duration
}

var breakdowns = []breakdown{
	{"timeout", "ETIMEDOUT", "context deadline exceeded (Client.Timeout exceeded while awaiting headers)", 30 * time.Second},
	{"connection", "ECONNRESET", "read: connection reset by peer", 900 * time.Millisecond},
	{"dns", "ENOTFOUND", "lookup failed: no such host", 40 * time.Millisecond},
	{"tls", "CERT_EXPIRED", "tls: failed to verify certificate: x509: certificate has expired or is not yet valid", 120 * time.Millisecond},
}

// verdict decides how a provider answers a call at a time: by the incidents that hold then, else by
// the small share of failures that every integration has on a good day.
func (s *Story) verdict(e *endpoint, sc *scene, at time.Time) (refusalKind, *breakdown) {
	key, who := e.provider.key, sc.customer
	switch {
	case sc.smooth:
		return refusalKinds, nil
	case s.during(ProviderOutage, key, who, at) && sc.chance(0.85):
		return refusedOutage, nil
	case s.during(TokenExpired, key, who, at):
		return refusedExpired, nil
	case s.during(MissingScope, key, who, at) && e.method != http.MethodGet:
		return refusedScope, nil
	case s.during(RateLimited, key, who, at) && sc.chance(0.6):
		return refusedLimited, nil
	case s.during(ProviderSlow, key, who, at) && sc.chance(0.08):
		return refusalKinds, &breakdowns[0]
	}
	switch p := sc.unit(); {
	case p < 0.0050:
		return refusedInvalid, nil
	case p < 0.0080:
		return refusedMissing, nil
	case p < 0.0105:
		return refusedConflict, nil
	case p < 0.0130:
		return refusedLimited, nil
	case p < 0.0150:
		return refusedOutage, nil
	case p < 0.0165:
		return refusalKinds, &breakdowns[0]
	case p < 0.0175:
		return refusalKinds, &breakdowns[1]
	case p < 0.0177:
		return refusalKinds, &breakdowns[2]
	}
	return refusalKinds, nil
}

// call makes one API request and says how it ended.
func (s *Story) call(at time.Time, e *endpoint, sc *scene, by caller, attempt int) outcome {
	kind, broken := s.verdict(e, sc, at)
	median := e.median
	if s.during(ProviderSlow, e.provider.key, sc.customer, at) {
		median *= 7
	}
	lasted := milliseconds(sc.logNormal(median, 0.45))
	o := outcome{status: e.status}
	body, headers := e.responseBody, e.provider.limitTemplates
	switch {
	case broken != nil:
		lasted = broken.lasts + milliseconds(sc.unit()*20)
		o = outcome{code: broken.code, message: broken.message, retry: true, wait: time.Second}
	case kind < refusalKinds:
		r := &e.provider.refusals[kind]
		body, headers = r.bodyTemplate, r.headerTemplates
		o = outcome{status: r.status, code: r.code, message: r.message, wait: 2 * time.Second}
		o.retry = kind == refusedLimited || kind == refusedOutage || kind == refusedConflict
		if kind == refusedLimited {
			sc.retryAfter = sc.between(1, 20)
			o.wait = time.Duration(sc.retryAfter) * time.Second
		}
	}
	o.end = at.Add(lasted)
	s.tellRequest(exchange{endpoint: e, body: body, headers: headers, at: at, lasted: lasted, attempt: attempt, outcome: o, broken: broken}, sc, by)
	if kind == refusedExpired && e.provider.tokenURL != "" && attempt == 1 {
		o.end = s.refresh(o.end, e.provider, sc, by, false)
	}
	return o
}

// exchange is a request with its answer, before it is written down.
type exchange struct {
	endpoint *endpoint
	body     *template
	headers  []headerTemplate
	at       time.Time
	lasted   time.Duration
	attempt  int
	outcome  outcome
	broken   *breakdown
}

func (s *Story) tellRequest(x exchange, sc *scene, by caller) {
	p := x.endpoint.provider
	sc.provider, sc.now = p, x.at
	env := s.envelopeOf("api_request", newID("req", sc), x.at, sc, p.key)
	env.run, env.node, env.identifier = by.run, by.node, by.identifier
	s.emit(x.at.Add(x.lasted), env, func(d *document) {
		d.text("direction", "outbound")
		d.text("method", x.endpoint.method)
		d.text("url", p.baseTemplate.render(sc)+x.endpoint.pathTemplate.render(sc))
		d.text("endpoint", x.endpoint.route)
		d.open("request")
		writeRequestHeaders(d, x.endpoint, sc)
		d.body("body", x.endpoint.requestBody, sc)
		d.close()
		if x.broken == nil {
			d.open("response")
			d.number("status", x.outcome.status)
			writeHeaders(d, sc, x.body, p.headerTemplates, x.headers)
			d.body("body", x.body, sc)
			d.close()
		}
		d.lasted(x.lasted)
		d.number("attempt", x.attempt)
		if x.broken != nil {
			d.open("error")
			d.text("kind", x.broken.kind)
			d.text("code", x.broken.code)
			d.text("message", x.broken.message)
			d.close()
		}
	})
}

func writeRequestHeaders(d *document, e *endpoint, sc *scene) {
	d.open("headers")
	switch e.provider.key {
	case "shopify":
		d.text("X-Shopify-Access-Token", e.provider.authTemplate.render(sc))
	default:
		d.text("Authorization", e.provider.authTemplate.render(sc))
	}
	d.text("Accept", "application/json")
	d.text("User-Agent", e.provider.agent)
	switch {
	case e.form:
		d.text("Content-Type", "application/x-www-form-urlencoded")
		d.text("Idempotency-Key", sc.trace[:16])
	case e.requestBody != nil && e.requestBody.json:
		d.text("Content-Type", "application/json")
	case e.requestBody != nil:
		d.text("Content-Type", "text/csv")
	}
	d.text("Traceparent", "00-"+sc.trace+"-"+sc.trace[:16]+"-01")
	d.close()
}

// writeHeaders writes several sets of headers as one object; the sets of a provider name different
// headers. A provider's content type is that of its JSON: the pages of its gateways have another, and
// an answer without a body has none.
func writeHeaders(d *document, sc *scene, body *template, sets ...[]headerTemplate) {
	d.open("headers")
	for _, set := range sets {
		for _, h := range set {
			switch {
			case h.name != "Content-Type" || (body != nil && body.json):
				d.text(h.name, h.value.render(sc))
			case body == nil:
			case body.parts[0].literal[0] == '<':
				d.text(h.name, "text/html; charset=utf-8")
			default:
				d.text(h.name, "text/plain")
			}
		}
	}
	d.close()
}

// refresh exchanges the refresh token, as a client does on its own before or after a refused call.
func (s *Story) refresh(at time.Time, p *provider, sc *scene, by caller, granted bool) time.Time {
	sc.provider, sc.now = p, at
	lasted := milliseconds(sc.logNormal(180, 0.4))
	env := s.envelopeOf("api_request", newID("req", sc), at, sc, p.key)
	env.run, env.node = by.run, by.node
	s.emit(at.Add(lasted), env, func(d *document) {
		d.text("method", http.MethodPost)
		d.text("url", p.tokenTemplate.render(sc))
		d.open("request")
		d.open("headers")
		d.text("Content-Type", "application/x-www-form-urlencoded")
		d.text("User-Agent", p.agent)
		d.close()
		d.text("body", "grant_type=refresh_token&client_id=northbeam&client_secret=cs_"+secretTemplate.render(sc)+"&refresh_token=rt_"+secretTemplate.render(sc))
		d.close()
		d.open("response")
		r := &p.refusals[refusedRefresh]
		body, status := r.bodyTemplate, r.status
		if granted {
			body, status = tokenTemplate, http.StatusOK
		}
		d.number("status", status)
		d.open("headers")
		d.text("Content-Type", "application/json")
		d.text("Cache-Control", "no-store")
		d.close()
		d.body("body", body, sc)
		d.close()
		d.lasted(lasted)
	})
	return at.Add(lasted)
}

var (
	secretTemplate = compile("${secret}")
	tokenTemplate  = compile(`{"access_token":"${jwt}","token_type":"Bearer","refresh_token":"rt_${secret}","expires_in":3600}`)
)

// envelopeOf starts the envelope of something that belongs to the scene's customer and a provider.
func (s *Story) envelopeOf(kind, id string, at time.Time, sc *scene, integration string) envelope {
	e := envelope{kind: kind, id: id, at: at, customer: sc.customer.key, integration: integration, trace: sc.trace}
	if a := sc.customer.app(s.providers[integration]); a != nil {
		e.app = a.id
	}
	return e
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms*1000) * time.Microsecond
}

// describe tells a call as a line of a node's log.
func (o outcome) describe(e *endpoint) string {
	if o.status == 0 {
		return e.method + " " + e.route + ": " + o.message
	}
	text := e.method + " " + e.route + " answered " + strconv.Itoa(o.status)
	if o.failed() {
		text += ": " + o.message
	}
	return text
}
