package simulate

import "sync"

// provider is an external application as its API shows itself: addresses, headers, bodies, and the
// way in which it says no.
type provider struct {
	key, name string
	base      string // scheme and host of the API, a template
	agent     string // User-Agent of the tenant's client
	auth      string // value of Authorization, a template; the secret is joined on at run time
	headers   [][2]string
	limits    [][2]string // rate-limit headers of an answer that was let through
	tokenURL  string      // OAuth token endpoint; empty when credentials are keys
	tokenTTL  int         // seconds that an access token lives
	scopes    []string
	endpoints []*endpoint
	refusals  [refusalKinds]refusal
	hook      hook

	baseTemplate, authTemplate, tokenTemplate *template
	headerTemplates, limitTemplates           []headerTemplate
}

// endpoint is one operation of a provider's API. Route is the path with {id} where ids stand.
type endpoint struct {
	name, method, path, route string
	median                    float64 // milliseconds
	request, response         string
	status                    int // of success; 0 is 200
	form                      bool

	provider                                *provider
	pathTemplate, requestBody, responseBody *template
}

// refusalKind is a reason for which a provider refuses a call.
type refusalKind int

const (
	refusedExpired  refusalKind = iota // the access token is at its end
	refusedLimited                     // too many requests
	refusedOutage                      // the provider is down
	refusedScope                       // the token lacks a scope
	refusedInvalid                     // a value is wrong
	refusedMissing                     // no such record
	refusedConflict                    // it exists already, or somebody else changed it
	refusedRefresh                     // the token endpoint does not take the refresh token
	refusalKinds
)

// refusal is how a provider words one refusalKind. Code and message are what a flow reports of it.
type refusal struct {
	status        int
	body          string
	code, message string
	headers       [][2]string

	bodyTemplate    *template
	headerTemplates []headerTemplate
}

// hook is how a provider delivers webhooks: headers, and a body around the event's payload.
type hook struct {
	headers  [][2]string
	events   []hookEvent
	template []headerTemplate
}

type hookEvent struct {
	kind, payload string

	payloadTemplate *template
}

type headerTemplate struct {
	name  string
	value *template
}

func compileHeaders(hs [][2]string) []headerTemplate {
	out := make([]headerTemplate, 0, len(hs))
	for _, h := range hs {
		out = append(out, headerTemplate{h[0], compile(h[1])})
	}
	return out
}

func (p *provider) compile() *provider {
	p.baseTemplate, p.authTemplate, p.tokenTemplate = compile(p.base), compile(p.auth), compile(p.tokenURL)
	p.headerTemplates, p.limitTemplates = compileHeaders(p.headers), compileHeaders(p.limits)
	for _, e := range p.endpoints {
		e.provider = p
		if e.status == 0 {
			e.status = 200
		}
		e.pathTemplate, e.requestBody, e.responseBody = compile(e.path), compile(e.request), compile(e.response)
	}
	p.refusals[refusedRefresh] = refreshRefusal
	for i := range p.refusals {
		r := &p.refusals[i]
		r.bodyTemplate, r.headerTemplates = compile(r.body), compileHeaders(r.headers)
	}
	p.hook.template = compileHeaders(p.hook.headers)
	for i := range p.hook.events {
		p.hook.events[i].payloadTemplate = compile(p.hook.events[i].payload)
	}
	return p
}

var refreshRefusal = refusal{
	status: 400, body: `{"error":"invalid_grant","error_description":"expired access/refresh token"}`,
	code: "invalid_grant", message: "expired access/refresh token",
}

// providers compiles the catalogue once: all twelve, in the order in which a tenant would list them.
var providers = sync.OnceValue(func() []*provider {
	all := []*provider{
		salesforce(), hubspot(), shopify(), stripe(), quickbooks(), netsuite(),
		sapS4(), zendesk(), jira(), slack(), googleCalendar(), microsoftGraph(),
	}
	for _, p := range all {
		p.compile()
	}
	return all
})

func providersByKey() map[string]*provider {
	byKey := make(map[string]*provider, len(providers()))
	for _, p := range providers() {
		byKey[p.key] = p
	}
	return byKey
}

func (p *provider) endpoint(name string) *endpoint {
	for _, e := range p.endpoints {
		if e.name == name {
			return e
		}
	}
	panic("simulate: " + p.key + " has no endpoint " + name)
}

func (p *provider) event(kind string) *hookEvent {
	for i := range p.hook.events {
		if p.hook.events[i].kind == kind {
			return &p.hook.events[i]
		}
	}
	panic("simulate: " + p.key + " has no event " + kind)
}
