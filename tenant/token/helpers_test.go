package token_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant/token"
)

const (
	idp     = "https://login.example.com/"
	jwksURL = "https://login.example.com/keys"
)

// keyRing holds one pair of keys of each kind; making RSA keys is slow.
type keyRing struct {
	rsa, otherRSA *rsa.PrivateKey
	ec            *ecdsa.PrivateKey
	ed            ed25519.PrivateKey
}

var keys = sync.OnceValue(func() keyRing {
	return keyRing{
		rsa:      must(rsa.GenerateKey(rand.Reader, 2048)),
		otherRSA: must(rsa.GenerateKey(rand.Reader, 2048)),
		ec:       must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		ed:       ed25519.NewKeyFromSeed([]byte(strings.Repeat("e", 32))),
	}
})

var secret = []byte("0123456789abcdef0123456789abcdef")

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}

	return value
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func toJSON(value any) string { return string(must(json.Marshal(value))) }

// ownConfig accepts tokens that are signed with secret.
func ownConfig() token.Config {
	return token.Config{SigningKey: must(token.ParseSigningKey(base64.StdEncoding.EncodeToString(secret)))}
}

// idpConfig accepts those, and the ones of an identity provider.
func idpConfig(issuer *stubIssuer) token.Config {
	cfg := ownConfig()
	cfg.Issuer, cfg.JWKSURL = idp, jwksURL
	cfg.HTTPClient = &http.Client{Transport: issuer}

	return cfg
}

func newVerifier(tb testing.TB, cfg token.Config) *token.Verifier {
	tb.Helper()
	verifier, err := token.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(verifier.Stop)

	return verifier
}

// claimsOf returns the claims of a good token of iss, changed: a nil value
// removes a claim.
func claimsOf(iss string, changes map[string]any) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": iss, "sub": "user-1", "aud": "weir", "iat": now, "exp": now + 3600,
		"weir_tenant": "acme", "weir_role": "admin",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })

	return claims
}

// mintRaw signs texts as they are, however broken.
func mintRaw(method jwt.SigningMethod, key any, header, claims string) string {
	signed := encode([]byte(header)) + "." + encode([]byte(claims))

	return signed + "." + encode(must(method.Sign(signed, key)))
}

func mintOwn(header, claims string) string {
	return mintRaw(jwt.SigningMethodHS256, secret, header, claims)
}

func mintRS256(key *rsa.PrivateKey, kid string, changes map[string]any) string {
	header := toJSON(map[string]any{"alg": "RS256", "typ": "JWT", "kid": kid})

	return mintRaw(jwt.SigningMethodRS256, key, header, toJSON(claimsOf(idp, changes)))
}

// jwk publishes a key; extra members come on top.
func jwk(kid string, public crypto.PublicKey, extra map[string]any) map[string]any {
	members := map[string]any{"kid": kid, "use": "sig"}
	switch public := public.(type) {
	case *rsa.PublicKey:
		members["kty"], members["n"] = "RSA", encode(public.N.Bytes())
		members["e"] = encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(public.Bytes())
		members["kty"], members["crv"] = "EC", "P-256"
		members["x"], members["y"] = encode(point[1:33]), encode(point[33:])
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", encode(public)
	default:
		panic(fmt.Sprintf("no JWK of %T", public))
	}
	maps.Copy(members, extra)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })

	return members
}

// stubIssuer is an identity provider without a network, so that tests can run
// on the clock of a synctest bubble. It keeps the times of its requests.
type stubIssuer struct {
	mu       sync.Mutex
	body     string
	down     bool
	hold     <-chan struct{} // answers wait for it, with the body of before
	requests []time.Time
}

func newStubIssuer(jwks ...map[string]any) *stubIssuer {
	s := &stubIssuer{}
	s.publish(jwks...)

	return s
}

func (s *stubIssuer) publish(jwks ...map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = toJSON(map[string]any{"keys": jwks})
}

func (s *stubIssuer) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *stubIssuer) setHold(hold <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold
}

func (s *stubIssuer) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()

	return append([]time.Time(nil), s.requests...)
}

func (s *stubIssuer) RoundTrip(request *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.requests = append(s.requests, time.Now())
	body, down, hold := s.body, s.down, s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
	if down {
		return nil, errors.New("connection refused")
	}

	return &http.Response{
		StatusCode: http.StatusOK,
		Body:       io.NopCloser(strings.NewReader(body)),
		Request:    request,
	}, nil
}

func requireRefused(tb testing.TB, err error, reason string) {
	tb.Helper()
	require.ErrorIs(tb, err, token.ErrRefused)
	var refusal *token.Error
	require.ErrorAs(tb, err, &refusal)
	require.Contains(tb, refusal.Reason, reason)
}

func verify(verifier *token.Verifier, raw string) (token.Claims, error) {
	return verifier.Verify(context.Background(), raw)
}

// started is the real time, for tests that run on another clock but with tokens
// that were made on this one.
var started = time.Now()

func testNow() time.Time { return started }
