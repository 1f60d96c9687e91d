package diagnostics

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func builtin(tb testing.TB) *Catalogue {
	tb.Helper()
	c, err := Builtin()
	require.NoError(tb, err)
	return c
}

func TestAPlainSuccessIsNothing(t *testing.T) {
	t.Parallel()
	for _, o := range []Observation{
		{Status: 200, Body: `{"id":1,"note":"the card expired, and the rate limit was exceeded"}`},
		{Status: 204},
		{Status: 304},
		{Status: 200, Body: `{"data":{"errors":[]},"errors":[],"error":null,"success":true,"ok":true}`},
		{Status: 200, Body: `{"code":0,"message":"no error"}`},
		{Status: 200, Body: `{"code":200,"message":"nothing failed"}`},
		{Status: 200, Method: "GET", Body: `{"data":[{"status":"error","message":"a job that failed"}]}`},
		{Status: 200, Body: `<orders><order status="error">7</order></orders>`},
		{Status: 200, Body: "\"Id\",\"Error\"\n\"1\",\"\"\n"},
		{Status: 200, Headers: []Header{{Name: "Access-Control-Expose-Headers", Value: "Sunset, Deprecation"}}, Body: `{"ok":true}`},
	} {
		d := builtin(t).Diagnose(&o)
		require.Equal(t, None, d.Category, "%+v %+v", o, d)
		require.InDelta(t, 1, d.Confidence, 0)
		require.Empty(t, d.Steps)
	}
}

func TestDiagnoses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		Observation
		want Category
	}{
		{"200 that says no", Observation{Status: 200, Body: `{"ok":false,"error":"token_revoked"}`}, AuthTokenRevoked},
		{"200 with a code", Observation{Status: 200, Body: `{"code":40105,"message":"Access token is incorrect or has been revoked","request_id":"x","data":{}}`}, AuthTokenRevoked},
		{"200 of a wrapped form", Observation{Status: 200, Body: `{"json":{"errors":[["NO_TEXT","title is required","title"]]}}`}, ValidationRequiredField},
		{"a record that failed", Observation{Status: 200, Method: "POST", Body: `{"data":[{"status":"error","code":"DUPLICATE_DATA","message":"duplicate data"}]}`}, DuplicateRecordConflict},
		{"GraphQL", Observation{Status: 200, Body: `{"data":null,"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}`}, RateLimited},
		{"SOAP", Observation{Status: 500, Body: `<soap:Envelope xmlns:soap="s"><soap:Body><soap:Fault><faultcode>x</faultcode><faultstring>Invalid username or password</faultstring></soap:Fault></soap:Body></soap:Envelope>`}, AuthInvalidCredentials},
		{"SOAP of success", Observation{Status: 200, Body: `<e:Envelope xmlns:e="s"><e:Body><r><status isSuccess="false"><statusDetail><message>That record does not exist.</message></statusDetail></status></r></e:Body></e:Envelope>`}, ResourceNotFound},
		{"refresh", Observation{Status: 400, Method: "POST", URL: "https://auth.example.com/oauth/token", Body: `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`}, OAuthRefreshFailed},
		{"client", Observation{Status: 401, URL: "https://auth.example.com/oauth/token", Body: `{"error":"invalid_client"}`}, OAuthAppMisconfigured},
		{"scope by header", Observation{Status: 403, Headers: []Header{{Name: "WWW-Authenticate", Value: `Bearer error="insufficient_scope"`}}}, PermissionMissingScope},
		{"bare 401", Observation{Status: 401}, AuthInvalidCredentials},
		{"problem details", Observation{Status: 422, Body: `{"type":"about:blank","title":"Your request is not valid.","errors":[{"detail":"must be a positive integer","pointer":"#/age"}]}`}, ValidationInvalidValue},
		{"JSON:API", Observation{Status: 422, Body: `{"errors":[{"source":{"pointer":"/data/attributes/name"},"title":"Invalid Attribute","detail":"Name can't be blank"}]}`}, ValidationRequiredField},
		{"Go", Observation{TransportError: `Get "https://x.example": dial tcp: lookup x.example: no such host`}, NetworkUnreachable},
		{"Java", Observation{TransportError: "java.net.SocketTimeoutException: Read timed out"}, NetworkTimeout},
		{"Python", Observation{TransportError: "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"}, TLSCertificateError},
		{"Ruby", Observation{TransportError: "Net::OpenTimeout: execution expired"}, NetworkTimeout},
		{".NET", Observation{TransportError: "No connection could be made because the target machine actively refused it."}, NetworkUnreachable},
		{"curl", Observation{TransportError: "curl: (60) SSL certificate problem: self signed certificate"}, TLSCertificateError},
		{"Cloudflare", Observation{Status: 403, Body: "<html><head><title>Just a moment...</title></head></html>"}, IPBlockedOrWAF},
		{"nginx", Observation{Status: 502, Body: "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"}, ProviderUnavailable},
		{"F5", Observation{Status: 200, Body: "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please consult with your administrator.<br>Your support ID is: 1</body></html>", Failed: true}, IPBlockedOrWAF},
		{"what the transport says is not said by bodies", Observation{Status: 400, Body: `{"message":"Subscription validation request timed out."}`}, WebhookSubscriptionProblem},
		{"deprecation", Observation{Status: 200, Headers: []Header{{Name: "Sunset", Value: "Sat, 31 Dec 2026 23:59:59 GMT"}}}, DeprecationWarning},
		{"webhook", Observation{Direction: "inbound_webhook", Status: 401, Body: "No signatures found matching the expected signature for payload"}, WebhookSignatureInvalid},
		{"quota", Observation{Status: 429, Body: `{"message":"You have exceeded your daily limit of 10000 requests"}`}, QuotaExhausted},
		{"minute", Observation{Status: 403, Body: `{"message":"Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'"}`}, RateLimited},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := builtin(t).Diagnose(&test.Observation)
			require.Equal(t, test.want, d.Category, "%+v", d)
			require.NotEmpty(t, d.Title)
			require.NotEmpty(t, d.Cause)
			require.NotEmpty(t, d.ResolvedBy)
			require.NotEmpty(t, d.Steps)
			require.NotEmpty(t, d.Signals)
		})
	}
}

