package isolation

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// eventsStayAtHome sends events as tenant d that name what is tenant a's, by external ids that a alone has and by Weir's
// own ids of a's things: they make things of d's, and nothing of a's is tied to them.
func (w *world) eventsStayAtHome(t *testing.T) {
	t.Parallel()
	before := w.crawl(t, w.d.owner)
	p := &part{company: w.d, scope: "C5", number: 5}
	for i, names := range w.namesOfA(t) {
		p.customer = names["customer"]
		more := event{"connected_app": names["app"], "integration": names["integration"], "trace_id": strings.Repeat("a7", 16)}
		with := func(extra event) event {
			out := event{}
			for _, of := range []event{more, extra} {
				for name, value := range of {
					out[name] = value
				}
			}
			return out
		}
		in := with(event{"flow_run": names["run"], "node_run": names["node"]})
		trigger := event{"kind": "external_event", "event": names["event"]}
		id := func(kind string) string { return kind + []string{"-by-name", "-by-id"}[i] }
		p.add("external_event", id("event"), event{"event_type": "x", "source": names["webhook"], "data_source": names["source"]}, more)
		p.add("external_event_pull", id("pull"), event{"data_source": names["source"]}, more)
		p.add("external_webhook", id("hook"), event{"url": "https://example.com/", "data_source": names["source"]}, more)
		p.add("flow_run", id("run"), event{"flow": names["flow"], "status": "failed", "trigger": trigger}, more)
		p.add("api_request", id("request"), event{"method": "GET", "url": "https://example.com/"}, in)
		p.add("log", id("line"), event{"level": "info", "message": "d's"}, in)
		p.add("node_run", id("node"), event{"node": "d's", "status": "failed"}, in)
		p.add("transaction", id("transaction"), event{"from": "x", "to": "y", "status": "success", "flow_id": names["flow"]}, more)
		p.add("internal_event", id("internal"), event{"event_type": "x"}, more)
		p.add("customer", p.customer, event{"name": "d's"}, nil)
		p.add("connected_app", names["app"], event{"status": "connected"}, more)
		p.add("flow", names["flow"], event{"name": "d's"}, more)
		p.add("data_source", names["source"], event{"mode": "webhook"}, more)
	}
	r := w.d.ingest.deliver(t, p.events)
	require.Empty(t, r.Rejected)
	require.Zero(t, r.Duplicates)

	v := &victim{w: w, crawl: w.seenOfA, ids: w.seenOfA.ids, marks: []string{"tenant-a-", "only-a-"}}
	after := w.crawl(t, w.d.owner)
	v.unharmed(t, after.raw.String(), p.given(t)...)
	require.Greater(t, len(after.ids), len(before.ids)+15)
	for _, suffix := range []string{"-by-name", "-by-id"} {
		var found map[string]map[string]any
		w.d.owner.must(t, &found, `{ flowRun(externalId: "run`+suffix+`") { triggeredBy { id } customer { name } flow { name } } }`, nil)
		require.Nil(t, found["flowRun"]["triggeredBy"])
		require.Equal(t, map[string]any{"name": "d's"}, found["flowRun"]["customer"])
		require.Equal(t, map[string]any{"name": "d's"}, found["flowRun"]["flow"])
	}
}

// namesOfA are names of tenant a's things: as a's events give them, and as Weir's ids.
func (w *world) namesOfA(t *testing.T) []map[string]string {
	t.Helper()
	a := &part{company: w.a, scope: "C3", number: 3, exclusive: true}
	names := map[string]string{
		"customer": "only-a-customer", "app": a.ref("app"), "integration": a.ref("integration"), "flow": a.ref("flow"), "run": a.ref("run"),
		"node": a.ref("failing"), "event": a.ref("event"), "webhook": a.ref("webhook"), "source": a.ref("source"),
	}
	ids := map[string]string{}
	for name, typeName := range map[string]string{
		"customer": "Customer", "app": "ConnectedApp", "integration": "Integration", "flow": "Flow", "run": "FlowRun", "node": "NodeRun",
		"event": "ExternalEvent", "webhook": "ExternalWebhook", "source": "DataSource",
	} {
		ids[name] = w.seenOfA.idsOf(typeName)[0]
	}
	for _, name := range []string{"customer", "app", "run", "event", "webhook"} {
		require.Contains(t, w.seenOfA.texts["externalId"], names[name], "the test names what a does not have")
	}
	return []map[string]string{names, ids}
}

// given are all texts in the part's events.
func (p *part) given(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, text := range textForm.FindAllString(canonical(t, p.events), -1) {
		// Only what is a's may stand in answers to d for being d's own word.
		if strings.Contains(text, "only-a-") || idForm.MatchString(text) {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// bodiesNameNoTenant sends tenant a's name and id in d's events: they are texts like any other.
func (w *world) bodiesNameNoTenant(t *testing.T) {
	t.Parallel()
	p := &part{company: w.d, scope: "C6", customer: "customer-6", number: 6}
	p.add("transaction", "named", event{"from": "x", "to": "y", "status": "success"}, event{
		"tenant": w.a.tenant.Slug, "tenant_id": w.a.tenant.ID.String(), "weir_tenant": w.a.tenant.Slug,
	})
	require.Equal(t, 1, w.d.ingest.deliver(t, p.events).Accepted)
	for _, header := range []string{"X-Weir-Tenant", "X-Tenant-Id", "Weir-Tenant"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/graphql?weir_tenant="+w.a.tenant.Slug,
			strings.NewReader(`{"query":"{ tenant { slug } }"}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+w.b.owner.credential)
		request.Header.Set(header, w.a.tenant.Slug)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		var body struct {
			Data struct{ Tenant struct{ Slug string } }
		}
		require.NoError(t, decode(response, &body))
		require.Equal(t, w.b.tenant.Slug, body.Data.Tenant.Slug)
	}
}
