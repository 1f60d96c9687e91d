package token_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant/token"
)

const ownHeader = `{"alg":"HS256","typ":"JWT"}`

func TestVerifyReturnsTheClaims(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0).UTC()
	cfg := ownConfig()
	cfg.Now = func() time.Time { return now }
	cfg.Names = token.ClaimNames{Tenant: "https://example.com/org"}
	raw := mintOwn(ownHeader, `{"iss":"weir","sub":"u","aud":["other","weir"],"exp":1800000060.9,"iat":1.8e9,`+
		`"https://example.com/org":"acme","weir_role":"viewer","weir_customer":"c1","email":"a@example.com","jti":"x",`+
		`"weir_tenant":7,"nested":{"a":[1,{"b":null}]}}`)

	claims, err := verify(newVerifier(t, cfg), raw)

	require.NoError(t, err)
	require.Equal(t, token.Claims{
		Subject: "u", Issuer: "weir", Audience: []string{"other", "weir"},
		ExpiresAt: now.Add(time.Minute), IssuedAt: now,
		Tenant: "acme", Role: "viewer", Customer: "c1", Email: "a@example.com", ID: "x",
	}, claims)
}

func TestVerifyDropsUnverifiedEmail(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, ownConfig())
	for verified, email := range map[any]string{
		true: "a@example.com", "true": "a@example.com", false: "", "false": "", "no idea": "", 1: "",
	} {
		changes := map[string]any{"email": "a@example.com", "email_verified": verified}
		claims, err := verify(verifier, mintOwn(ownHeader, toJSON(claimsOf("weir", changes))))
		require.NoError(t, err)
		require.Equal(t, email, claims.Email, "email_verified %v", verified)
	}
}

func TestVerifyAcceptsEveryAlgorithm(t *testing.T) {
	t.Parallel()
	k := keys()
	for alg, key := range map[string]struct{ private, public any }{
		"RS256": {k.rsa, &k.rsa.PublicKey},
		"PS256": {k.rsa, &k.rsa.PublicKey},
		"ES256": {k.ec, &k.ec.PublicKey},
		"EdDSA": {k.ed, k.ed.Public()},
	} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			for _, pinned := range []any{alg, nil} {
				issuer := newStubIssuer(jwk("k", key.public, map[string]any{"alg": pinned}))
				verifier := newVerifier(t, idpConfig(issuer))
				for _, kid := range []string{`,"kid":"k"`, ``} {
					raw := mintRaw(jwt.GetSigningMethod(alg), key.private,
						`{"alg":"`+alg+`","typ":"at+JWT"`+kid+`}`, toJSON(claimsOf(idp, nil)))
					claims, err := verify(verifier, raw)
					require.NoError(t, err)
					require.Equal(t, "acme", claims.Tenant)
				}
			}
		})
	}
	t.Run("HS256", func(t *testing.T) {
		t.Parallel()
		_, err := verify(newVerifier(t, ownConfig()), mintOwn(ownHeader, toJSON(claimsOf("weir", nil))))
		require.NoError(t, err)
	})
	t.Run("own EdDSA", func(t *testing.T) {
		t.Parallel()
		cfg := token.Config{SigningKey: must(token.ParseSigningKey(ed25519PEM()))}
		raw := mintRaw(jwt.SigningMethodEdDSA, k.ed, `{"alg":"EdDSA"}`, toJSON(claimsOf("weir", nil)))
		_, err := verify(newVerifier(t, cfg), raw)
		require.NoError(t, err)
	})
}

