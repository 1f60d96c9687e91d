package isolation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The scopes that a mark names beside the tenant.
const (
	// shared is what every credential of the tenant may see: integrations, flows, the tenant's name.
	shared = "ALL"
	// own is what belongs to none of its customers.
	own = "OWN"
)

// event is an event as it is sent.
type event map[string]any

// mark is a text that says whose it is.
func (co *company) mark(scope, what string) string {
	return "TENANT-" + strings.ToUpper(co.letter) + "-" + scope + "-" + what
}

// part is a customer's part of the tenant's events, or (scope own) what is of no customer.
type part struct {
	*company
	scope    string
	customer string
	number   int
	// exclusive parts have external ids and keys that no other tenant has.
	exclusive bool
	events    []event
}

// ref is an external id or key: the same in every tenant, or the tenant's alone.
func (p *part) ref(what string) string {
	if p.exclusive {
		return "only-" + p.letter + "-" + what
	}
	return fmt.Sprintf("%s-%d", what, p.number)
}

// trace is a W3C trace id, likewise.
func (p *part) trace() string {
	if p.exclusive {
		return strings.Repeat(p.letter+"7", 16)
	}
	return strings.Repeat(fmt.Sprintf("5%d", p.number), 16)
}

// says is a mark of the part.
func (p *part) says(what string) string { return p.mark(p.scope, what) }

// at is when the part's next event happens.
func (p *part) at() string {
	return p.w.start.Add(time.Duration(p.number*1000+len(p.events)) * time.Second).Format(time.RFC3339Nano)
}

// add adds an event of the part. id "" is one without.
func (p *part) add(kind, id string, data event, more event) {
	e := event{
		"type": kind, "occurred_at": p.at(), "integration": p.ref("integration"), "trace_id": p.trace(), "data": data,
		"identifiers": event{"order": p.says("order"), p.says("kind"): []string{p.ref("document")}},
		"metadata":    event{"note": p.says("metadata")},
	}
	if p.customer != "" {
		e["customer"], e["connected_app"] = p.customer, p.ref("app")
	}
	if id != "" {
		e["id"] = id
	}
	for name, value := range more {
		e[name] = value
	}
	p.events = append(p.events, e)
}

// events are a tenant's: of each type, well and failed, of two customers whose external ids every tenant has, of one
// whose ids no other has, and of no customer.
func (co *company) events() []event {
	var all []event
	for i, customer := range []string{"customer-1", "customer-2", "only-" + co.letter + "-customer", ""} {
		p := &part{company: co, scope: fmt.Sprintf("C%d", i+1), customer: customer, number: i + 1, exclusive: i == 2}
		if customer == "" {
			p.scope = own
		} else {
			p.directory()
			p.webhooks()
		}
		p.happenings()
		p.requests()
		p.runs()
		all = append(all, p.events...)
	}
	return append(append(all, co.tangle("1", "2")...), co.tangle("2", "1")...)
}

// tangle are events of one customer that name runs, events and webhooks of another: whoever is limited to either sees
// its own end of them only.
func (co *company) tangle(mine, other string) []event {
	p := &part{company: co, scope: "C" + mine, customer: "customer-" + mine, number: 5}
	more := func(extra event) event {
		extra["connected_app"], extra["integration"] = "app-"+mine, "integration-"+mine
		return extra
	}
	p.add("api_request", "", event{"method": "GET", "url": "https://example.com/" + p.says("tangled")}, more(event{"flow_run": "run-" + other, "node_run": "failing-" + other}))
	p.add("external_event", "tangled-"+mine, event{"event_type": p.says("tangled"), "source": "webhook-" + other}, more(event{}))
	p.add("external_event", "pulled-tangled-"+mine, event{"event_type": p.says("tangled"), "source": "pull-" + other}, more(event{}))
	p.add("flow_run", "tangled-"+mine, event{
		"flow": "flow-" + other, "status": "failed", "trigger": event{"kind": "external_event", "event": "event-" + other}, "input": event{"word": p.says("payload")},
	}, more(event{}))
	return p.events
}

func (p *part) directory() {
	p.add("customer", p.customer, event{"name": p.says("customer"), "attributes": event{"plan": p.says("attribute")}}, nil)
	p.add("connected_app", p.ref("app"), event{
		"status": "needs_reauth", "account": p.says("account"), "scopes": []string{p.says("scope")},
		"credentials_expire_at": p.at(), "reason": p.says("reason"),
	}, nil)
	p.add("flow", p.ref("flow"), event{"name": p.mark(shared, "flow"), "enabled": true, "trigger": event{
		"kind": "external_event", "event_types": []string{p.mark(shared, "type")}, "schedule": "0 1 * * *", "filter": p.mark(shared, "filter"),
	}}, nil)
	p.add("data_source", p.ref("source"), event{
		"mode": "webhook", "event_types": []string{p.says("type")}, "state": "failed", "reason": p.says("reason"), "expires_at": p.at(),
	}, nil)
	p.add("data_source", p.ref("poll"), event{"mode": "pull", "state": "active", "pull_interval_s": 60}, nil)
}

