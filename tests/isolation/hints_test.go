package isolation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// crawlArgs are arguments that the crawl gives to fields: what it needs in order to ask at all, to see all, or to get the
// same answer later.
func (w *world) crawlArgs() map[string]string {
	parts := `(range: ` + w.timeRange() + `, granularity: HOUR, timeZone: "UTC")`
	return map[string]string{
		"Query.overview":         `(range: ` + w.timeRange() + `)`,
		"Query.landscape":        `(range: ` + w.timeRange() + `)`,
		"Query.explainRuns":      `(input: {flowId: "` + ownFlow + `", customerId: "` + ownCustomer + `", range: ` + w.timeRange() + `})`,
		"Customer.stats":         parts,
		"ConnectedApp.stats":     parts,
		"Flow.stats":             parts,
		"Issue.timeline":         parts,
		"Integration.dashboard":  parts,
		"Query.logHistogram":     `(buckets: 24, filter: {range: ` + w.timeRange() + `})`,
		"FlowRun.nodeRun":        `(nodeKey: "first-1")`,
		"FlowRun.logs":           `(first: 200)`,
		"NodeRun.logs":           `(first: 200)`,
		"default connections":    `(first: 100)`,
		"Query.redactionPreview": `(input: {headers: [], fields: ["word"], patterns: []})`,
		"Query.alarmBacktest":    `(input: {name: "x", metric: VOLUME, comparison: ABOVE, threshold: 0, windowSeconds: 60, endpointIds: []}, range: ` + w.timeRange() + `)`,
	}
}

// unstable are fields whose values change by being asked for.
var unstable = map[string]bool{"ApiKey.lastUsedAt": true}

// unseen are fields of which tests cannot bring about a value, with the reason.
var unseen = map[string]string{
	"ExternalEvent.error": "events have no error", "InternalEvent.error": "events have no error",
	"ExternalEvent.issue": "events have no error", "InternalEvent.issue": "events have no error",
	"ExternalEvent.diagnosis": "events have no error", "InternalEvent.diagnosis": "events have no error",
	"FlowRunGraphEdge.label":              "nothing that is sent names an edge",
	"NotificationEndpoint.disabledReason": "nothing is disabled", "NotificationEndpoint.failingSince": "a test says nothing of the days",
	"Delivery.nextAttemptAt": "a test is tried once", "Delivery.digest": "there are not so many",
	"Viewer.scopes": "an owner is no API key", "Viewer.customer": "an owner is not limited to a customer",
}

