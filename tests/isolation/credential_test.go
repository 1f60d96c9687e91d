package isolation

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// status is what a credential is answered when it asks, and when it sends an event.
func (w *world) status(t *testing.T, credential string) (asking, sending int) {
	t.Helper()
	c := &caller{url: w.url, credential: credential}
	asking, _ = c.post(t, "/graphql", []byte(`{"query":"{ viewer { kind } }"}`))
	sending, raw := c.post(t, "/v1/events", []byte(`{"events":[]}`))
	if sending == http.StatusAccepted {
		require.NotContains(t, string(raw), `"error"`)
	}
	return asking, sending
}

// keysDoWhatTheirScopeSays and nothing more.
func (w *world) keysDoWhatTheirScopeSays(t *testing.T) {
	t.Parallel()
	ingest, read, admin := w.b.callers["key INGEST"], w.b.callers["key READ"], w.b.callers["key ADMIN"]
	for _, f := range w.schema.types["Query"].Fields {
		var args []string
		for _, in := range f.Args {
			switch {
			case in.required() && in.Type.named().Name == "String":
				args = append(args, in.Name+`: "x"`)
			case in.required():
				args = append(args, in.Name+": "+w.literal(t, "Query."+f.Name, in, w.seenOfA.idsOf("Customer")[0]))
			}
		}
		text := f.Name
		if len(args) > 0 {
			text += "(" + strings.Join(args, ", ") + ")"
		}
		a := ingest.ask(t, "{ "+text+w.schema.glance(f.Type.named())+" }", nil)
		require.Len(t, a.Errors, 1, f.Name)
		require.Equal(t, "FORBIDDEN", a.Errors[0].code(), "%s: %s", f.Name, a.Errors[0].Message)
	}
	for _, c := range []*caller{read, admin, w.b.owner, w.b.callers["customer"]} {
		_, sending := w.status(t, c.credential)
		require.Equal(t, http.StatusForbidden, sending, c.name)
	}
	asking, sending := w.status(t, ingest.credential)
	require.Equal(t, http.StatusOK, asking, "the answer is a GraphQL error")
	require.Less(t, sending, http.StatusUnauthorized)
}

// endedKeysAreRefused within the five seconds that the documentation promises.
func (w *world) endedKeysAreRefused(t *testing.T) {
	t.Parallel()
	expires := time.Now().Add(2 * time.Second)
	expiring := w.c.createKey(t, tenant.ScopeRead, expires)
	revoked := w.c.createKey(t, tenant.ScopeRead, time.Time{})
	for _, k := range []key{expiring, revoked} {
		asking, _ := w.status(t, k.secret)
		require.Equal(t, http.StatusOK, asking)
	}
	w.c.owner.must(t, nil, `mutation { revokeApiKey(input: {id: "`+revoked.id+`"}) { userErrors { message } } }`, nil)
	for _, k := range []key{expiring, revoked} {
		require.Eventually(t, func() bool {
			asking, sending := w.status(t, k.secret)
			return asking == http.StatusUnauthorized && sending == http.StatusUnauthorized
		}, 5*time.Second, 100*time.Millisecond)
	}
}

// forgedTokensAreRefused whatever they claim.
func (w *world) forgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	other, err := token.ParseSigningKey(newKey('o'))
	require.NoError(t, err)
	forger := w.tokens
	forger.SigningKey = other
	ofB := token.Claims{Subject: "a", Tenant: w.b.tenant.Slug, Role: "OWNER"}
	genuine := w.a.owner.credential
	parts := strings.Split(genuine, ".")
	for name, credential := range map[string]string{
		"another's key":              w.sign(t, forger, ofB),
		"another's key, tenant's id": w.sign(t, forger, token.Claims{Subject: "a", Tenant: w.b.tenant.ID.String(), Role: "OWNER"}),
		"changed claims":             parts[0] + "." + retold(t, parts[1], w.b.tenant.Slug) + "." + parts[2],
		"no signature":               encode(t, map[string]any{"alg": "none", "typ": "JWT"}) + "." + retold(t, parts[1], w.b.tenant.Slug) + ".",
		"no role":                    w.sign(t, w.tokens, token.Claims{Subject: "a", Tenant: w.b.tenant.Slug}),
		"no tenant":                  w.sign(t, w.tokens, token.Claims{Subject: "a", Role: "OWNER"}),
		"customer of another tenant": w.b.limited(t, w.customerOf(w.seenOfA, "only-a-customer")),
		"customer that b has not":    w.b.limited(t, "only-a-customer"),
		"not a key":                  "weir_" + strings.Repeat("0", 43),
	} {
		asking, sending := w.status(t, credential)
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusUnauthorized}, []int{asking, sending}, name)
	}
	asking, _ := w.status(t, genuine)
	require.Equal(t, http.StatusOK, asking)
}

// customerOf is the id of a customer by its external id.
func (w *world) customerOf(seen *crawl, externalID string) string {
	for _, id := range seen.idsOf("Customer") {
		if strings.Contains(seen.dump["Customer "+id], `"externalId":"`+externalID+`"`) {
			return id
		}
	}
	return ""
}

// retold are claims of a token with another tenant.
func retold(t *testing.T, part, tenant string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	require.Contains(t, claims, "weir_tenant")
	claims["weir_tenant"] = tenant
	return encode(t, claims)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString([]byte(canonical(t, value)))
}

// openPathsNameNoTenant reads what anybody may read without a credential.
func (w *world) openPathsNameNoTenant(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, path)
		w.tenantA().unharmed(t, string(body))
		require.NotContains(t, string(body), w.a.tenant.Slug, path)
		require.NotContains(t, string(body), w.a.tenant.ID.String(), path)
	}
}
