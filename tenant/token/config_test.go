package token_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant/token"
)

func TestNewRefusesConfig(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cfg     token.Config
		problem string
	}{
		"http":            {token.Config{Issuer: idp, JWKSURL: "http://login.example.com/keys"}, "https"},
		"file":            {token.Config{Issuer: idp, JWKSURL: "file:///etc/keys"}, "absolute URL"},
		"relative":        {token.Config{Issuer: idp, JWKSURL: "/keys"}, "absolute URL"},
		"user":            {token.Config{Issuer: idp, JWKSURL: "https://a:b@login.example.com/keys"}, "without user"},
		"loopback's name": {token.Config{Issuer: idp, JWKSURL: "http://127.0.0.1.example.com/keys"}, "https"},
		"no issuer":       {token.Config{JWKSURL: jwksURL}, "needs the issuer"},
		"own issuer":      {token.Config{Issuer: "weir", JWKSURL: jwksURL}, "own issuer"},
		"leeway":          {token.Config{Leeway: time.Hour}, "leeway"},
		"refresh":         {token.Config{Refresh: time.Second}, "refreshed"},
		"claim twice":     {token.Config{Names: token.ClaimNames{Role: "Weir_Tenant"}}, "two meanings"},
		"claim sub":       {token.Config{Names: token.ClaimNames{Tenant: "sub"}}, "two meanings"},
		"claim of NUL":    {token.Config{Names: token.ClaimNames{Tenant: "\x00"}}, "printable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := token.New(test.cfg)
			require.ErrorContains(t, err, test.problem)
		})
	}
	for _, address := range []string{"http://localhost:8080/keys", "http://127.0.0.1/keys", "http://[::1]:1/keys", jwksURL} {
		newVerifier(t, token.Config{Issuer: idp, JWKSURL: address})
	}
	_, err := token.New(token.Config{JWKSURL: "ftp://x/", Leeway: -1})
	require.ErrorContains(t, err, "https")
	require.ErrorContains(t, err, "leeway", "every problem is named")
}

func TestIssuerNamesOwnTokensWhenThereIsNoJWKSURL(t *testing.T) {
	t.Parallel()
	cfg := ownConfig()
	cfg.Issuer, cfg.Audience = "https://weir.example.com", "console"
	changes := map[string]any{"aud": "console"}

	claims, err := verify(newVerifier(t, cfg), mintOwn(ownHeader, toJSON(claimsOf(cfg.Issuer, changes))))
	require.NoError(t, err)
	require.Equal(t, cfg.Issuer, claims.Issuer)

	_, err = verify(newVerifier(t, cfg), mintOwn(ownHeader, toJSON(claimsOf("weir", changes))))
	requireRefused(t, err, "issuer")
}
