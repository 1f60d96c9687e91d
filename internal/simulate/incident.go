package simulate

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// IncidentKind is a way in which things go wrong for a while.
type IncidentKind string

// The incidents that a story tells. All but ProviderOutage, ProviderSlow concern one customer.
const (
	TokenExpired    IncidentKind = "token_expired"    // calls answer 401 until the customer reconnects
	RateLimited     IncidentKind = "rate_limited"     // most calls answer 429 and are tried again
	ProviderOutage  IncidentKind = "provider_outage"  // all customers of an integration get 5xx
	ProviderSlow    IncidentKind = "provider_slow"    // answers take seven times as long, some never come
	MissingScope    IncidentKind = "missing_scope"    // writing calls answer that a scope is missing
	WebhookSilent   IncidentKind = "webhook_silent"   // a source that used to call does not
	WebhookRejected IncidentKind = "webhook_rejected" // signatures stop being valid
	FlowHangs       IncidentKind = "flow_hangs"       // a run stays in one node until it is canceled
	PullStalled     IncidentKind = "pull_stalled"     // a source is not polled
	ScheduleMissed  IncidentKind = "schedule_missed"  // a scheduled flow does not start
)

// Incident is one of them: what, where, and from when to when. Customer is empty when all customers
// of the integration are concerned.
type Incident struct {
	Kind        IncidentKind
	Integration string
	Customer    string
	From, To    time.Time

	customer *customer
}

// Incidents lists those that have been planned so far: the whole script before Now, and of what is
// live those that have begun.
func (s *Story) Incidents() []Incident {
	out := make([]Incident, len(s.all))
	for i, in := range s.all {
		out[i] = *in
	}
	return out
}

// during says whether an incident of a kind holds for a customer's use of an integration.
func (s *Story) during(kind IncidentKind, integration string, c *customer, at time.Time) bool {
	for _, in := range s.incidents {
		if in.Kind == kind && in.Integration == integration && (in.customer == nil || in.customer == c) &&
			!at.Before(in.From) && at.Before(in.To) {
			return true
		}
	}
	return false
}

// plot is an incident of the script, in hours before Now. Negative hours are after it.
type plot struct {
	kind        IncidentKind
	integration string
	rank        int // among the customers of the integration that it can happen to
	from, to    float64
}

var script = []plot{
	{ProviderOutage, "hubspot", -1, 22, 20.8},
	{TokenExpired, "salesforce", 2, 18.5, 16.6},
	{RateLimited, "shopify", 0, 15.2, 14.3},
	{MissingScope, "google-calendar", 1, 13, 10.4},
	{ScheduleMissed, "netsuite", 0, 12.6, 3.9},
	{WebhookSilent, "shopify", 0, 10.5, 7.2},
	{WebhookRejected, "stripe", 0, 6.4, 4.9},
	{ProviderSlow, "zendesk", -1, 4.6, 3.1},
	{FlowHangs, "salesforce", 0, 9, 5.5},
	{PullStalled, "google-calendar", 1, 4, -1.5},
	{FlowHangs, "quickbooks", 2, 2.4, -0.7},
	{TokenExpired, "quickbooks", 0, 0.8, -0.3},
	{RateLimited, "hubspot", 3, 0.15, -0.1},
}

// planHistory places the script before Now, drawn together when the history is shorter than a day.
func (s *Story) planHistory() {
	span := s.options.Now.Sub(s.options.Start)
	if span < time.Minute {
		return
	}
	scale := min(1, span.Hours()/24)
	for _, p := range script {
		from := s.options.Now.Add(-hours(p.from * scale))
		to := s.options.Now.Add(-hours(p.to * min(scale, 1)))
		s.plan(p.kind, p.integration, p.rank, from, to)
	}
}

func hours(h float64) time.Duration { return time.Duration(h*3600) * time.Second }

