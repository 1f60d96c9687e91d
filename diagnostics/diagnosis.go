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

// found is an entry that matches, with the phrases that the text has of its index.
type found struct {
	*Entry
	said *said
}

// signals are by what it matches.
func (m *found) signals(f *facts) []string {
	told := make(signals, 0, 4)
	m.holds(f, m.said, &told)
	return told
}

func (e *Entry) rank() float64 {
	if e.Broad && e.tier == ofProvider {
		return e.Confidence
	}
	return e.Confidence + float64(e.tier)
}

// before tells whether an entry is to be preferred, where both match.
func (e *Entry) before(other *Entry) bool {
	a, b := e.rank(), other.rank()
	return a > b || a == b && e.ID < other.ID
}

const (
	mostOthers = 3
	// unknown is how sure nothing is of which no entry knows anything.
	unknown = 0.2
)

// Diagnose says what is wrong with a call. What succeeded, and says nothing else, is None with a confidence of 1.
func (c *Catalogue) Diagnose(o *Observation) Diagnosis {
	f := newFacts(o)
	defer f.release()
	if !f.failed() && !f.mayWarn() {
		return Diagnosis{Category: None, Confidence: 1}
	}
	providers := c.providersOf(f)
	list := c.matches(f, providers)
	if len(list) == 0 {
		d := nothingKnown(f)
		if f.failed() {
			c.advise(&d, f, providers)
		}
		return d
	}
	d := verdict(list[0].Entry)
	d.Title, d.Cause, d.ResolvedBy, d.Steps, d.References = list[0].Title, list[0].Cause, list[0].ResolvedBy, list[0].Steps, list[0].Sources
	d.Signals = list[0].signals(f)
	c.advise(&d, f, providers)
	for i := range list[1:] {
		l := &list[1+i]
		if l.Category != d.Category && len(d.Others) < mostOthers && !slices.ContainsFunc(d.Others, func(other Other) bool { return other.Category == l.Category }) {
			d.Others = append(d.Others, Other{l.ID, l.Category, l.Confidence, l.signals(f)})
		}
	}
	return d
}

// Verdict is what Diagnose finds, without words: Category, Sub, Confidence, Entry and Generic are set and nothing else. It
// is for what is counted by them, and takes half of the time.
func (c *Catalogue) Verdict(o *Observation) Diagnosis {
	f := newFacts(o)
	defer f.release()
	if !f.failed() && !f.mayWarn() {
		return Diagnosis{Category: None, Confidence: 1}
	}
	var best *Entry
	c.each(f, c.providersOf(f), func(e *Entry, said *said) {
		if (best == nil || e.before(best)) && e.holds(f, said, nil) {
			best = e
		}
	})
	if best == nil {
		return nothingKnown(f)
	}
	return verdict(best)
}

// each gives the entries that may match, some more than once.
func (c *Catalogue) each(f *facts, providers []*Provider, try func(*Entry, *said)) {
	c.index.each(f, try)
	for _, p := range providers {
		p.index.each(f, try)
	}
	for _, own := range c.own {
		own.each(f, func(e *Entry, said *said) {
			if e.provider == "" || e.provider == f.providerKey() || slices.ContainsFunc(providers, func(p *Provider) bool { return p.key == e.provider }) {
				try(e, said)
			}
		})
	}
}

// matches are the entries that match, the likeliest first. They are good until the facts are released.
func (c *Catalogue) matches(f *facts, providers []*Provider) []found {
	list := f.found[:0]
	c.each(f, providers, func(e *Entry, said *said) {
		// Few entries match, and an index gives some of them more than once.
		if !slices.ContainsFunc(list, func(had found) bool { return had.Entry == e }) && e.holds(f, said, nil) {
			list = append(list, found{e, said})
		}
	})
	slices.SortFunc(list, func(a, b found) int {
		switch {
		case a.before(b.Entry):
			return -1
		case b.before(a.Entry):
			return 1
		}
		return 0
	})
	f.found = list
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
func nothingKnown(f *facts) Diagnosis {
	if !f.failed() {
		return Diagnosis{Category: None, Confidence: 1}
	}
	d := Diagnosis{Category: ProviderInternalError, Confidence: unknown}
	switch {
	case f.direction == inboundWebhook:
		d.Category = WebhookSignatureInvalid
	case f.Status >= 200 && f.Status < 500:
		d.Category = ValidationInvalidValue
	case f.TransportError != "":
		d.Category = NetworkUnreachable
	}
	return d
}

func verdict(e *Entry) Diagnosis {
	return Diagnosis{Category: e.Category, Sub: e.Sub, Confidence: e.Confidence, Entry: e.ID, Generic: e.tier == generic}
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
	host := cmp.Or(f.host(), "the host")
	if len(providers) > 0 {
		return names{providers[0].Name, host}
	}
	return names{humanize(f.Provider), host}
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
	if size == 0 || unicode.ToUpper(first) == first && first != utf8.RuneError {
		return s
	}
	if word, _, _ := strings.Cut(s, " "); strings.Contains(word, ".") {
		return s // The name of a host stays as it is.
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
