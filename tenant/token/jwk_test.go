package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant/token"
)

func TestKeySetChoosesKeys(t *testing.T) {
	t.Parallel()
	k := keys()
	public, other := &k.rsa.PublicKey, &k.otherRSA.PublicKey
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	even := new(rsa.PublicKey)
	*even = *public
	even.N = new(big.Int).Sub(public.N, big.NewInt(1))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	type members = map[string]any
	rs256, noKid := mintRS256(k.rsa, "k", nil), mintRaw(jwt.SigningMethodRS256, k.rsa, `{"alg":"RS256"}`, toJSON(claimsOf(idp, nil)))
	es256 := mintRaw(jwt.SigningMethodES256, k.ec, `{"alg":"ES256","kid":"k"}`, toJSON(claimsOf(idp, nil)))
	const unknown = "signing key is not known"

	for name, test := range map[string]struct {
		raw    string
		keys   []members
		reason string // empty when the token is accepted
	}{
		"plain":                         {rs256, []members{jwk("k", public, nil)}, ""},
		"without use":                   {rs256, []members{jwk("k", public, members{"use": nil})}, ""},
		"key_ops":                       {rs256, []members{jwk("k", public, members{"key_ops": []string{"verify"}})}, ""},
		"for encryption":                {rs256, []members{jwk("k", public, members{"use": "enc"})}, unknown},
		"for signing only":              {rs256, []members{jwk("k", public, members{"key_ops": []string{"sign"}})}, unknown},
		"key_ops of text":               {rs256, []members{jwk("k", public, members{"key_ops": "verify"})}, unknown},
		"pinned to PS256":               {rs256, []members{jwk("k", public, members{"alg": "PS256"})}, "algorithm"},
		"pinned to RS512":               {rs256, []members{jwk("k", public, members{"alg": "RS512"})}, unknown},
		"pinned to ES256":               {rs256, []members{jwk("k", public, members{"alg": "ES256"})}, unknown},
		"pinned to HS256":               {rs256, []members{jwk("k", public, members{"alg": "HS256"})}, unknown},
		"alg of a number":               {rs256, []members{jwk("k", public, members{"alg": 1})}, unknown},
		"1024 bits":                     {mintRS256(weak, "k", nil), []members{jwk("k", &weak.PublicKey, nil)}, unknown},
		"even modulus":                  {rs256, []members{jwk("k", even, nil)}, unknown},
		"exponent 1":                    {rs256, []members{jwk("k", public, members{"e": "AQ"})}, unknown},
		"exponent too long":             {rs256, []members{jwk("k", public, members{"e": "AQAAAAE"})}, unknown},
		"no exponent":                   {rs256, []members{jwk("k", public, members{"e": nil})}, unknown},
		"padded modulus":                {rs256, []members{jwk("k", public, members{"n": encode(public.N.Bytes()) + "="})}, unknown},
		"private":                       {rs256, []members{jwk("k", public, members{"d": "AQAB"})}, unknown},
		"symmetric":                     {mintOwn(`{"alg":"HS256","kid":"k"}`, toJSON(claimsOf(idp, nil))), []members{{"kty": "oct", "kid": "k", "k": encode(secret)}}, "algorithm"},
		"symmetric in disguise":         {rs256, []members{{"kty": "oct", "kid": "k", "k": encode(secret), "alg": "RS256"}}, unknown},
		"unknown kty":                   {rs256, []members{jwk("k", public, members{"kty": "AKP"})}, unknown},
		"RSA said to be EC":             {rs256, []members{jwk("k", public, members{"kty": "EC"})}, unknown},
		"kid of a number":               {rs256, []members{jwk("k", public, members{"kid": 1})}, unknown},
		"kid like a path":               {mintRS256(k.rsa, "../../etc/passwd", nil), []members{jwk("k", public, nil)}, unknown},
		"kid in another case":           {mintRS256(k.rsa, "K", nil), []members{jwk("k", public, nil)}, unknown},
		"same kid twice":                {rs256, []members{jwk("k", other, nil), jwk("k", public, nil)}, "more than one"},
		"same kid, told apart by alg":   {rs256, []members{jwk("k", other, members{"alg": "PS256"}), jwk("k", public, members{"alg": "RS256"})}, ""},
		"same kid, told apart by type":  {es256, []members{jwk("k", public, nil), jwk("k", &k.ec.PublicKey, nil)}, ""},
		"same kid, one for encryption":  {rs256, []members{jwk("k", other, members{"use": "enc"}), jwk("k", public, nil)}, ""},
		"no kid, one fits":              {noKid, []members{jwk("a", public, nil), jwk("b", &k.ec.PublicKey, nil)}, ""},
		"no kid, one fits, without too": {noKid, []members{jwk("", public, members{"kid": nil})}, ""},
		"no kid, two fit":               {noKid, []members{jwk("a", public, nil), jwk("b", other, nil)}, "more than one"},
		"no kid, none fits":             {noKid, []members{jwk("b", &k.ec.PublicKey, nil)}, unknown},
		"kid, but the key has none":     {rs256, []members{jwk("", public, members{"kid": nil})}, unknown},
		"P-384":                         {es256, []members{{"kty": "EC", "crv": "P-384", "kid": "k", "x": encode(p384.X.Bytes()), "y": encode(p384.Y.Bytes())}}, unknown},
		"not on the curve":              {es256, []members{jwk("k", &k.ec.PublicKey, members{"y": encode([]byte(strings.Repeat("y", 32)))})}, unknown},
		"short coordinate":              {es256, []members{jwk("k", &k.ec.PublicKey, members{"x": "AQAB"})}, unknown},
		"Ed25519 key cut":               {rs256, []members{jwk("k", k.ed.Public(), members{"x": "AQAB"})}, unknown},
		"Ed448":                         {rs256, []members{jwk("k", k.ed.Public(), members{"crv": "Ed448"})}, unknown},
		"none":                          {rs256, []members{}, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// The bubble's clock starts in 2000, long before the tokens were made.
				cfg := idpConfig(newStubIssuer(test.keys...))
				cfg.Now = testNow
				_, err := verify(newVerifier(t, cfg), test.raw)
				if test.reason == "" {
					require.NoError(t, err)
				} else {
					requireRefused(t, err, test.reason)
				}
			})
		})
	}
}

