package token

import (
	"context"
	"errors"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// methods are all algorithms that Weir accepts. A key pins one or two of them.
var methods = map[string]jwt.SigningMethod{
	"HS256": jwt.SigningMethodHS256,
	"EdDSA": jwt.SigningMethodEdDSA,
	"ES256": jwt.SigningMethodES256,
	"PS256": jwt.SigningMethodPS256,
	"RS256": jwt.SigningMethodRS256,
}

// errUnknownKey says that no key fits a token so far.
var errUnknownKey = refuse("the signing key is not known")

// verificationKey is one key of an issuer, with the algorithms pinned to it.
type verificationKey struct {
	kid      string // empty when the issuer gives none
	algs     []string
	material any // what golang-jwt verifies with: []byte or a public key
}

// verify needs alg to be one that is pinned to the key.
func (k verificationKey) verify(alg string, token compact) error {
	if !slices.Contains(k.algs, alg) {
		return refuse("the algorithm is not allowed")
	}
	if err := methods[alg].Verify(token.signed, token.signature, k.material); err != nil {
		return refuse("the signature is not valid")
	}

	return nil
}

// keySource finds the key of one issuer that may have signed a token.
type keySource interface {
	find(ctx context.Context, h header) (verificationKey, error)
}

// ownKey is the service's single key, which has no id.
type ownKey struct{ key verificationKey }

func (o ownKey) find(_ context.Context, h header) (verificationKey, error) {
	if !slices.Contains(o.key.algs, h.alg) {
		return verificationKey{}, refuse("the algorithm is not allowed")
	}

	return o.key, nil
}

// keySet is what an issuer publishes.
type keySet []verificationKey

// find returns the one key that fits. It refuses with errUnknownKey when a newer
// set might hold one, and otherwise when there is a key of that id for another
// algorithm, or more than one that fits.
func (s keySet) find(h header) (verificationKey, error) {
	var fitting []verificationKey
	sameID := false
	for _, key := range s {
		if h.kid != "" && key.kid != h.kid {
			continue
		}
		sameID = true
		if slices.Contains(key.algs, h.alg) {
			fitting = append(fitting, key)
		}
	}

	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return verificationKey{}, refuse("more than one signing key fits the token")
	case sameID && h.kid != "":
		return verificationKey{}, refuse("the algorithm is not allowed")
	default:
		return verificationKey{}, errUnknownKey
	}
}

func isUnknownKey(err error) bool { return errors.Is(err, errUnknownKey) }
