package diagnostics

import (
	"regexp"
	"strings"
)

// facts are what entries of the catalogue are matched with.
type facts struct {
	*Observation
	content *content
	// text is the folded text of the body and of the transport's error.
	text string
	// transport is that of the transport's error alone.
	transport string
	// token says that a token endpoint was asked.
	token bool
	// denies says that the body tells of a failure, whatever the status is.
	denies bool
}

func newFacts(o *Observation) *facts {
	f := &facts{Observation: o, content: &content{}, token: o.asksForToken()}
	if !f.mayFail() {
		return f
	}
	f.content = takeApart(o.Body)
	f.transport = fold(o.TransportError, mostText)
	f.text = fold(f.content.text.String(), mostText) + f.transport
	f.denies = f.content.denies(f.text, f.writes())
	return f
}

// signs are what a body has that tells of a failure under a status of success, if it is not a short text.
var signs = regexp.MustCompile(`(?i)error|fault|"ok"|success|succeeded|"status"|"result"|"ack"|"stat"|exception|"[a-z_]*code"|"ret"|"errno"`)

// mayFail tells whether it is worth to take the body apart: most calls succeed, and say nothing else.
func (f *facts) mayFail() bool {
	return f.Failed || f.TransportError != "" || f.Status < 200 || f.Status >= 400 || len(f.Body) <= mostComplaint ||
		signs.MatchString(f.Body[:min(len(f.Body), mostBody)])
}

// failed tells whether there is anything to diagnose.
func (f *facts) failed() bool {
	return f.Failed || f.TransportError != "" || f.Status >= 400 || f.denies
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