func TestFetchFromAServer(t *testing.T) {
	t.Parallel()
	k := keys()
	good := toJSON(map[string]any{"keys": []any{jwk("old", &k.rsa.PublicKey, nil)}})
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		problem string // empty when the token is accepted
	}{
		"good":            {answer(good), ""},
		"almost 1 MiB":    {answer(good + strings.Repeat(" ", 1<<20-len(good))), ""},
		"more than 1 MiB": {answer(good + strings.Repeat(" ", 1<<20-len(good)+1)), "more than 1 MiB"},
		"not found":       {http.NotFound, "status 404"},
		"no JSON":         {answer("<html>"), "not one JSON value"},
		"no keys":         {answer(`{"key":[]}`), "no list of keys"},
		"keys of text":    {answer(`{"keys":["a"]}`), "no object"},
		"keys twice":      {answer(`{"keys":[],` + good[1:]), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, start := range []func(http.Handler) *httptest.Server{httptest.NewServer, httptest.NewTLSServer} {
				server := start(test.handler)
				t.Cleanup(server.Close)
				cfg := token.Config{Issuer: idp, JWKSURL: server.URL, HTTPClient: server.Client()}
				_, err := verify(newVerifier(t, cfg), oldToken())
				if test.problem == "" {
					require.NoError(t, err)
				} else {
					requireRefused(t, err, "could not be fetched")
					require.ErrorContains(t, err, test.problem)
				}
			}
		})
	}
}

func TestFetchFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(target.Close)
	server := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusFound))
	t.Cleanup(server.Close)

	_, err := verify(newVerifier(t, token.Config{Issuer: idp, JWKSURL: server.URL}), oldToken())

	require.ErrorContains(t, err, "status 302")
	require.False(t, reached.Load())
}