// programme is what goes wrong live, over and over in another order each time.
var programme = []plot{
	{kind: TokenExpired, integration: "salesforce"}, {kind: RateLimited, integration: "shopify"},
	{kind: ProviderOutage, integration: "slack", rank: -1}, {kind: MissingScope, integration: "hubspot"},
	{kind: WebhookRejected, integration: "zendesk"}, {kind: FlowHangs, integration: "shopify"},
	{kind: TokenExpired, integration: "microsoft-graph"}, {kind: ProviderSlow, integration: "netsuite", rank: -1},
	{kind: RateLimited, integration: "jira"}, {kind: WebhookSilent, integration: "stripe"},
	{kind: PullStalled, integration: "microsoft-graph"}, {kind: ProviderOutage, integration: "quickbooks", rank: -1},
	{kind: ScheduleMissed, integration: "zendesk"},
}

// planLive starts the incidents after Now, one at a time or two that overlap.
func (s *Story) planLive() {
	r := streamOf(s.options.Seed, streamIncidents)
	mean := s.options.IncidentEvery
	order := programme[:0:0]
	var strike func(now time.Time)
	strike = func(now time.Time) {
		if len(order) == 0 {
			order = slices.Clone(programme)
			for i := len(order) - 1; i > 0; i-- {
				j := r.below(i + 1)
				order[i], order[j] = order[j], order[i]
			}
		}
		p := order[0]
		order = order[1:]
		lasts := time.Duration((0.6 + r.unit()) * float64(mean))
		if p.kind == PullStalled || p.kind == ScheduleMissed {
			lasts = max(lasts, 2*time.Hour)
		}
		if p.rank >= 0 {
			p.rank = r.below(4)
		}
		s.plan(p.kind, p.integration, p.rank, now, now.Add(lasts))
		s.queue.push(now.Add(time.Duration((0.5+r.unit())*float64(mean))), nil, strike)
	}
	s.queue.push(s.options.Now.Add(mean/5), nil, strike)
}

// plan makes an incident of it at a customer whom it can happen to, and queues what shows of it: its
// beginning, something that runs into it now and then, its end.
func (s *Story) plan(kind IncidentKind, integration string, rank int, from, to time.Time) {
	in := &Incident{Kind: kind, Integration: integration, From: from.Truncate(time.Microsecond), To: to.Truncate(time.Microsecond)}
	if rank >= 0 {
		at := s.susceptible(kind, integration)
		if len(at) == 0 {
			return
		}
		in.customer = at[min(rank, len(at)-1)]
		in.Customer = in.customer.key
	}
	s.incidents = append(s.incidents, in)
	s.all = append(s.all, in)
	s.queue.push(in.From, nil, func(now time.Time) { s.begin(in, now) })
	s.queue.push(in.To, nil, func(now time.Time) { s.end(in, now) })
}

// susceptible lists the customers to whom an incident can happen, the largest first.
func (s *Story) susceptible(kind IncidentKind, integration string) []*customer {
	var found []*customer
	for _, c := range s.customers {
		if s.flowFor(kind, integration, c) != nil {
			found = append(found, c)
		}
	}
	return found
}

// flowFor finds the flow of a customer that an incident shows in.
func (s *Story) flowFor(kind IncidentKind, integration string, c *customer) *flow {
	for _, f := range c.flows {
		own := f.integration == integration
		webhook := f.trigger == triggeredExternally && f.pullEvery == 0
		switch kind {
		case WebhookSilent, WebhookRejected:
			if own && webhook {
				return f
			}
		case PullStalled:
			if own && f.pullEvery > 0 && slices.Contains(s.largest(f), c) {
				return f
			}
		case ScheduleMissed:
			if own && f.trigger == triggeredBySchedule && slices.Contains(s.largest(f), c) {
				return f
			}
		default:
			if kind == MissingScope && !s.writes(f, integration) {
				continue
			}
			if f.touches(integration) && f.trigger != triggeredBySchedule && f.pullEvery == 0 && !f.disabled {
				return f
			}
		}
	}
	return nil
}

// writes says whether most runs of a flow change something at an integration.
func (s *Story) writes(f *flow, integration string) bool {
	return slices.ContainsFunc(f.nodes, func(n node) bool {
		key, name, _ := strings.Cut(n.call, ".")
		return key == integration && n.when == "" && s.providers[key].endpoint(name).method != http.MethodGet
	})
}
