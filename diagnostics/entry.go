package diagnostics

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Entry is one thing that the catalogue knows: how to tell it, and what it means.
type Entry struct {
	ID string `yaml:"id"`
	// When are the conditions, all of which must hold.
	When When `yaml:"when"`

	Category Category `yaml:"category"`
	// Sub is a finer name within the category, such as dns.
	Sub string `yaml:"sub,omitempty"`
	// Confidence is how sure it is when the conditions hold, from 0 to 1: below 1 where a message has several causes.
	Confidence float64 `yaml:"confidence"`
	// Broad says that the condition covers several causes, as a provider's code for anything that is invalid does: generic
	// entries that know more go before.
	Broad bool   `yaml:"broad,omitempty"`
	Title string `yaml:"title,omitempty"`
	Cause string `yaml:"cause,omitempty"`
	// ResolvedBy is who mends it; when it is empty, who usually mends what is of the category.
	ResolvedBy Actor  `yaml:"resolved_by,omitempty"`
	Steps      []Step `yaml:"steps,omitempty"`
	// Sources are addresses of what the provider says of it.
	Sources []string `yaml:"sources,omitempty"`

	tier tier
	// provider is the key of the one that an own entry is for; empty is all.
	provider string
	compile  compiled
}

// Step is one thing to do.
type Step struct {
	Actor Actor  `yaml:"actor" json:"actor"`
	Text  string `yaml:"text" json:"text"`
	URL   string `yaml:"url,omitempty" json:"url,omitempty"`
}

// When is what an entry is told by. Texts are compared by their words: case, punctuation and how names are joined do not
// count. A word that ends in * stands for all that begin so.
type When struct {
	// Status are codes (429), ranges (500-599) or classes (5xx); 0 is no answer.
	Status []string `yaml:"status,omitempty"`
	// Direction is outbound (the default of entries with a status), inbound or inbound_webhook, or any.
	Direction string   `yaml:"direction,omitempty"`
	Method    []string `yaml:"method,omitempty"`
	// URL are parts of the address, one of which it has.
	URL []string `yaml:"url,omitempty"`
	// Token is whether a token endpoint was asked.
	Token *bool `yaml:"token,omitempty"`
	// Header has for names of fields of the answer the texts one of which the value has; "*" is any value.
	Header map[string][]string `yaml:"header,omitempty"`
	// Field has for names of members, attributes and elements (code, error.code) the values one of which it has; a name
	// without a point is one at any depth.
	Field map[string][]string `yaml:"field,omitempty"`
	// Text are phrases, one of which the answer or the transport's error has. AllText are several such lists.
	Text    []string   `yaml:"text,omitempty"`
	AllText [][]string `yaml:"all_text,omitempty"`
	// Not are phrases of which it has none.
	Not []string `yaml:"not,omitempty"`
	// Transport are phrases, one of which the transport's error has.
	Transport []string `yaml:"transport,omitempty"`
	// Pattern is a regular expression (RE2) that the body or the transport's error has, as it was sent.
	Pattern string `yaml:"pattern,omitempty"`
	// Empty asks for an answer without a body.
	Empty bool `yaml:"empty,omitempty"`
	// Success asks for an entry that did not fail.
	Success bool `yaml:"success,omitempty"`
}

// tier is whose knowledge an entry is: what is nearer to the tenant wins.
type tier float64

const (
	generic    tier = 0
	ofProvider tier = 0.25
	// Confidence is at most 1, so whatever is somebody's own wins.
	ofService tier = 1.25
	ofTenant  tier = 2.25
)

// compiled is an entry's conditions, made ready.
type compiled struct {
	statuses [][2]int
	phrases  [][]phrase
	not      []phrase
	carriers []phrase // of the transport's error
	// The same, as numbers of the index that has the entry.
	texts            [][]int
	without, carried []int
	fields           []wantedField
	headers          []wantedField
	// url are the parts of the address, in lower case.
	url     []string
	pattern *regexp.Regexp
	// needs are texts in lower case, one of which whatever the pattern finds has; none where that is not known.
	needs []string
}

type wantedField struct {
	name   string
	values []string
}

func (e *Entry) prepare() error {
	c := &e.compile
	*c = compiled{not: phrases(e.When.Not), carriers: phrases(e.When.Transport)}
	var problems []error
	for _, s := range e.When.Status {
		span, err := statusSpan(s)
		problems = append(problems, err)
		c.statuses = append(c.statuses, span)
	}
	if len(e.When.Text) > 0 {
		c.phrases = append(c.phrases, phrases(e.When.Text))
	}
	for _, list := range e.When.AllText {
		c.phrases = append(c.phrases, phrases(list))
	}
	for _, list := range append([][]phrase{c.not, c.carriers}, c.phrases...) {
		if slices.Contains(list, "") {
			problems = append(problems, errors.New("a phrase has no words"))
		}
	}
	c.fields, c.headers = wanted(e.When.Field), wanted(e.When.Header)
	for _, part := range e.When.URL {
		c.url = append(c.url, strings.ToLower(part))
	}
	if e.When.Pattern != "" {
		var err error
		c.pattern, err = regexp.Compile(e.When.Pattern)
		c.needs = needsOf(e.When.Pattern)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func wanted(fields map[string][]string) (out []wantedField) {
	for name, values := range fields {
		w := wantedField{name: strings.ToLower(name)}
		for _, v := range values {
			w.values = append(w.values, strings.ToLower(v))
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b wantedField) int { return strings.Compare(a.name, b.name) })
	return out
}

func statusSpan(s string) (span [2]int, err error) {
	low, high, ranged := strings.Cut(s, "-")
	if class, ok := strings.CutSuffix(s, "xx"); ok {
		low, high, ranged = class+"00", class+"99", true
	}
	if !ranged {
		high = low
	}
	if _, err := fmt.Sscanf(low+" "+high, "%d %d", &span[0], &span[1]); err != nil || span[0] > span[1] || span[0] < 0 || span[1] > 999 {
		return span, fmt.Errorf("status %q is no code, range or class", s)
	}
	return span, nil
}

// check tells what is wrong with an entry.
func (e *Entry) check() error {
	var problems []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	bad(e.ID == "", "it has no id")
	bad(!e.Category.ofEntry(), "category %q is none of a log entry", e.Category)
	bad(e.Confidence <= 0 || e.Confidence > 1, "confidence %v is not above 0 and at most 1", e.Confidence)
	bad(e.ResolvedBy != "" && !slices.Contains(actors, e.ResolvedBy), "resolved_by %q is none of %v", e.ResolvedBy, actors)
	bad(e.When.Direction != "" && !slices.Contains([]string{outbound, "inbound", inboundWebhook, "any"}, e.When.Direction), "direction %q is not known", e.When.Direction)
	for i, s := range e.Steps {
		bad(strings.TrimSpace(s.Text) == "" || !slices.Contains(actors, s.Actor), "step %d needs an actor and a text", i+1)
		bad(s.URL != "" && !strings.HasPrefix(s.URL, "https://"), "step %d: the url %q is no https address", i+1, s.URL)
	}
	for _, s := range e.Sources {
		bad(!strings.HasPrefix(s, "https://"), "source %q is no https address", s)
	}
	bad(e.tier == ofProvider && len(e.Sources) == 0, "it has no source")
	bad(e.compile.empty(&e.When), "it has no condition")
	return errors.Join(problems...)
}

func (c *compiled) empty(w *When) bool {
	return len(c.statuses)+len(c.phrases)+len(c.carriers)+len(c.fields)+len(c.headers)+len(w.URL)+len(w.Method) == 0 &&
		c.pattern == nil && w.Token == nil && !w.Success
}
