package token

import "strings"

// maxKeyID is the length of the longest key id, in bytes.
const maxKeyID = 200

// knownHeaders are the names that another reader might look for. Those that
// point to keys (jku, jwk, x5c, x5u) are never followed, and never read.
var knownHeaders = []string{
	"alg", "b64", "crit", "cty", "enc", "jku", "jwk", "kid", "typ",
	"x5c", "x5t", "x5t#S256", "x5u", "zip",
}

// header is what Weir reads of a token's header. An absent kid is empty.
type header struct {
	alg, kid string
}

func readHeader(members object) (header, error) {
	if members.hasLookalike(knownHeaders) {
		return header{}, refuse("a header differs from a known one in case only")
	}
	if _, ok := members["crit"]; ok {
		return header{}, refuse("the header crit is not supported")
	}
	if _, ok := members["b64"]; ok {
		return header{}, refuse("the header b64 is not supported")
	}
	if typ, ok := members["typ"]; ok && !isTokenType(typ) {
		return header{}, refuse("the header typ is neither JWT nor at+jwt")
	}
	alg, ok := members["alg"].(string)
	if !ok || alg == "" {
		return header{}, refuse("the header alg is missing")
	}
	kid, ok := members["kid"]
	if !ok {
		return header{alg: alg}, nil
	}
	id, ok := kid.(string)
	if !ok || !isKeyID(id) {
		return header{}, refuse("the header kid is not of 1 to 200 printable characters")
	}

	return header{alg: alg, kid: id}, nil
}

// isTokenType accepts both types in any case, as media types are compared.
func isTokenType(typ any) bool {
	text, ok := typ.(string)

	return ok && (strings.EqualFold(text, "JWT") || strings.EqualFold(text, "at+jwt"))
}

func isKeyID(id string) bool {
	for _, c := range []byte(id) {
		if c < ' ' || c > '~' {
			return false
		}
	}

	return id != "" && len(id) <= maxKeyID
}
