package diagnostics

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// What bodies say of a failure under a status of success. Data is full of errors that are somebody else's, so names count
// only near the top of a body, and within lists only where the call wrote something and is told of that.
var (
	// denials are members that are false, or say error, when the call failed.
	denials = map[string][]string{
		"ok": {"false"}, "success": {"false", "0"}, "issuccess": {"false"}, "is_success": {"false"}, "succeeded": {"false"}, "successful": {"false"},
		"didsucceed": {"false"}, "iserror": {"true"}, "is_error": {"true"}, "haserrors": {"true"}, "has_errors": {"true"},
	}
	// outcomes are members that say how it ended, which may be how something else ended: they need words beside them.
	outcomes = map[string]bool{
		"status": true, "result": true, "ack": true, "stat": true, "request_status": true, "response_message": true, "responsestatus": true, "outcome": true,
	}
	bad = []string{"error", "fail", "failed", "failure"}
	// reasons are members that say why.
	reasons = map[string]bool{
		"message": true, "msg": true, "error": true, "errors": true, "reason": true, "code": true, "detail": true, "details": true, "description": true,
		"error_message": true, "errormessage": true, "error_code": true, "errorcode": true, "errors.errormessage": true, "reasons.message": true,
	}
	// errorNames are members that hold an error when they hold anything.
	errorNames = map[string]bool{
		"error": true, "errors": true, "fault": true, "error_message": true, "errormessage": true, "error_msg": true, "errormsg": true, "error_code": true,
		"errorcode": true, "error_description": true, "errordescription": true, "error_text": true, "error-text": true, "error_type": true, "errortype": true,
		"inputerrors": true, "usererrors": true, "user_errors": true, "errordetail": true, "errordetails": true, "exceptionmessage": true,
	}
	// codeNames are members whose number is 0, or a status of success, when all is well.
	codeNames = map[string]bool{
		"code": true, "errcode": true, "errno": true, "ret": true, "retcode": true, "resultcode": true, "returncode": true, "responsecode": true, "response_code": true,
		"response_status": true, "statuscode": true, "status_code": true,
	}
	// complaints are words of a short text that is nothing but an error.
	complaints = []string{
		" error ", " errors ", " failed ", " failure ", " invalid ", " denied ", " unauthorized ", " forbidden ", " revoked ", " expired ",
		" not allowed ", " not found ", " exceeded ", " exceeds ", " didnt ", " rejected ", " inactive ", " exception ", " missing ", " not authed ",
	}
)

// signs are what a body has that tells of a failure under a status of success, if it is not a short text: words, and
// names in quotes, which are also all that end with code.
var (
	signs     = []string{"error", "exception", "fault", "success", "succeeded"}
	signNames = []string{"ok", "status", "result", "ack", "stat", "ret", "errno"}
)

// hasSign tells whether a body has one of the signs, in one look at it.
func hasSign(body string) bool {
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case 'e', 'f', 's', 'E', 'F', 'S':
			if slices.ContainsFunc(signs, func(sign string) bool { return startsWith(body[i:], sign) }) {
				return true
			}
		case '"':
			end := i + 1
			for end < len(body) && (isASCIILetter(body[end]) || body[end] == '_') {
				end++
			}
			name := body[i+1 : end]
			if end < len(body) && body[end] == '"' &&
				(endsWith(name, "code") || slices.ContainsFunc(signNames, func(sign string) bool { return strings.EqualFold(name, sign) })) {
				return true
			}
		}
	}
	return false
}

// mostComplaint is how long a text is at most that is nothing but an error.
const mostComplaint = 300

// denies tells whether a body says that the call failed. writes says that the call changes something.
func (c *content) denies(text string, writes bool) bool {
	if c.syntax == syntaxXML {
		return slices.ContainsFunc(c.fields, c.isFault)
	}
	if slices.ContainsFunc(c.fields, func(f field) bool { return c.isDenial(&f, writes) }) {
		return true
	}
	switch {
	case len(text) > mostComplaint || c.table:
		return false
	case c.whole && !c.coded(), c.syntax != syntaxText && c.syntax != syntaxJSON:
		return false
	}
	return slices.ContainsFunc(complaints, func(complaint string) bool { return strings.Contains(text, complaint) })
}

// isDenial tells whether a field of JSON, or of what looks like fields, says that the call failed.
func (c *content) isDenial(f *field, writes bool) bool {
	value, name, depth := f.low(), f.name(), strings.Count(f.path, ".")
	if depth == 0 {
		if slices.Contains(denials[name], value) || errorNames[name] && says(value) {
			return true
		}
		return outcomes[name] && slices.Contains(bad, value) && (writes || c.explains(""))
	}
	top, rest, _ := strings.Cut(f.path, ".")
	switch {
	case errorNames[top] && says(value):
		return true
	case rest == "errors" && says(value) && c.wraps(top): // An object that wraps all of the answer.
		return true
	case depth > 2 || f.listed && !writes:
		return false
	case name == "status" && depth == 1 && value == "error":
		return writes && c.explains(top)
	case name == "didsucceed" && value == "false":
		return true
	}
	// The parts of an error are within what is named so.
	return (errorNames[name] || depth == 2 && strings.HasPrefix(rest, "errors.")) && says(value) && strings.ContainsFunc(value, unicode.IsLetter)
}

// explains tells whether a member of an object, or of the whole body, says why something failed.
func (c *content) explains(object string) bool {
	return slices.ContainsFunc(c.fields, func(f field) bool {
		if object == "" {
			return reasons[f.path] && says(strings.ToLower(f.value))
		}
		rest, ok := strings.CutPrefix(f.path, object+".")
		return ok && reasons[rest]
	})
}

// wraps tells whether all of the body is in the member.
func (c *content) wraps(top string) bool {
	return !slices.ContainsFunc(c.fields, func(f field) bool { return f.path != top && !strings.HasPrefix(f.path, top+".") })
}

// coded tells whether the body has a number, or a word, that is one of an error: words only where there is nothing but
// them and a message.
func (c *content) coded() bool {
	return slices.ContainsFunc(c.fields, func(f field) bool {
		if !codeNames[f.path] {
			return false
		}
		n, err := strconv.Atoi(f.value)
		if err == nil {
			return n != 0 && (n < 200 || n > 299)
		}
		return f.path == "code" && says(strings.ToLower(f.value)) && !c.holds("data", "result", "results", "items", "id")
	})
}

// holds tells whether the body has one of the members at its top.
func (c *content) holds(names ...string) bool {
	return slices.ContainsFunc(c.fields, func(f field) bool {
		top, _, _ := strings.Cut(f.path, ".")
		return slices.Contains(names, top)
	})
}

// isFault tells whether an element or an attribute of XML tells of a failure.
func (c *content) isFault(f field) bool {
	name := f.name()
	switch name {
	case "fault", "exception":
		return strings.Count(f.path, ".") <= 2 || name == "fault"
	case "error", "errors":
		return strings.Count(f.path, ".") <= 2 && c.says(f.path)
	}
	return slices.Contains(denials[name], strings.ToLower(f.value))
}

// says tells whether an element has any text or attribute, in itself or in what it holds.
func (c *content) says(path string) bool {
	return slices.ContainsFunc(c.fields, func(f field) bool {
		return (f.path == path || strings.HasPrefix(f.path, path+".")) && says(strings.ToLower(f.value))
	})
}
