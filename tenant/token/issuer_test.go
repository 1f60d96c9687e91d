package token_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant/token"
)

func TestSignedTokensVerify(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"HS256": base64.StdEncoding.EncodeToString(secret),
		"EdDSA": ed25519PEM(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := token.Config{
				SigningKey: must(token.ParseSigningKey(text)),
				Names:      token.ClaimNames{Tenant: "org"},
				Audience:   "console",
				Now:        func() time.Time { return time.Unix(1_800_000_000, 999) },
			}
			issuer, err := token.NewIssuer(cfg)
			require.NoError(t, err)

			raw, signed, err := issuer.Sign(token.Claims{
				Subject: "u", Tenant: "acme", Role: "admin", Customer: "c", Email: "a@example.com",
				Issuer: "ignored", Audience: []string{"ignored"},
			}, time.Hour)
			require.NoError(t, err)
			require.Equal(t, time.Unix(1_800_003_600, 0).UTC(), signed.ExpiresAt)
			require.Equal(t, "weir", signed.Issuer)
			require.NotEmpty(t, signed.ID)

			verified, err := verify(newVerifier(t, cfg), raw)
			require.NoError(t, err)
			require.Equal(t, signed, verified)

			_, again, err := issuer.Sign(token.Claims{Subject: "u"}, time.Hour)
			require.NoError(t, err)
			require.NotEqual(t, signed.ID, again.ID)
		})
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	issuer, err := token.NewIssuer(ownConfig())
	require.NoError(t, err)
	for name, test := range map[string]struct {
		claims  token.Claims
		ttl     time.Duration
		problem string
	}{
		"no subject":         {token.Claims{}, time.Hour, "no subject"},
		"no lifetime":        {token.Claims{Subject: "u"}, 0, "lifetime"},
		"negative":           {token.Claims{Subject: "u"}, -time.Hour, "lifetime"},
		"control characters": {token.Claims{Subject: "u", Tenant: "a\nb"}, time.Hour, "weir_tenant is not plain text"},
		"not UTF-8":          {token.Claims{Subject: "\xff"}, time.Hour, "sub is not plain text"},
		"too long":           {token.Claims{Subject: strings.Repeat("u", 8<<10)}, time.Hour, "8 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := issuer.Sign(test.claims, test.ttl)
			require.ErrorContains(t, err, test.problem)
		})
	}
	_, err = token.NewIssuer(token.Config{})
	require.ErrorContains(t, err, "no signing key")
}

func TestParseSigningKey(t *testing.T) {
	t.Parallel()
	odd := []byte(strings.Repeat("\xfb\xff", 17))
	for _, text := range []string{
		base64.StdEncoding.EncodeToString(odd), base64.RawStdEncoding.EncodeToString(odd),
		base64.URLEncoding.EncodeToString(odd), base64.RawURLEncoding.EncodeToString(odd),
		"  " + base64.StdEncoding.EncodeToString(odd) + "\n",
	} {
		key, err := token.ParseSigningKey(text)
		require.NoError(t, err)
		require.Equal(t, "HS256 signing key", key.String())
	}

	pkcs8 := func(key any) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}))
	}
	public := must(x509.MarshalPKIXPublicKey(keys().ed.Public()))
	for name, test := range map[string]struct{ text, problem string }{
		"empty":      {"", "32 bytes"},
		"short":      {base64.StdEncoding.EncodeToString(make([]byte, 31)), "32 bytes"},
		"passphrase": {"correct horse battery staple, many times over", "neither base64 nor PEM"},
		"RSA":        {pkcs8(keys().rsa), "not Ed25519"},
		"P-256":      {pkcs8(keys().ec), "not Ed25519"},
		"public":     {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), "PEM block PRIVATE KEY"},
		"two blocks": {ed25519PEM() + ed25519PEM(), "PEM block PRIVATE KEY"},
		"cut":        {ed25519PEM()[:60], "PEM block PRIVATE KEY"},
		"no PKCS #8": {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})), "PKCS #8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := token.ParseSigningKey(test.text)
			require.ErrorContains(t, err, test.problem)
		})
	}
}

func TestSigningKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	cfg := ownConfig()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		text := fmt.Sprintf(verb, cfg.SigningKey) + fmt.Sprintf(verb, cfg)
		require.NotContains(t, text, string(secret), verb)
		require.NotContains(t, text, "48 49 50", verb)
		require.NotContains(t, text, "30313233", verb)
		require.NotContains(t, text, "0x30, 0x31", verb)
	}
}
