package diagnostics

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Diagnosis is what is wrong with one call, why, and what to do about it.
type Diagnosis struct {
	Category Category
	// Sub is a finer name within the category, such as dns; mostly empty.
	Sub string
	// Confidence is from 0 to 1.
	Confidence   float64
	Title, Cause string
	ResolvedBy   Actor
	Steps        []Step
	References   []string
	// Signals are the parts of the observation that it rests on.
	Signals []string
	// Entry is the id of the catalogue's entry, and Generic that it is about no provider.
	Entry   string
	Generic bool
	// Others are what else it may be, the likeliest first: of other categories, at most three.
	Others []Other
}

// Other is what a diagnosis could have been.
type Other struct {
	Entry      string   `json:"entry"`
	Category   Category `json:"category"`
	Confidence float64  `json:"confidence"`
	Signals    []string `json:"signals"`
}

// found is an entry that matches.
type found struct {
	*Entry
	signals []string
}

func (f *found) rank() float64 {
	if f.Broad && f.tier == ofProvider {
		return f.Confidence
	}
	return f.Confidence + float64(f.tier)
}

const (
	mostOthers = 3
	// unknown is how sure nothing is of which no entry knows anything.
	unknown = 0.2
)

// Diagnose says what is wrong with a call. What succeeded, and says nothing else, is None with a confidence of 1.
func (c *Catalogue) Diagnose(o *Observation) Diagnosis {
	f := newFacts(o)
	if !f.failed() && !f.mayWarn() {
		return Diagnosis{Category: None, Confidence: 1}
	}
	providers := c.providersOf(o)
	list := c.matches(f, providers)
	if len(list) == 0 {
		return c.nothingKnown(f, providers)
	}
	d := c.say(&list[0], f, providers)
	for i := range list[1:] {
		l := &list[1+i]
		if l.Category != d.Category && len(d.Others) < mostOthers && !slices.ContainsFunc(d.Others, func(other Other) bool { return other.Category == l.Category }) {
			d.Others = append(d.Others, Other{l.ID, l.Category, l.Confidence, l.signals})
		}
	}
	return d
}

// matches are the entries that match, the likeliest first.
func (c *Catalogue) matches(f *facts, providers []*Provider) (list []found) {
	try := func(e *Entry, said *said) {
		// Few entries match, and an index gives some of them more than once.
		if slices.ContainsFunc(list, func(had found) bool { return had.Entry == e }) {
			return
		}
		if signals, ok := e.match(f, said); ok {
			list = append(list, found{e, signals})
		}
	}
	c.index.each(f, try)
	for _, p := range providers {
		p.index.each(f, try)
	}
	for _, own := range c.own {
		own.each(f, func(e *Entry, said *said) {
			if e.provider == "" || e.provider == providerKey(f.Provider) || slices.ContainsFunc(providers, func(p *Provider) bool { return providerKey(p.Key) == e.provider }) {
				try(e, said)
			}
		})
	}
	slices.SortStableFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), strings.Compare(a.ID, b.ID))
	})
	return list
}

// mayWarn tells whether a success has a header that warns.
func (f *facts) mayWarn() bool {
	for _, name := range [...]string{"deprecation", "sunset", "warning"} {
		if _, ok := f.header(name); ok {
			return true
		}
	}
	return slices.ContainsFunc(f.Headers, func(h Header) bool { return strings.Contains(strings.ToLower(h.Name), "deprecat") })
}

// nothingKnown is a failure that no entry matches, or a success without a warning.
func (c *Catalogue) nothingKnown(f *facts, providers []*Provider) Diagnosis {
	if !f.failed() {
		return Diagnosis{Category: None, Confidence: 1}
	}
	d := Diagnosis{Category: ProviderInternalError, Confidence: unknown}
	switch {
	case f.direction() == inboundWebhook:
		d.Category = WebhookSignatureInvalid
	case f.Status >= 200 && f.Status < 500:
		d.Category = ValidationInvalidValue
	case f.TransportError != "":
		d.Category = NetworkUnreachable
	}
	c.advise(&d, f, providers)
	return d
}

func (c *Catalogue) say(m *found, f *facts, providers []*Provider) Diagnosis {
	d := Diagnosis{
		Category: m.Category, Sub: m.Sub, Confidence: m.Confidence, Title: m.Title, Cause: m.Cause, ResolvedBy: m.ResolvedBy,
		Steps: m.Steps, References: m.Sources, Signals: m.signals, Entry: m.ID, Generic: m.tier == generic,
	}
	c.advise(&d, f, providers)
	return d
}

// advise fills in what the entry does not say.
func (c *Catalogue) advise(d *Diagnosis, f *facts, providers []*Provider) {
	a := c.advice[d.Category]
	d.Title, d.Cause = cmp.Or(d.Title, a.Title), cmp.Or(d.Cause, a.Cause)
	if len(d.Steps) == 0 {
		d.Steps = a.Steps
	}
	if by := d.Category.ResolvedBy(); d.ResolvedBy == "" && len(by) > 0 {
		d.ResolvedBy = by[0]
	}
	names := namesOf(f, providers)
	d.Title, d.Cause = names.in(d.Title), names.in(d.Cause)
	d.Steps = slices.Clone(d.Steps)
	for i := range d.Steps {
		d.Steps[i].Text = names.in(d.Steps[i].Text)
	}
}

// names are what stands for {provider} and {host} in what is said.
type names struct{ provider, host string }

func namesOf(f *facts, providers []*Provider) names {
	n := names{humanize(f.Provider), cmp.Or(f.host(), "the host")}
	if len(providers) > 0 {
		n.provider = providers[0].Name
	}
	return n
}

// in puts the names into a text. Without a provider's name, "your {provider} account" is "your account".
func (n names) in(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	provider := n.provider
	if provider == "" {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "your {provider} ", "your "), "customer's {provider} ", "customer's ")
		provider = "the provider"
	}
	return sentence(strings.ReplaceAll(strings.ReplaceAll(s, "{provider}", provider), "{host}", n.host))
}

// humanize makes a name of a key: Acme Billing of acme_billing. What is a name already stays.
func humanize(key string) string {
	key = strings.TrimSpace(key)
	if strings.ContainsFunc(key, unicode.IsUpper) {
		return key
	}
	words := strings.FieldsFunc(key, func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	for i, w := range words {
		words[i] = sentence(w)
	}
	return strings.Join(words, " ")
}

// sentence begins with a capital.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 || strings.Contains(strings.SplitN(s, " ", 2)[0], ".") {
		return s // The name of a host stays as it is.
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
