package diagnostics

import (
	"net/url"
	"strings"

	"github.com/weirhq/weir/journal/entry"
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
type Header = entry.Header

// The directions that a diagnosis tells apart.
const (
	inboundWebhook = "inbound_webhook"
	outbound       = "outbound"
)

// directionOf is a direction as entries name it.
func directionOf(said string) string {
	if said == "" {
		return outbound
	}
	return strings.ToLower(said)
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
	_, path := splitURL(o.URL)
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
	host, _ := splitURL(o.URL)
	return strings.ToLower(host)
}

// splitURL is the host and the path of an address, as net/url has them; what is none is all path. The usual ones have
// nothing that needs to be decoded, and are cut where they stand.
func splitURL(address string) (host, path string) {
	if host, path, ok := cutURL(address); ok {
		return host, path
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", address
	}
	return u.Hostname(), u.Path
}

// cutURL is splitURL of http://host/path and https://host/path with a query perhaps, and false for what may be more.
func cutURL(address string) (host, path string, ok bool) {
	rest, ok := strings.CutPrefix(address, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(address, "http://"); !ok {
			return "", "", false
		}
	}
	end := 0
	for end < len(rest) && (isWordByte(rest[end]) || rest[end] == '.' || rest[end] == '-') {
		end++
	}
	path = rest[end:]
	if path != "" && path[0] != '/' && path[0] != '?' {
		return "", "", false
	}
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '#' {
			return "", "", false
		}
	}
	if query := strings.IndexByte(path, '?'); query >= 0 {
		path = path[:query]
	}
	return rest[:end], path, true
}