func TestFieldsAreFoundByNameAndByTheEndOfTheirPath(t *testing.T) {
	t.Parallel()
	c := takeApart(`{"outer":{"error":{"code":7}},"items":[{"code":"x"}]}`)
	for name, value := range map[string]string{"code": "7", "error.code": "7", "outer.error.code": "7", "items.code": "x"} {
		require.NotNil(t, c.find(&wantedField{name, []string{value}}), name)
	}
	for name, value := range map[string]string{"ode": "7", "r.code": "7", "items.code": "7", "outer": "7"} {
		require.Nil(t, c.find(&wantedField{name, []string{value}}), name)
	}
}

func TestPathsAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 30<<10)
	var b strings.Builder
	for range 3000 {
		b.WriteString(`,"b":{"c":{}}`)
	}
	c := takeApart(`{"` + long + `":{"a":1` + b.String()[:33<<10])
	require.Len(t, c.fields, mostFields)
	require.Equal(t, long+".b.c", c.fields[1].path)
	require.Zero(t, c.paths.Len(), "what is long is not kept beside others")

	c = takeApart(`{"a":{"a":1` + b.String() + "}}")
	require.Equal(t, "a.b.c", c.fields[mostFields-1].path)
	require.Less(t, c.paths.Len(), mostFields*3*len("a.b.c"), "nor is what is beyond the fields that are looked at")
}

func TestEachCategoryHasAdvice(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	for category := range resolvers {
		a := c.advice[category]
		require.NotEmpty(t, a.Title, category)
		require.NotEmpty(t, a.Cause, category)
		require.NotEmpty(t, a.Steps, category)
	}
}

