package token

import (
	"encoding/base64"
	"strings"
)

// maxToken is the length of the longest token that is looked at, in bytes.
const maxToken = 8 << 10

// compact is a token in JWS compact serialization, cut and decoded.
type compact struct {
	header, claims object
	signed         string // what the signature covers
	signature      []byte
}

func parseCompact(raw string) (compact, error) {
	if len(raw) > maxToken {
		return compact{}, refuse("the token is longer than 8 KiB")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return compact{}, refuse("the token is not of three parts")
	}

	token := compact{signed: raw[:len(parts[0])+1+len(parts[1])]}
	var err error
	if token.header, err = parsePart("header", parts[0]); err != nil {
		return compact{}, err
	}
	if token.claims, err = parsePart("claims", parts[1]); err != nil {
		return compact{}, err
	}
	signature, ok := decodeSegment(parts[2])
	if !ok || len(signature) == 0 {
		return compact{}, refuse("the signature is missing or not canonical base64url")
	}
	token.signature = signature

	return token, nil
}

func parsePart(name, segment string) (object, error) {
	data, ok := decodeSegment(segment)
	if !ok {
		return nil, refuse("the " + name + " part is not canonical base64url")
	}
	members, err := parseObject(data)
	if err != nil {
		return nil, refuse("the " + name + " part " + err.Error())
	}

	return members, nil
}

// decodeSegment decodes base64url without padding. Encoding again proves that
// the text is the only one for its bytes: the decoder skips line breaks and
// ignores what is left over in the last character.
func decodeSegment(segment string) ([]byte, bool) {
	data, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil || base64.RawURLEncoding.EncodeToString(data) != segment {
		return nil, false
	}

	return data, true
}
