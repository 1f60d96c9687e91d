package diagnostics

import (
	"net/url"
	"strings"
)

// Observation is what is known of one call: one log entry, as far as a diagnosis looks at it.
type Observation struct {
	ID string
	// Provider is the key of the integration, or the provider's name as somebody wrote it; empty when it is unknown.
	Provider string
	// Direction is outbound, inbound, or inbound_webhook; empty is outbound.
	Direction      string
	Method, URL    string
	Status         int // 0 when there was no answer
	Headers        []Header
	Request        string // the body that was sent
	Body           string // the body of the answer
	TransportError string
	// Failed says that the sender calls it a failure, whatever the status is.
	Failed bool
}

// Header is one field of the answer.
type Header struct{ Name, Value string }

// The directions that a diagnosis tells apart.
const (
	inboundWebhook = "inbound_webhook"
	outbound       = "outbound"
)

func (o *Observation) direction() string {
	if o.Direction == "" {
		return outbound
	}
	return strings.ToLower(o.Direction)
}

// header is the value of the first field of the name, in lower case; ok is false when there is none.
func (o *Observation) header(name string) (value string, ok bool) {
	for i := range o.Headers {
		if strings.EqualFold(o.Headers[i].Name, name) {
			return strings.ToLower(o.Headers[i].Value), true
		}
	}
	return "", false
}

// tokenPaths are how the paths of token endpoints end (RFC 6749, 3.2, names none).
var tokenPaths = []string{
	"/token", "/access_token", "/accesstoken", "/oauth.access", "/oauth.v2.access", "/refresh", "/refresh_token", "/token.do",
	"/oauth/tokens", "/gettoken", "/token.json", "/oauth2/auth", "/tokens/bearer", "/token/refresh", "/oauth/exchange",
}

// asksForToken tells whether the call is to a token endpoint.
func (o *Observation) asksForToken() bool {
	path := o.URL
	if u, err := url.Parse(o.URL); err == nil {
		path = u.Path
	}
	path = strings.TrimSuffix(strings.ToLower(path), "/")
	for _, end := range tokenPaths {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return strings.Contains(o.Request, "grant_type")
}

// host is the host of the URL, in lower case.
func (o *Observation) host() string {
	u, err := url.Parse(o.URL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