// valid are values that the service takes, for what the type alone does not say: by the name of an input object or field,
// and the name of the input field or argument.
func (w *world) valid() map[string]string {
	soon := strconv.Quote(time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	return map[string]string{
		"IdentifierFilter.key": `"order"`, "IdentifierFilter.value": `"nobody's"`,
		"TimeRange.from": strconv.Quote(w.start.Format(time.RFC3339)), "TimeRange.to": soon,
		"FlowRun.nodeRun.nodeKey": `"first-1"`,
		"ExplainRunsInput.flowId": strconv.Quote(ownFlow), "ExplainRunsInput.customerId": strconv.Quote(ownCustomer),
		"IssueActionInput.note": `"said by c"`, "SnoozeIssueInput.note": `"said by c"`, "SnoozeIssueInput.until": soon,
		"AssignIssueInput.id": strconv.Quote(ownIssue), "AssignIssueInput.memberId": strconv.Quote(ownMember), "IssueFilter.categories": `"NETWORK_TIMEOUT"`,
		"CreateAlarmRuleInput.name": `"made by c"`, "CreateAlarmRuleInput.threshold": "0.5", "CreateAlarmRuleInput.windowSeconds": "60", "CreateAlarmRuleInput.forSeconds": "0",
		"CreateAlarmRuleInput.integrationId": "null", "CreateAlarmRuleInput.customerId": "null", "CreateAlarmRuleInput.flowId": "null", "CreateAlarmRuleInput.endpointIds": "",
		"UpdateAlarmRuleInput.id": strconv.Quote(ownRule), "UpdateAlarmRuleInput.name": `"changed by c"`, "UpdateAlarmRuleInput.threshold": "0.5", "UpdateAlarmRuleInput.windowSeconds": "60",
		"UpdateAlarmRuleInput.forSeconds": "0", "UpdateAlarmRuleInput.endpointIds": "",
		"CreateNotificationEndpointInput.target": `"https://made-by-c.example/"`, "UpdateNotificationEndpointInput.target": `"https://made-by-c.example/"`,
		"ReplayNotificationsInput.since": strconv.Quote(w.start.Format(time.RFC3339)),
		"CreateApiKeyInput.name":         `"made by c"`, "CreateApiKeyInput.expiresAt": soon,
		"CreateCustomerTokenInput.ttlSeconds": "60",
		"CreateCustomerInput.externalId":      `"only-a-customer"`, "CreateCustomerInput.name": `"made by c"`,
		"CreateIntegrationInput.key": `"only-a-integration"`, "CreateIntegrationInput.name": `"made by c"`, "CreateIntegrationInput.provider": `"made by c"`,
		"InviteMemberInput.email": `"tenant-a-owner@example.com"`, "InviteMemberInput.name": `"made by c"`,
		"UpdateCustomerInput.name": `"changed by c"`, "UpdateIntegrationInput.name": `"changed by c"`, "UpdateIntegrationInput.provider": `"changed by c"`,
		"RetentionPolicyInput.days": "7", "RetentionPolicyInput.payloadDays": "3",
		"UpdateRedactionInput.headers": `"x-c"`, "UpdateRedactionInput.fields": `"c"`, "UpdateRedactionInput.patterns": `"c-[0-9]+"`,
		"UpdateCatalogueInput.yaml": `"version: 1"`,
	}
}

func (w *world) timeRange() string {
	return fmt.Sprintf("{from: %q, to: %q}", w.start.Add(-time.Hour).Format(time.RFC3339), w.start.Add(23*time.Hour).Format(time.RFC3339))
}

// literal is a valid value of a type for an input; id stands for IDs.
func (w *world) literal(t *testing.T, owner string, in *input, id string) string {
	t.Helper()
	value := w.bare(t, owner+"."+in.Name, in.Type.named(), id)
	if in.Type.list() {
		return "[" + value + "]"
	}
	return value
}

func (w *world) bare(t *testing.T, place string, named typeRef, id string) string {
	t.Helper()
	if value, ok := w.valid()[place]; ok {
		return value
	}
	switch {
	case named.Kind == "ENUM":
		return w.schema.types[named.Name].EnumValues[0].Name
	case named.Kind == "INPUT_OBJECT":
		return w.object(t, named.Name, id)
	case named.Name == "ID":
		return strconv.Quote(id)
	case named.Name == "Int" || named.Name == "Float":
		return "1"
	case named.Name == "Boolean":
		return "true"
	case named.Name == "JSON":
		return `{made: "by c"}`
	}
	t.Fatalf("nobody says what a valid %s for %s is: add it to valid in hints_test.go", named.Name, place)
	return ""
}

// object is an input object with all of its fields.
func (w *world) object(t *testing.T, name, id string) string {
	t.Helper()
	var parts []string
	for _, in := range w.schema.types[name].InputFields {
		parts = append(parts, in.Name+": "+w.literal(t, name, in, id))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// question is a value to ask with.
type question struct {
	// literal is the value as GraphQL writes it.
	literal string
	// exclusive values are of nothing but the victim's: whatever is found by one is a breach, and the answer must equal
	// the one to control, which is a value like it that is of nothing at all.
	exclusive bool
	control   string
}

// textQuestions are the texts of the victim to ask with: by the argument's name, or its place where the name says too
// little.
func (v *victim) textQuestions(t *testing.T, place, name string) []question {
	t.Helper()
	switch name {
	case "after":
		return plain(v.crawl.cursors)
	case "externalId":
		return v.texts("externalId")
	case "nodeKey":
		return v.texts("nodeKey")
	case "endpoint":
		return v.texts("endpoint")
	case "methods":
		return v.texts("method")
	case "errorCodes":
		return v.texts("code")
	case "traceId":
		return v.texts("traceId")
	case "categories":
		return plain([]string{"NETWORK_TIMEOUT", "FLOW_FAILING"}) // They are the same for all.
	case "eventTypes":
		return v.texts("eventType")
	case "timeZone":
		return plain([]string{"UTC", "Asia/Kolkata"}) // It names nothing of a tenant's.
	case "search":
		return v.texts("url", "message", "name", "externalId", "value", "text")
	}
	switch place {
	case "CreateAlarmRuleInput.name":
		return plain([]string{"a rule"}) // It names what is to be made.
	case "Query.flow.key", "Query.integration.key", "IdentifierFilter.key":
		return v.texts("key")
	case "IdentifierFilter.value":
		return v.texts("value")
	case "UpdateRedactionInput.headers", "UpdateRedactionInput.fields", "UpdateRedactionInput.patterns":
		// A policy is tried on the caller's own entries, whatever it is made of.
		return plain(slices.Sorted(maps.Keys(v.crawl.texts["name"])))
	}
	t.Fatalf("nobody says which of another tenant's texts to ask with for %s: add it to textQuestions in hints_test.go", place)
	return nil
}

func plain(texts []string) []question {
	var out []question
	for _, text := range texts {
		out = append(out, question{literal: strconv.Quote(text)})
	}
	return out
}
