package shape

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// sample is what one answer shows.
type sample struct {
	call    call
	entryID uuid.UUID
	// at is when it was, in seconds since 1970.
	at       int64
	customer uuid.UUID
	app      uuid.UUID
	found    []found
	// told are the objects of which all fields are in found.
	told []uint64
}

// call is a kind of call, of which all answers have one form.
type call struct {
	integrationID uuid.UUID
	// variant tells calls apart that have a method and an endpoint in common: by the status of the answer, and by what they
	// ask to be answered with.
	variant          int64
	method, endpoint string
}

// sampleOf takes an answer's form. It is nil for one that is no JSON, or that tells of an error.
func sampleOf(tenantID uuid.UUID, e *entry.Entry) *sample {
	body := e.Detail.ResponseBody.Text
	s := &sample{
		entryID: e.ID, at: e.Micros() / 1e6, customer: e.CustomerID, app: e.ConnectedAppID,
		// Texts of an entry keep the request alive that brought it.
		call: call{integrationID: e.IntegrationID, variant: variantOf(e), method: strings.Clone(e.Method), endpoint: strings.Clone(e.Endpoint)},
	}
	answered := true
	err := walk(rootOf(tenantID), body, func(p *place, f found) {
		if p.step == toRoot {
			answered = answers(p.values[0], e)
		}
		s.found = append(s.found, f)
	}, func(path uint64) { s.told = append(s.told, path) })
	if err != nil || !answered {
		return nil
	}
	return s
}

// answers tells whether a body is what was asked for, whose form is that of its endpoint: not an error under a status of
// success, and not what GraphQL answers, of which the form is that of each question.
func answers(body any, e *entry.Entry) bool {
	object, ok := body.(map[string]any)
	if !ok {
		return true
	}
	graphQL := object["data"] != nil
	for name, value := range object {
		switch name {
		case "data", "extensions", "account_id":
		default:
			graphQL = false
		}
		switch strings.ToLower(name) {
		case "error", "errors", "fault", "exception":
			if !nothing(value) {
				return false
			}
		case "ok", "success", "issuccess", "succeeded":
			if value == false {
				return false
			}
		}
	}
	return !graphQL || !asksGraphQL(e)
}

// nothing tells whether a value says that there is none.
func nothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func asksGraphQL(e *entry.Entry) bool {
	return strings.Contains(strings.ToLower(e.Endpoint), "graphql") ||
		e.Detail.RequestBody != nil && strings.Contains(e.Detail.RequestBody.Text, `"query"`)
}

// chooses are the parameters by which callers choose what the answer has.
var chooses = []string{
	"fields", "field", "select", "$select", "properties", "property", "include", "includes", "expand", "$expand", "embed", "view", "format",
	"columns", "part", "parts", "associations", "resource", "type", "method",
}

// variantOf is the same for calls that ask for answers of one form.
func variantOf(e *entry.Entry) int64 {
	parts := []string{strconv.Itoa(e.StatusCode)}
	_, query, _ := strings.Cut(e.URL, "?")
	query, _, _ = strings.Cut(query, "#")
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		name, _, _ = strings.Cut(strings.ToLower(name), "[")
		switch {
		case slices.Contains(chooses, name):
			parts = append(parts, name+"="+value)
		case name == "q" || name == "query":
			if what := selected(value); what != "" {
				parts = append(parts, what)
			}
		}
	}
	slices.Sort(parts)
	return int64(xxhash.Sum64String(strings.Join(parts, "&"))) //nolint:gosec // A hash has no sign.
}

// selected is what a query in the manner of SQL selects, without its conditions; "" of any other query.
func selected(value string) string {
	query, err := url.QueryUnescape(value)
	if err != nil {
		return ""
	}
	query = strings.Join(strings.Fields(strings.ToLower(query)), " ")
	if !strings.HasPrefix(query, "select ") {
		return ""
	}
	what, rest, _ := strings.Cut(query, " from ")
	table, _, _ := strings.Cut(rest, " ")
	return what + " from " + table
}

// key is the call as a row has it.
func (c *call) key() int64 {
	return int64(below(uint64(c.variant), toField, c.method+" "+c.endpoint)) //nolint:gosec // A hash has no sign.
}
