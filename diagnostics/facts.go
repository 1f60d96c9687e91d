package diagnostics

import (
	"strings"
	"sync"
)

// facts are what entries of the catalogue are matched with. They are used again, with the space that they have taken:
// release gives them back.
type facts struct {
	*Observation
	content content
	// text is the folded text of the body and of the transport's error.
	text string
	// transport is that of the transport's error alone.
	transport string
	words     []word
	failure   bool
	direction string
	// said are the phrases that the text has, by the indexes that were asked, of which asked is the number.
	said  []*said
	asked int
	// providers is space for those whose answer it may be: one by its name, and one by the host.
	providers [2]*Provider
	// found are the entries that match, and tried what patterns found.
	found []found
	tried []foundBy

	// What few entries ask for is made when one does.
	token, tokenKnown   bool
	provider, url, site known
	body, error         known
}

// known is a text that is made once.
type known struct {
	text string
	made bool
}

func (k *known) or(make func() string) string {
	if !k.made {
		k.text, k.made = make(), true
	}
	return k.text
}

// mostKept is how many bytes and words of space are kept for the next.
const mostKept = 32 << 10

var spare = sync.Pool{New: func() any { return &facts{} }}

func newFacts(o *Observation) *facts {
	f := spare.Get().(*facts) //nolint:forcetypeassert // It holds nothing else.
	f.Observation, f.direction = o, directionOf(o.Direction)
	f.content.clear()
	if !f.mayFail() {
		f.failure = false
		return f
	}
	f.content.read(o.Body)
	w := &f.content.words
	at := len(w.b)
	if o.TransportError != "" {
		w.from = at
		w.say(o.TransportError)
	}
	f.text = string(w.b)
	f.transport = f.text[at:]
	f.words = wordsOf(f.words[:0], f.text)
	f.failure = f.Failed || f.TransportError != "" || f.Status >= 400 || f.content.denies(f.text, f.writes())
	return f
}

// release gives the facts back; nothing of what was asked of them may be used any more, but for texts.
func (f *facts) release() {
	for _, s := range f.said[:f.asked] {
		s.forget()
	}
	f.content.clear()
	clear(f.found)
	clear(f.tried)
	kept := facts{content: f.content, words: f.words[:0], said: f.said, found: f.found[:0], tried: f.tried[:0]}
	if cap(kept.content.words.b) > mostKept {
		kept.content.words.b = nil
	}
	if cap(kept.words) > mostKept/8 {
		kept.words = nil
	}
	*f = kept
	spare.Put(f)
}

// mayFail tells whether it is worth to take the body apart: most calls succeed, and say nothing else.
func (f *facts) mayFail() bool {
	return f.Failed || f.TransportError != "" || f.Status < 200 || f.Status >= 400 || len(f.Body) <= mostComplaint ||
		hasSign(f.Body[:min(len(f.Body), mostBody)])
}

// failed tells whether there is anything to diagnose.
func (f *facts) failed() bool { return f.failure }

// asks tells whether a token endpoint was asked.
func (f *facts) asks() bool {
	if !f.tokenKnown {
		f.token, f.tokenKnown = f.asksForToken(), true
	}
	return f.token
}

// providerKey is that of who the sender says it is.
func (f *facts) providerKey() string {
	return f.provider.or(func() string { return providerKey(f.Provider) })
}

// host is that of the address, in lower case.
func (f *facts) host() string { return f.site.or(f.Observation.host) }

// lowerURL is the address in lower case.
func (f *facts) lowerURL() string {
	return f.url.or(func() string { return strings.ToLower(f.URL) })
}

// patternBody and patternError are what patterns are tried on, as it was sent and in lower case.
func (f *facts) patternBody() (text, lower string) {
	text = f.Body[:min(len(f.Body), mostPattern)]
	return text, f.body.or(func() string { return strings.ToLower(text) })
}

func (f *facts) patternError() (text, lower string) {
	text = f.TransportError[:min(len(f.TransportError), mostPattern)]
	return text, f.error.or(func() string { return strings.ToLower(text) })
}

// writes tells whether the call changes something, so that what it is answered is about what it sent.
func (f *facts) writes() bool {
	return strings.EqualFold(f.Method, "POST") || strings.EqualFold(f.Method, "PUT") || strings.EqualFold(f.Method, "PATCH")
}

// says tells whether a value is one: not what stands for nothing.
func says(value string) bool {
	switch value {
	case "", "null", "false", "[]", "0", "{}", "none", "ok", "success":
		return false
	}
	return true
}