func own(t *testing.T, files map[string]string) (*Catalogue, error) {
	t.Helper()
	from := fstest.MapFS{}
	for name, text := range files {
		from[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return builtin(t).With(from)
}

func TestOwnEntriesWin(t *testing.T) {
	t.Parallel()
	c, err := own(t, map[string]string{"all.yaml": `{version: 1, entries: [{id: ours, when: {text: [E-1234]}, category: account_plan_limit, confidence: 0.5,
  title: The old plan, steps: [{actor: CUSTOMER, text: Call us.}]}]}`, "sub/one.yml": `{version: 1, provider: acme_billing, entries: [
  {id: theirs, when: {text: [E-77]}, category: account_plan_limit, confidence: 0.5}]}`, "notes.txt": "no catalogue"})
	require.NoError(t, err)
	o := Observation{Status: 429, Body: "Rate limit exceeded: E-1234"}
	d := c.Diagnose(&o)
	require.Equal(t, AccountPlanLimit, d.Category)
	require.Equal(t, "The old plan", d.Title)
	require.Equal(t, RateLimited, d.Others[0].Category)
	require.Equal(t, RateLimited, builtin(t).Diagnose(&o).Category)

	require.Equal(t, AccountPlanLimit, c.Diagnose(&Observation{Provider: "Acme-Billing", Status: 429, Body: "E-77"}).Category)
	require.Equal(t, RateLimited, c.Diagnose(&Observation{Provider: "other", Status: 429, Body: "E-77"}).Category)
}

func TestWhatIsWrongWithEntriesIsNamed(t *testing.T) {
	t.Parallel()
	_, err := own(t, map[string]string{
		"bad.yaml":    `{version: 1, entries: [{id: bad, category: nonsense, confidence: 2}, {id: bad, when: {status: ["4x"], pattern: "("}, category: none, confidence: 1}]}`,
		"old.yaml":    `{version: 7, entries: []}`,
		"broken.yaml": `{version: 1, entries: [{id: x, unheard: of}]}`,
	})
	for _, part := range []string{
		`bad.yaml: entry "bad"`, "nonsense", "confidence 2", "no condition", "not the only one", `"4x"`, "missing closing", "old.yaml: version 7", "broken.yaml", "unheard",
	} {
		require.ErrorContains(t, err, part)
	}
}

// The index is a quick way, and no other: it finds what trying all entries finds.
func TestTheIndexMissesNothing(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	list := readLabelled(t)
	for i := range list {
		f := newFacts(list[i].observation())
		said := c.index.phrases.in(f)
		var want, got []string
		for _, e := range c.generic {
			if e.holds(f, said, nil) {
				want = append(want, e.ID)
			}
		}
		for _, m := range c.matches(f, nil) {
			got = append(got, m.ID)
		}
		slices.Sort(want)
		slices.Sort(got)
		require.Equal(t, want, got, list[i].ID)
	}
}

func FuzzDiagnose(f *testing.F) {
	f.Add("https://api.example.com/x", 400, `{"error":{"code":"x"}}`, "", "Retry-After")
	f.Add("", 0, "<a><b/></a>", "EOF", "")
	f.Add("::", 200, "a=b&c=%zz", "", "sunset")
	f.Fuzz(func(t *testing.T, address string, status int, body, transport, header string) {
		o := Observation{URL: address, Status: status, Body: body, TransportError: transport, Headers: []Header{{Name: header, Value: "x"}}}
		d := builtin(t).Diagnose(&o)
		require.True(t, d.Category.ofEntry())
		require.True(t, d.Confidence > 0 && d.Confidence <= 1)
		if d.Category != None {
			require.NotEmpty(t, d.Title)
		}
		again := builtin(t).Diagnose(&o)
		require.Equal(t, d, again)
	})
}

func TestFormIsReadTheSameEachTime(t *testing.T) {
	t.Parallel()
	const body = "error=invalid_grant&error_description=expired&a=one&b=two&c=three&d=four"
	first := takeApart(body)
	require.Contains(t, string(first.words.b), "expired")
	for range 50 {
		require.Equal(t, string(first.words.b), string(takeApart(body).words.b))
	}
}

// A verdict is the diagnosis without its words.
func TestAVerdictIsTheDiagnosis(t *testing.T) {
	t.Parallel()
	c, err := builtin(t).WithOwn(ownText("mine", "invalid*, not", "quota_exhausted"))
	require.NoError(t, err)
	list := readLabels(t, filepath.Join("testdata", "answers.jsonl"))
	for i := range list {
		o := list[i].observation()
		d, v := c.Diagnose(o), c.Verdict(o)
		require.Equal(t, Diagnosis{Category: d.Category, Sub: d.Sub, Confidence: d.Confidence, Entry: d.Entry, Generic: d.Generic}, v, list[i].ID)
	}
}

// What is used again for the next diagnosis brings nothing of the one before into it.
func TestDiagnosesAtOnceAreThoseOfOneByOne(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	list := readLabels(t, filepath.Join("testdata", "answers.jsonl"))
	want := make([]Diagnosis, len(list))
	for i := range list {
		want[i] = c.Diagnose(list[i].observation())
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range list {
				i = (i + g*len(list)/4) % len(list)
				if d := c.Diagnose(list[i].observation()); !assert.Equal(t, want[i], d) {
					return
				}
			}
		})
	}
	all.Wait()
}
