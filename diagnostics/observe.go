package diagnostics

import (
	"strings"

	"github.com/weirhq/weir/journal/entry"
)

// Observe makes an observation of a log entry. Provider is the key of its integration. Where the entry's detail is not
// there any more, what was kept of the error stands for the body.
func Observe(e *entry.Entry, provider string) *Observation {
	o := &Observation{
		Provider: provider, Method: e.Method, URL: e.URL, Status: e.StatusCode, Failed: e.Status == entry.StatusFailure,
	}
	switch {
	case e.Kind == entry.KindExternalWebhook:
		o.Direction = inboundWebhook
		o.Body = webhookProblem(e)
	case e.Direction == entry.Inbound:
		o.Direction = "inbound"
	}
	if e.Kind == entry.KindAPIRequest && e.Detail != nil {
		o.Request, o.Body = bodyOf(e.Detail.RequestBody), bodyOf(e.Detail.ResponseBody)
		o.Headers = e.Detail.ResponseHeaders
	}
	switch e.ErrorKind {
	case entry.ErrorNone:
		if o.Body == "" && o.Failed {
			o.Body = e.Message
		}
	case entry.ErrorHTTP:
		if o.Body == "" {
			o.Body = sayError(e.ErrorCode, e.Message)
		}
	default:
		o.TransportError = strings.TrimSpace(kindWords[e.ErrorKind] + " " + sayError(e.ErrorCode, e.Message))
		if o.TransportError == "" && e.ErrorKind == entry.ErrorConnection {
			o.TransportError = "failed to connect"
		}
	}
	return o
}

// Notable tells, by a quick look, whether a diagnosis of an entry can say anything: it failed, or its answer may warn.
func Notable(e *entry.Entry) bool {
	if e.Status == entry.StatusFailure {
		return true
	}
	if e.Kind != entry.KindAPIRequest || e.Detail == nil {
		return false
	}
	for i := range e.Detail.ResponseHeaders {
		if warns(e.Detail.ResponseHeaders[i].Name) {
			return true
		}
	}
	return false
}

// warns tells whether a header of the name may warn: Sunset, Warning, and what says that something is deprecated.
func warns(name string) bool {
	switch {
	case len(name) < len("Sunset"):
		return false
	case len(name) == len("Sunset"):
		return strings.EqualFold(name, "Sunset")
	case len(name) == len("Warning") && strings.EqualFold(name, "Warning"):
		return true
	}
	// Every header of every entry is asked, so that this looks at every seventh letter where it can (Horspool's search).
	for i := len(deprecat) - 1; i < len(name); i += int(lettersOn[name[i]]) {
		switch name[i] {
		case 't':
			if name[i+1-len(deprecat):i+1] == deprecat {
				return true
			}
		case 'T':
			if i >= len(deprecat) && name[i-len(deprecat):i+1] == "DEPRECAT" {
				return true
			}
		}
	}
	return false
}

// deprecat is what names have that say so, after a D or d.
const deprecat = "eprecat"

// lettersOn are how many letters on the word may end at least, where a letter of a name is not its last.
var lettersOn = func() (on [256]uint8) {
	for i := range on {
		on[i] = uint8(len(deprecat))
	}
	for i := range len(deprecat) - 1 {
		n := uint8(len(deprecat) - 1 - i) //nolint:gosec // At most the length.
		on[deprecat[i]], on[deprecat[i]-'a'+'A'] = n, n
	}
	return on
}()

// kindWords are what the catalogue knows a kind of error by, when nothing else is said of it.
var kindWords = map[entry.ErrorKind]string{
	entry.ErrorTimeout: "timed out", entry.ErrorDNS: "name resolution", entry.ErrorTLS: "SSLError",
}

func bodyOf(b *entry.Body) string {
	if b == nil || b.Base64 {
		return ""
	}
	return b.Text
}

// ObserveError makes an observation of an error that no call is known of, such as a flow's. Either part may be empty.
func ObserveError(code, message string) *Observation {
	return &Observation{TransportError: sayError(code, message), Failed: true}
}

func sayError(code, message string) string { return strings.TrimSpace(code + " " + message) }

// webhookProblem is what is wrong with a webhook that came in; what it brought is not looked at.
func webhookProblem(e *entry.Entry) string {
	w := e.Webhook
	if w == nil {
		return ""
	}
	if w.SignatureValid != nil && !*w.SignatureValid {
		return strings.TrimSpace("Invalid signature. " + w.Rejection)
	}
	return w.Rejection
}
