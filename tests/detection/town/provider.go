package town

import "fmt"

// endpoint is a call of a provider's API. path has one %d in it where the template has {id}.
type endpoint struct {
	method, path, template string
	// weight is how often it is called beside the others, and median how long it takes, in milliseconds.
	weight int
	median float64
}

// answer is what a provider says when it refuses: an HTTP answer with a JSON body, or, with a kind, a call without one.
// code is what a run or a pull that ends by it says.
type answer struct {
	status     int
	code, body string
	kind       string
}

// provider is an external application.
type provider struct {
	base, tokenURL string
	// endpoints are in the order list, read, create, update.
	endpoints [4]endpoint
	answers   map[Kind]answer
}

const (
	toList = iota
	toRead
	toCreate
	toUpdate
)

func rest(base, tokenURL, list, record string) *provider {
	return &provider{base: base, tokenURL: tokenURL, answers: map[Kind]answer{}, endpoints: [4]endpoint{
		{"GET", list, list, 5, 240}, {"GET", record + "/%d", record + "/{id}", 8, 120},
		{"POST", record, record, 4, 310}, {"PATCH", record + "/%d", record + "/{id}", 3, 260},
	}}
}

func (p *provider) says(k Kind, status int, code, body string) *provider {
	p.answers[k] = answer{status: status, code: code, body: body}
	return p
}

// usual are the answers of providers that say nothing of their own.
var usual = map[Kind]answer{
	Revoked:   {status: 401, code: "token_revoked", body: `{"error":"invalid_token","error_description":"The access token was revoked by the user"}`},
	Refresh:   {status: 400, code: "invalid_grant", body: `{"error":"invalid_grant","error_description":"The refresh token has expired"}`},
	Expired:   {status: 401, code: "token_expired", body: `{"error":"invalid_token","error_description":"The access token expired"}`},
	Scope:     {status: 403, code: "insufficient_scope", body: `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token","scope":"write"}`},
	Suspended: {status: 403, code: "account_suspended", body: `{"error":"account_suspended","message":"Your account has been suspended"}`},
	Outage:    {status: 503, body: `{"error":"Service Unavailable","message":"The service is temporarily unavailable"}`},
	Storm:     {status: 429, code: "rate_limited", body: `{"error":"rate_limited","message":"Too many requests, retry in 10 seconds"}`},
	Invalid:   {status: 400, code: "required_field", body: `{"error":"validation_error","message":"Field 'currency' is required"}`},
	Retired:   {status: 410, code: "gone", body: `{"error":"gone","message":"This endpoint has been removed. Please migrate to v2."}`},
}

var providers = map[string]*provider{
	"salesforce": rest("https://acme.my.salesforce.com", "https://login.salesforce.com/services/oauth2/token", "/services/data/v60.0/query", "/services/data/v60.0/sobjects/Account").
		says(Refresh, 400, "invalid_grant", `{"error":"invalid_grant","error_description":"expired access/refresh token"}`).
		says(Expired, 401, "INVALID_SESSION_ID", `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`),
	"hubspot": rest("https://api.hubapi.com", "https://api.hubapi.com/oauth/v1/token", "/crm/v3/objects/contacts", "/crm/v3/objects/deals").
		says(Revoked, 401, "REVOKED_AUTHENTICATION", `{"status":"error","message":"The token used to make this request was revoked. The app was uninstalled.","category":"REVOKED_AUTHENTICATION"}`).
		says(Scope, 403, "MISSING_SCOPES", `{"status":"error","message":"This app hasn't been granted all required scopes to make this call.","category":"MISSING_SCOPES"}`),
	"shopify": rest("https://acme.myshopify.com", "https://acme.myshopify.com/admin/oauth/access_token", "/admin/api/2026-01/orders.json", "/admin/api/2026-01/products").
		says(Suspended, 402, "", `{"errors":"Unavailable Shop"}`).
		says(Storm, 429, "", `{"errors":"Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."}`),
	"slack": rest("https://slack.com", "https://slack.com/api/oauth.v2.access", "/api/conversations.list", "/api/chat.messages").
		says(Revoked, 200, "token_revoked", `{"ok":false,"error":"token_revoked"}`),
	"stripe":     rest("https://api.stripe.com", "https://connect.stripe.com/oauth/token", "/v1/invoices", "/v1/customers"),
	"quickbooks": rest("https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", "/v3/company/1/query", "/v3/company/1/invoice").says(Refresh, 400, "invalid_grant", `{"error":"invalid_grant","error_description":"Token invalid"}`),
	"zendesk": rest("https://acme.zendesk.com", "https://acme.zendesk.com/oauth/tokens", "/api/v2/tickets.json", "/api/v2/users").
		says(Outage, 503, "", `{"error":"Service Unavailable","description":"Zendesk is temporarily unavailable"}`),
	"netsuite": rest("https://1.suitetalk.api.netsuite.com", "https://1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token", "/services/rest/record/v1/salesorder", "/services/rest/record/v1/customer"),
	"jira": rest("https://acme.atlassian.net", "https://auth.atlassian.com/oauth/token", "/rest/api/3/search", "/rest/api/3/issue").
		says(Retired, 410, "", `{"errorMessages":["The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."],"errors":{}}`),
	"microsoft_graph": rest("https://graph.microsoft.com", "https://login.microsoftonline.com/common/oauth2/v2.0/token", "/v1.0/users", "/v1.0/me/events"),
	"google_calendar": rest("https://www.googleapis.com", "https://oauth2.googleapis.com/token", "/calendar/v3/calendars/primary/events", "/calendar/v3/calendars/primary/acl").
		says(Scope, 403, "PERMISSION_DENIED", `{"error":{"code":403,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED"}}`),
	"xero": rest("https://api.xero.com", "https://identity.xero.com/connect/token", "/api.xro/2.0/Contacts", "/api.xro/2.0/Invoices").
		says(Invalid, 400, "10", `{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{"ValidationErrors":[{"Message":"Account code is required"}]}]}`),
}

func (p *provider) refusal(k Kind) answer {
	if a, ok := p.answers[k]; ok {
		return a
	}
	return usual[k]
}

func (e *endpoint) at(base string, id int) string {
	if e.path == e.template {
		return base + e.path
	}
	return base + fmt.Sprintf(e.path, id)
}

// everyday is what fails on a good day.
var everyday = []answer{
	{status: 404, code: "not_found", body: `{"error":"not_found","message":"The record does not exist"}`},
	{status: 429, code: "rate_limited", body: `{"error":"rate_limited","message":"Too many requests, retry in 10 seconds"}`},
	{status: 500, code: "internal", body: `{"error":"internal_error","message":"An unexpected error occurred"}`},
}

// assorted is what fails when everything is a little broken: ten different things, none of them often, and little of them
// the provider's.
var assorted = append([]answer{
	{status: 400, code: "invalid_value", body: `{"error":"validation_error","message":"Field 'email' has an invalid value"}`},
	{status: 400, code: "required_field", body: `{"error":"validation_error","message":"Field 'name' is required"}`},
	{status: 400, code: "malformed", body: `{"error":"bad_request","message":"The request body is not valid JSON"}`},
	{status: 400, code: "cursor", body: `{"error":"invalid_cursor","message":"The cursor is no longer valid"}`},
	{status: 409, code: "duplicate", body: `{"error":"duplicate","message":"A record with this key already exists"}`},
	{status: 412, code: "stale", body: `{"error":"precondition_failed","message":"The record was changed by somebody else"}`},
	{status: 413, code: "too_large", body: `{"error":"payload_too_large","message":"The request body is too large"}`},
}, everyday...)
