package diagnostics

import (
	"regexp"
	"slices"
	"strconv"
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
	// words are those of the text, each once.
	words []string
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
	f.words = different(strings.Fields(f.text))
	f.denies = f.content.denies(f.text) || f.writes() && f.content.deniesPart()
	return f
}

func different(words []string) []string {
	seen := make(map[string]struct{}, len(words))
	return slices.DeleteFunc(words, func(w string) bool {
		_, again := seen[w]
		seen[w] = struct{}{}
		return again
	})
}

// signs are what a body has that tells of a failure under a status of success, if it is not a short text.
var signs = regexp.MustCompile(`(?i)error|fault|"ok"|success|succeeded|"status"|"result"|"ack"|"stat"|exception`)

// mayFail tells whether it is worth to take the body apart: most calls succeed, and say nothing else.
func (f *facts) mayFail() bool {
	return f.Failed || f.TransportError != "" || f.Status < 200 || f.Status >= 400 || len(f.Body) <= mostComplaint ||
		signs.MatchString(f.Body[:min(len(f.Body), mostBody)])
}

// failed tells whether there is anything to diagnose.
func (f *facts) failed() bool {
	return f.Failed || f.TransportError != "" || f.Status >= 400 || f.denies
}

// What bodies say of a failure under a status of success.
var (
	denying = map[string][]string{
		"ok": {"false"}, "success": {"false", "0"}, "issuccess": {"false"}, "is_success": {"false"}, "succeeded": {"false"}, "successful": {"false"},
		"status": {"error", "fail", "failed", "failure"}, "result": {"error", "fail", "failed", "failure"}, "ack": {"failure"}, "stat": {"fail"},
		"iserror": {"true"}, "is_error": {"true"}, "haserrors": {"true"}, "has_errors": {"true"},
	}
	// faults are elements of XML that stand for a failure.
	faults = map[string]bool{"fault": true, "error": true, "errors": true, "exception": true}
	// errorNames are members that hold an error when they hold anything.
	errorNames = map[string]bool{"error": true, "errors": true, "error_message": true, "error_code": true, "errormessage": true, "errorcode": true, "fault": true}
	// complaints are words of a short text that is nothing but an error.
	complaints = []string{
		" error ", " errors ", " failed ", " failure ", " invalid ", " denied ", " unauthorized ", " forbidden ", " revoked ", " expired ",
		" not allowed ", " not found ", " exceeded ", " exceeds ", " didnt ", " rejected ", " inactive ", " exception ", " missing ", " not authed ",
	}
)

// mostComplaint is how long a text is at most that is nothing but an error.
const mostComplaint = 300

func (c *content) denies(text string) bool {
	for i := range c.fields {
		f := &c.fields[i]
		value := strings.ToLower(f.value)
		depth := strings.Count(f.path, ".")
		if c.syntax == syntaxXML {
			if isFault(f, value) {
				return true
			}
			continue
		}
		if depth > 1 && !strings.HasPrefix(f.path, "errors.") && !strings.HasPrefix(f.path, "error.") {
			continue
		}
		if depth == 0 {
			for _, no := range denying[f.path] {
				if value == no {
					return true
				}
			}
		}
		top, rest, _ := strings.Cut(f.path, ".")
		if errorNames[top] && says(value) {
			return true
		}
		// An object that wraps all of the answer.
		if rest == "errors" && says(value) && c.wraps(top) {
			return true
		}
	}
	switch {
	case len(text) > mostComplaint || c.table:
		return false
	case c.whole && !c.coded(), c.syntax != syntaxText && c.syntax != syntaxJSON:
		return false
	}
	return slices.ContainsFunc(complaints, func(complaint string) bool { return strings.Contains(text, complaint) })
}

// codeNames are members whose number is 0 when all is well.
var codeNames = map[string]bool{"code": true, "errcode": true, "errno": true, "ret": true, "retcode": true, "resultcode": true, "returncode": true}

// coded tells whether the body has such a number that is not 0, nor a status of success.
func (c *content) coded() bool {
	return slices.ContainsFunc(c.fields, func(f field) bool {
		n, err := strconv.Atoi(f.value)
		return codeNames[f.path] && err == nil && n != 0 && (n < 200 || n > 299)
	})
}

// wraps tells whether all of the body is in the member.
func (c *content) wraps(top string) bool {
	return !slices.ContainsFunc(c.fields, func(f field) bool { return f.path != top && !strings.HasPrefix(f.path, top+".") })
}

// writes tells whether the call changes something, so that what it is answered is about what it sent.
func (f *facts) writes() bool {
	return strings.EqualFold(f.Method, "POST") || strings.EqualFold(f.Method, "PUT") || strings.EqualFold(f.Method, "PATCH")
}

// deniesPart tells whether a part of what was sent failed: a record that is answered with the status "error" and why.
func (c *content) deniesPart() bool {
	for i := range c.fields {
		of, isStatus := strings.CutSuffix(c.fields[i].path, ".status")
		if !isStatus || strings.Count(of, ".") > 0 || !strings.EqualFold(c.fields[i].value, "error") {
			continue
		}
		for k := range c.fields {
			switch c.fields[k].path {
			case of + ".message", of + ".code", of + ".errors", of + ".errors.errormessage", of + ".reasons.message":
				return true
			}
		}
	}
	return false
}

// isFault tells whether an element or an attribute of XML tells of a failure.
func isFault(f *field, value string) bool {
	name := f.name()
	if faults[name] && (strings.Count(f.path, ".") <= 2 || name == "fault") {
		return true
	}
	for _, no := range denying[name] {
		if value == no && name != "status" && name != "result" {
			return true
		}
	}
	return false
}

// says tells whether a value is one: not what stands for nothing.
func says(value string) bool {
	switch value {
	case "", "null", "false", "[]", "0", "{}", "none", "ok", "success":
		return false
	}
	return true
}
