package token_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// FuzzVerify edits genuine tokens of every algorithm: one of the three parts
// before it is encoded, or the encoded token. What comes out is refused in the
// usual way, or says what the original says: only the signature may differ,
// since ECDSA has two for everything.
func FuzzVerify(f *testing.F) {
	k := keys()
	issuer := newStubIssuer(jwk("rsa", &k.rsa.PublicKey, nil), jwk("ec", &k.ec.PublicKey, nil), jwk("ed", k.ed.Public(), nil))
	verifier := newVerifier(f, idpConfig(issuer))
	ofIDP := toJSON(claimsOf(idp, map[string]any{"exp": 4102444800}))
	own := toJSON(claimsOf("weir", map[string]any{"exp": 4102444800, "x": map[string]any{"y": []int{1}}}))
	originals := []string{
		mintOwn(ownHeader, own),
		mintRaw(jwt.SigningMethodRS256, k.rsa, `{"alg":"RS256","kid":"rsa"}`, ofIDP),
		mintRaw(jwt.SigningMethodPS256, k.rsa, `{"alg":"PS256"}`, ofIDP),
		mintRaw(jwt.SigningMethodES256, k.ec, `{"alg":"ES256","kid":"ec"}`, ofIDP),
		mintRaw(jwt.SigningMethodEdDSA, k.ed, `{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}`, ofIDP),
	}
	for i, raw := range originals {
		_, err := verify(verifier, raw)
		require.NoError(f, err)
		which := uint8(i)
		f.Add(which, uint8(3), uint16(0), uint16(0), "")
		f.Add(which, uint8(3), uint16(len(raw)), uint16(0), "\n")
		f.Add(which, uint8(3), uint16(len(raw)-1), uint16(1), "-")
		f.Add(which, uint8(0), uint16(8), uint16(5), "none")
		f.Add(which, uint8(0), uint16(1), uint16(0), `"crit":[],`)
		f.Add(which, uint8(0), uint16(0), uint16(999), `{"alg":"none"}`)
		f.Add(which, uint8(1), uint16(1), uint16(0), `"SUB":"root","\ud800":1e400,`)
		f.Add(which, uint8(1), uint16(0), uint16(999), "[]")
		f.Add(which, uint8(2), uint16(0), uint16(999), "")
	}
	// Afterwards unknown keys are refused at once, without waiting for a fetch.
	verifier.Stop()

	f.Fuzz(func(t *testing.T, which, part uint8, at, cut uint16, insert string) {
		original := originals[int(which)%len(originals)]
		raw := edit(original, int(part)%4, int(at), int(cut), insert)
		claims, err := verify(verifier, raw)
		if err != nil {
			requireRefused(t, err, "")
			require.Empty(t, claims)
			return
		}
		require.Equal(t, signedPart(original), signedPart(raw))
		require.Equal(t, "acme", claims.Tenant)
	})
}

// FuzzClaims signs whatever it is given. What is accepted, golang-jwt reads in
// the same way.
func FuzzClaims(f *testing.F) {
	cfg := ownConfig()
	cfg.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	verifier := newVerifier(f, cfg)
	parser := jwt.NewParser(jwt.WithTimeFunc(cfg.Now), jwt.WithLeeway(time.Minute), jwt.WithValidMethods([]string{"HS256"}))
	f.Add(ownHeader, `{"iss":"weir","aud":"weir","sub":"u","exp":1800000060}`)
	f.Add(`{"alg":"HS256","kid":"../x","jku":1}`, `{"iss":"weir","aud":["weir"],"sub":"\u0061","exp":1.8000000605e9,"nbf":0,"x":[{}]}`)
	f.Add(`{"alg":"HS256","alg":"none"}`, `{"Exp":"1","\ud800":[[]],"exp":1e400}`)

	f.Fuzz(func(t *testing.T, header, claims string) {
		raw := mintOwn(header, claims)
		read, err := verify(verifier, raw)
		if err != nil {
			requireRefused(t, err, "")
			return
		}
		registered := &jwt.RegisteredClaims{}
		_, err = parser.ParseWithClaims(raw, registered, func(*jwt.Token) (any, error) { return secret, nil })
		require.NoError(t, err)
		require.Equal(t, registered.Subject, read.Subject)
		require.Equal(t, "weir", registered.Issuer)
		require.Contains(t, registered.Audience, "weir")
		require.Equal(t, registered.ExpiresAt.Unix(), read.ExpiresAt.Unix())
		require.Equal(t, registered.ID, read.ID)
	})
}

// edit replaces cut bytes from at in a part of a token, or in all of it.
func edit(raw string, part, at, cut int, insert string) string {
	splice := func(text string) string {
		from := min(at, len(text))
		return text[:from] + insert + text[min(from+cut, len(text)):]
	}
	if part == 3 {
		return splice(raw)
	}
	parts := strings.Split(raw, ".")
	parts[part] = encode([]byte(splice(decoded(parts[part]))))

	return strings.Join(parts, ".")
}

func signedPart(raw string) string { return raw[:strings.LastIndexByte(raw, '.')] }

func decoded(segment string) string {
	return string(must(base64.RawURLEncoding.DecodeString(segment)))
}