func (p *part) webhooks() {
	p.add("external_webhook", p.ref("webhook"), event{
		"method": "POST", "url": "https://example.com/" + p.says("hook") + "/in", "headers": p.headers(), "body": event{"word": p.says("payload")},
		"signature_valid": true, "response_status": 200, "data_source": p.ref("source"),
	}, nil)
	p.add("external_webhook", "", event{
		"url": "https://example.com/in", "rejection": "other", "error": p.problem(), "data_source": p.ref("source"),
	}, nil)
	p.add("external_event_pull", p.ref("pull"), event{
		"data_source": p.ref("poll"), "status": "success", "strategy": "full_scan", "pages": 2, "records_scanned": 3,
		"cursor_before": p.says("before"), "cursor_after": p.says("after"), "event_count": 1, "duration_ms": 12.5,
	}, nil)
	p.add("external_event_pull", "", event{"data_source": p.ref("poll"), "status": "error", "error": p.problem()}, nil)
}

func (p *part) happenings() {
	p.add("external_event", p.ref("event"), event{
		"event_type": p.says("type"), "record_id": p.says("record"), "payload": event{"word": p.says("payload")}, "source": p.ref("webhook"),
	}, nil)
	pulled := event{"event_type": "order.changed", "source": p.ref("pull"), "skip": event{"code": "other", "message": p.says("skip")}}
	if p.customer != "" {
		pulled["data_source"] = p.ref("poll")
	}
	p.add("external_event", p.ref("pulled"), pulled, nil)
	p.add("internal_event", p.ref("internal"), event{
		"event_type": p.says("type"), "payload": event{"word": p.says("payload")}, "via": "global_webhook",
		"skip": event{"code": "queue_full", "message": p.says("skip")},
	}, nil)
	p.add("transaction", p.ref("transaction"), event{
		"from": p.says("from"), "to": p.says("to"), "status": "success", "operation": p.says("operation"), "message": p.says("message"),
		"payload_type": p.says("payload-type"), "flow_id": p.says("flow-id"), "duration_ms": 4,
	}, nil)
	p.add("transaction", "", event{"from": "x", "to": "y", "status": "failure", "error": p.problem()}, nil)
}

func (p *part) headers() event {
	return event{"Content-Type": "application/json", "X-Word": []string{p.says("payload"), "second"}}
}

func (p *part) problem() event {
	return event{"kind": "application", "code": p.says("code"), "message": p.says("error")}
}

func (p *part) requests() {
	call := event{
		"method": "GET", "url": "https://example.com/" + p.says("path") + "/1?q=1", "endpoint": "/" + p.says("path") + "/{id}", "duration_ms": 182.4,
		"request":  event{"headers": p.headers(), "body": p.says("payload")},
		"response": event{"status": 404, "headers": p.headers(), "body": event{"word": p.says("payload")}},
	}
	p.add("api_request", p.ref("request"), call, nil)
	p.add("api_request", "", call, event{"flow_run": p.ref("run"), "node_run": p.ref("failing")})
	p.add("api_request", "", event{
		"method": "GET", "url": "https://example.com/", "response": event{"status": 403, "headers": event{"WWW-Authenticate": `Bearer error="insufficient_scope"`}},
	}, nil)
	p.add("api_request", "", event{"direction": "inbound", "method": "PUT", "url": "https://example.com/", "error": p.problem(), "attempt": 2}, nil)
}

func (p *part) runs() {
	p.add("flow_run", p.ref("run"), event{
		"flow": p.ref("flow"), "status": "failed", "trigger": event{"kind": "external_event", "event": p.ref("event")},
		"started_at": p.at(), "finished_at": p.at(), "error": event{"code": p.says("code"), "message": p.says("error") + " timed out"},
		"input": event{"word": p.says("payload")}, "output": event{"word": p.says("payload")},
	}, nil)
	p.add("flow_run", "", event{"flow": p.ref("flow"), "status": "running", "trigger": event{"kind": "internal_event", "event": p.ref("internal")}}, nil)
	in := event{"flow_run": p.ref("run")}
	node := func(id, status string, parents []string) event {
		return event{
			"node": p.ref(id), "name": p.says("node"), "type": p.says("node-type"), "status": status, "parents": parents,
			"started_at": p.at(), "finished_at": p.at(), "input": event{"word": p.says("payload")}, "output": event{"word": p.says("payload")},
			"logs": []event{{"at": p.at(), "level": "warn", "message": p.says("line"), "data": event{"word": p.says("data")}}},
		}
	}
	p.add("node_run", p.ref("first"), node("first", "succeeded", []string{}), in)
	failing := node("failing", "failed", []string{p.ref("first"), p.says("missing-node")})
	failing["error"] = event{"code": p.says("code"), "message": p.says("error")}
	p.add("node_run", p.ref("failing"), failing, in)
	p.add("node_run", p.ref("last"), node("last", "skipped", []string{p.ref("failing")}), in)
	p.add("node_run", p.ref("orphan"), node("orphan", "running", []string{}), event{"flow_run": p.ref("never-heard-of")})
	p.add("log", p.ref("line"), event{"level": "error", "message": p.says("line"), "data": event{"word": p.says("data")}}, event{"flow_run": p.ref("run"), "node_run": p.ref("failing")})
	p.add("log", "", event{"level": "info", "message": p.says("line")}, in)
}

// send sends events of which every one must be new.
func (co *company) send(t *testing.T, events []event) {
	t.Helper()
	r := co.ingest.deliver(t, events)
	require.Empty(t, r.Rejected)
	require.Zero(t, r.Duplicates, "another tenant's events count as this one's")
	require.Equal(t, len(events), r.Accepted)
}