func ed25519PEM() string {
	der := must(x509.MarshalPKCS8PrivateKey(keys().ed))

	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestVerifyRefusesHeader(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, ownConfig())
	for name, test := range map[string]struct{ header, reason string }{
		"no alg":             {`{"typ":"JWT"}`, "alg is missing"},
		"alg of a number":    {`{"alg":256}`, "alg is missing"},
		"alg empty":          {`{"alg":""}`, "alg is missing"},
		"alg none":           {`{"alg":"none"}`, "algorithm"},
		"alg None":           {`{"alg":"None"}`, "algorithm"},
		"alg in lower case":  {`{"alg":"hs256"}`, "algorithm"},
		"alg HS512":          {`{"alg":"HS512"}`, "algorithm"},
		"alg of another key": {`{"alg":"EdDSA"}`, "algorithm"},
		"alg twice":          {`{"alg":"none","alg":"HS256"}`, "twice"},
		"alg twice, escaped": {`{"\u0061lg":"none","alg":"HS256"}`, "twice"},
		"ALG":                {`{"alg":"HS256","ALG":"none"}`, "case"},
		"Typ":                {`{"alg":"HS256","Typ":"JWT"}`, "case"},
		"CRIT":               {`{"alg":"HS256","CRIT":["exp"]}`, "case"},
		"K of Kelvin id":     {"{\"alg\":\"HS256\",\"\u212aid\":\"a\"}", "case"},
		"crit":               {`{"alg":"HS256","crit":["exp"],"exp":1}`, "crit"},
		"crit empty":         {`{"alg":"HS256","crit":[]}`, "crit"},
		"crit null":          {`{"alg":"HS256","crit":null}`, "crit"},
		"b64 false":          {`{"alg":"HS256","b64":false}`, "b64"},
		"b64 false and crit": {`{"alg":"HS256","b64":false,"crit":["b64"]}`, "crit"},
		"typ of a logout":    {`{"alg":"HS256","typ":"logout+jwt"}`, "typ"},
		"typ of a number":    {`{"alg":"HS256","typ":1}`, "typ"},
		"kid too long":       {`{"alg":"HS256","kid":"` + strings.Repeat("k", 201) + `"}`, "kid"},
		"kid empty":          {`{"alg":"HS256","kid":""}`, "kid"},
		"kid with NUL":       {`{"alg":"HS256","kid":"a\u0000b"}`, "kid"},
		"kid of a list":      {`{"alg":"HS256","kid":["a"]}`, "kid"},
		"deep duplicate":     {`{"alg":"HS256","x":{"a":1,"a":1}}`, "twice"},
		"duplicate in list":  {`{"alg":"HS256","x":[{"a":1,"a":1}]}`, "twice"},
		"list":               {`["alg","HS256"]`, "not a JSON object"},
		"text":               {`"HS256"`, "not a JSON object"},
		"null":               {`null`, "not a JSON object"},
		"nothing":            {``, "not one JSON value"},
		"cut":                {`{"alg":"HS256"`, "not one JSON value"},
		"two":                {ownHeader + ownHeader, "not one JSON value"},
		"trailing comma":     {`{"alg":"HS256",}`, "not one JSON value"},
		"byte order mark":    {"\ufeff" + ownHeader, "not one JSON value"},
		"Latin-1":            {"{\"alg\":\"HS256\",\"x\":\"\xe9\"}", "UTF-8"},
		"lone surrogate":     {`{"alg":"HS256","x":"\ud800"}`, "UTF-8"},
		"1e400":              {`{"alg":"HS256","x":1e400}`, "out of range"},
		"too deep":           {`{"alg":"HS256","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verify(verifier, mintOwn(test.header, toJSON(claimsOf("weir", nil))))
			requireRefused(t, err, test.reason)
		})
	}
}

func TestVerifyRefusesClaims(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, ownConfig())
	now := time.Now().Unix()
	for name, test := range map[string]struct {
		changes map[string]any
		reason  string
	}{
		"no exp":              {map[string]any{"exp": nil}, "exp is missing"},
		"exp as text":         {map[string]any{"exp": "4102444800"}, "exp is not a number"},
		"exp as list":         {map[string]any{"exp": []any{now + 60}}, "exp is not a number"},
		"exp negative":        {map[string]any{"exp": -1}, "exp is out of range"},
		"exp beyond time":     {map[string]any{"exp": 1e18}, "exp is out of range"},
		"expired":             {map[string]any{"exp": now - 31}, "expired"},
		"exp zero":            {map[string]any{"exp": 0}, "expired"},
		"nbf to come":         {map[string]any{"nbf": now + 60}, "not valid yet"},
		"nbf as text":         {map[string]any{"nbf": "1"}, "nbf is not a number"},
		"iat to come":         {map[string]any{"iat": now + 60}, "issued in the future"},
		"iat as text":         {map[string]any{"iat": "1"}, "iat is not a number"},
		"no iss":              {map[string]any{"iss": nil}, "issuer"},
		"wrong iss":           {map[string]any{"iss": "weir2"}, "issuer"},
		"iss in another case": {map[string]any{"iss": "Weir"}, "issuer"},
		"iss as list":         {map[string]any{"iss": []string{"weir"}}, "iss is not plain text"},
		"no aud":              {map[string]any{"aud": nil}, "audience"},
		"wrong aud":           {map[string]any{"aud": "other"}, "audience"},
		"wrong auds":          {map[string]any{"aud": []string{"a", "b"}}, "audience"},
		"no auds":             {map[string]any{"aud": []string{}}, "audience"},
		"aud of numbers":      {map[string]any{"aud": []any{"weir", 1}}, "aud is not plain text"},
		"aud as object":       {map[string]any{"aud": map[string]any{"weir": 1}}, "aud is not plain text"},
		"no sub":              {map[string]any{"sub": nil}, "sub is missing"},
		"sub empty":           {map[string]any{"sub": ""}, "sub is missing"},
		"sub as number":       {map[string]any{"sub": 1}, "sub is not plain text"},
		"sub with NUL":        {map[string]any{"sub": "a\x00"}, "sub is not plain text"},
		"tenant as list":      {map[string]any{"weir_tenant": []string{"acme"}}, "weir_tenant is not plain text"},
		"role null":           {map[string]any{"weir_role": (*int)(nil)}, "weir_role is not plain text"},
		"customer as number":  {map[string]any{"weir_customer": 1}, "weir_customer is not plain text"},
		"email as list":       {map[string]any{"email": []string{"a@example.com"}}, "email is not plain text"},
		"jti as number":       {map[string]any{"jti": 1}, "jti is not plain text"},
		"Exp":                 {map[string]any{"Exp": now + 7200}, "case"},
		"SUB":                 {map[string]any{"SUB": "root"}, "case"},
		"sub with a long s":   {map[string]any{"\u017fub": "root"}, "case"},
		"WEIR_TENANT":         {map[string]any{"WEIR_TENANT": "other"}, "case"},
		"Weir_role":           {map[string]any{"weir_role": nil, "Weir_role": "owner"}, "case"},
		"Email_Verified":      {map[string]any{"Email_Verified": true}, "case"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verify(verifier, mintOwn(ownHeader, toJSON(claimsOf("weir", test.changes))))
			requireRefused(t, err, test.reason)
		})
	}
}

func TestVerifyRefusesClaimsThatAreNoPlainJSON(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, ownConfig())
	good := toJSON(claimsOf("weir", nil))
	with := func(members string) string { return strings.TrimSuffix(good, "}") + "," + members + "}" }
	for name, test := range map[string]struct{ claims, reason string }{
		"exp twice":        {with(`"exp":4102444800`), "twice"},
		"sub twice":        {with(`"s\u0075b":"root"`), "twice"},
		"deep duplicate":   {with(`"x":{"y":{"a":1,"a":2}}`), "twice"},
		"exp 1e400":        {`{"exp":1e400}`, "out of range"},
		"deep 1e400":       {with(`"x":[{"y":-1e400}]`), "out of range"},
		"exp NaN":          {`{"exp":NaN}`, "not one JSON value"},
		"exp Infinity":     {`{"exp":Infinity}`, "not one JSON value"},
		"exp in hex":       {`{"exp":0xffffffff}`, "not one JSON value"},
		"list":             {`[` + good + `]`, "not a JSON object"},
		"text":             {`"x"`, "not a JSON object"},
		"number":           {`1`, "not a JSON object"},
		"two":              {good + good, "not one JSON value"},
		"trailing garbage": {good + "x", "not one JSON value"},
		"Latin-1":          {with("\"x\":\"\xe9\""), "UTF-8"},
		"overlong":         {with("\"x\":\"\xc0\xaf\""), "UTF-8"},
		"lone surrogate":   {with(`"x":"\udfff"`), "UTF-8"},
		"surrogate name":   {with(`"\ud83d":1`), "UTF-8"},
		"NUL outside":      {good + "\x00", "not one JSON value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verify(verifier, mintOwn(ownHeader, test.claims))
			requireRefused(t, err, test.reason)
		})
	}
	_, err := verify(verifier, mintOwn("\r\n "+ownHeader+" ", "\t"+good+"\n"))
	require.NoError(t, err, "white space around the object is JSON")
}

func TestVerifyRefusesForm(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, ownConfig())
	good := mintOwn(ownHeader, toJSON(claimsOf("weir", nil)))
	_, err := verify(verifier, good)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	// An HS256 signature has 43 characters, of whose last one two bits are unused.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])

	for name, raw := range map[string]string{
		"empty":                 "",
		"two parts":             parts[0] + "." + parts[1],
		"four parts":            good + ".x",
		"five parts":            good + ".x.y",
		"no signature":          parts[0] + "." + parts[1] + ".",
		"no header":             "." + parts[1] + "." + parts[2],
		"no claims":             parts[0] + ".." + parts[2],
		"trailing space":        good + " ",
		"trailing line break":   good + "\n",
		"leading space":         " " + good,
		"line break inside":     parts[0] + "." + parts[1] + "." + parts[2][:20] + "\r\n" + parts[2][20:],
		"line break in header":  parts[0][:4] + "\n" + parts[0][4:] + "." + parts[1] + "." + parts[2],
		"padded":                good + "=",
		"padded header":         parts[0] + "=." + parts[1] + "." + parts[2],
		"unused bits set":       good[:len(good)-1] + alphabet[last|1:last|1+1],
		"standard alphabet":     parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:],
		"percent-encoded":       strings.Replace(good, ".", "%2e", 1),
		"Bearer":                "Bearer " + good,
		"signature cut":         good[:len(good)-4],
		"signature longer":      good + "AAAA",
		"signature of another":  parts[0] + "." + parts[1] + "." + encode(make([]byte, 32)),
		"claims of another":     parts[0] + "." + encode([]byte(toJSON(claimsOf("weir", map[string]any{"sub": "root"})))) + "." + parts[2],
		"over 8 KiB":            mintOwn(ownHeader, toJSON(claimsOf("weir", map[string]any{"x": strings.Repeat("x", 8<<10)}))),
		"very long":             strings.Repeat(".", 1<<20),
		"JSON serialization":    `{"payload":"` + parts[1] + `","signatures":[]}`,
		"unsecured":             encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"unsecured with a part": encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verify(verifier, raw)
			requireRefused(t, err, "")
		})
	}
}

func TestVerifyAllowsClocksToDiffer(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	cfg := ownConfig()
	cfg.Now = func() time.Time { return now }
	verifier := newVerifier(t, cfg)
	changed := func(name string, offset int64) error {
		changes := map[string]any{"iat": nil, "exp": now.Unix() + 60}
		changes[name] = now.Unix() + offset
		_, err := verify(verifier, mintOwn(ownHeader, toJSON(claimsOf("weir", changes))))
		return err
	}

	require.NoError(t, changed("exp", -29))
	requireRefused(t, changed("exp", -30), "expired")
	require.NoError(t, changed("nbf", 30))
	requireRefused(t, changed("nbf", 31), "not valid yet")
	require.NoError(t, changed("iat", 30))
	requireRefused(t, changed("iat", 31), "future")
}

func TestVerifyKeepsIssuersApart(t *testing.T) {
	t.Parallel()
	k := keys()
	public := must(x509.MarshalPKIXPublicKey(&k.rsa.PublicKey))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	issuer := newStubIssuer(jwk("k", &k.rsa.PublicKey, nil), jwk("ed", k.ed.Public(), nil))
	verifier := newVerifier(t, idpConfig(issuer))
	ofIDP, own := toJSON(claimsOf(idp, nil)), toJSON(claimsOf("weir", nil))

	for name, test := range map[string]struct{ raw, reason string }{
		"HS256 with the public key in PEM": {mintRaw(jwt.SigningMethodHS256, publicPEM, `{"alg":"HS256","kid":"k"}`, ofIDP), "algorithm"},
		"HS256 with the public key in DER": {mintRaw(jwt.SigningMethodHS256, public, `{"alg":"HS256","kid":"k"}`, ofIDP), "algorithm"},
		"HS256 with the modulus":           {mintRaw(jwt.SigningMethodHS256, k.rsa.N.Bytes(), `{"alg":"HS256","kid":"k"}`, ofIDP), "algorithm"},
		"iss of the IdP, own key":          {mintOwn(ownHeader, ofIDP), "algorithm"},
		"own iss, key of the IdP":          {mintRaw(jwt.SigningMethodRS256, k.rsa, `{"alg":"RS256","kid":"k"}`, own), "algorithm"},
		"own iss, Ed25519 key of the IdP":  {mintRaw(jwt.SigningMethodEdDSA, k.ed, `{"alg":"EdDSA","kid":"ed"}`, own), "algorithm"},
		"alg of another type of key":       {mintRaw(jwt.SigningMethodES256, k.ec, `{"alg":"ES256","kid":"k"}`, ofIDP), "algorithm"},
		"EdDSA with an RSA kid":            {mintRaw(jwt.SigningMethodEdDSA, k.ed, `{"alg":"EdDSA","kid":"k"}`, ofIDP), "algorithm"},
		"RS512":                            {mintRaw(jwt.SigningMethodRS512, k.rsa, `{"alg":"RS512","kid":"k"}`, ofIDP), "algorithm"},
		"RS256 signed as PS256":            {mintRaw(jwt.SigningMethodPS256, k.rsa, `{"alg":"RS256","kid":"k"}`, ofIDP), "signature"},
		"another RSA key":                  {mintRS256(k.otherRSA, "k", nil), "signature"},
		"expired, of the IdP":              {mintRS256(k.rsa, "k", map[string]any{"exp": 1}), "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verify(verifier, test.raw)
			requireRefused(t, err, test.reason)
		})
	}
}

// The keys that a header brings along or points to would be its author's own.
func TestVerifyFollowsNoHeader(t *testing.T) {
	t.Parallel()
	k := keys()
	issuer := newStubIssuer(jwk("k", &k.rsa.PublicKey, nil))
	verifier := newVerifier(t, idpConfig(issuer))
	members := `"jku":"https://evil.example.com/keys","x5u":"https://evil.example.com/x","x5c":["AAAA"],"jwk":` +
		toJSON(jwk("k", &k.otherRSA.PublicKey, nil))
	header := `{"alg":"RS256","kid":"k",` + members + `}`
	claims := toJSON(claimsOf(idp, nil))

	_, err := verify(verifier, mintRaw(jwt.SigningMethodRS256, k.otherRSA, header, claims))
	requireRefused(t, err, "signature")
	_, err = verify(verifier, mintRaw(jwt.SigningMethodRS256, k.rsa, header, claims))
	require.NoError(t, err)
	require.Len(t, issuer.times(), 1, "only the configured URL is ever asked")
}

func TestVerifyWithoutKeysTrustsNobody(t *testing.T) {
	t.Parallel()
	verifier := newVerifier(t, token.Config{})
	for _, key := range [][]byte{nil, {}, secret} {
		mac := hmac.New(sha256.New, key)
		signed := encode([]byte(ownHeader)) + "." + encode([]byte(toJSON(claimsOf("weir", nil))))
		mac.Write([]byte(signed))
		_, err := verify(verifier, signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
		requireRefused(t, err, "issuer")
	}
}
