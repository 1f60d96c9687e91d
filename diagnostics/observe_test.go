package diagnostics

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
)

func TestLogEntriesAreDiagnosed(t *testing.T) {
	t.Parallel()
	no := false
	failed := func(kind entry.Kind, with func(*entry.Entry)) *entry.Entry {
		e := &entry.Entry{}
		e.Kind, e.Status = kind, entry.StatusFailure
		with(e)
		return e
	}
	for _, test := range []struct {
		name string
		of   *entry.Entry
		want Category
	}{
		{"an answer", failed(entry.KindAPIRequest, func(e *entry.Entry) {
			e.StatusCode, e.ErrorKind = 401, entry.ErrorHTTP
			e.Detail = &entry.Detail{ResponseBody: &entry.Body{Text: `{"error":"token_expired"}`}}
		}), AuthTokenExpired},
		{"what is left of an answer", failed(entry.KindAPIRequest, func(e *entry.Entry) {
			e.StatusCode, e.ErrorKind, e.ErrorCode, e.Message = 401, entry.ErrorHTTP, "token_expired", "The token has expired."
		}), AuthTokenExpired},
		{"a header", failed(entry.KindAPIRequest, func(e *entry.Entry) {
			e.StatusCode, e.ErrorKind = 403, entry.ErrorHTTP
			e.Detail = &entry.Detail{ResponseHeaders: []entry.Header{{Name: "www-authenticate", Value: `Bearer error="insufficient_scope"`}}}
		}), PermissionMissingScope},
		{"no answer", failed(entry.KindAPIRequest, func(e *entry.Entry) { e.ErrorKind = entry.ErrorTimeout }), NetworkTimeout},
		{"no name", failed(entry.KindAPIRequest, func(e *entry.Entry) { e.ErrorKind = entry.ErrorDNS }), NetworkUnreachable},
		{"no certificate", failed(entry.KindAPIRequest, func(e *entry.Entry) { e.ErrorKind = entry.ErrorTLS }), TLSCertificateError},
		{"no connection", failed(entry.KindAPIRequest, func(e *entry.Entry) { e.ErrorKind = entry.ErrorConnection }), NetworkUnreachable},
		{"a webhook", failed(entry.KindExternalWebhook, func(e *entry.Entry) {
			e.StatusCode, e.Webhook = 400, &entry.Webhook{SignatureValid: &no}
		}), WebhookSignatureInvalid},
		{"a transaction", failed(entry.KindTransaction, func(e *entry.Entry) { e.Message = "Order 7 already exists" }), DuplicateRecordConflict},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := builtin(t).Diagnose(Observe(test.of, "acme_billing"))
			require.Equal(t, test.want, d.Category, "%+v", d)
		})
	}
	e := failed(entry.KindAPIRequest, func(e *entry.Entry) { e.StatusCode, e.Status = 200, entry.StatusSuccess })
	require.Equal(t, None, builtin(t).Diagnose(Observe(e, "acme_billing")).Category)
}

// The quick look at the name of a header sees what comparing the whole of it does.
func TestHeadersThatMayWarn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Deprecation": true, "deprecation": true, "X-Api-Deprecated-At": true, "x-appdeprecated": true, "X-DEPRECATED": true, "PPDEPRECAT": true, "DDEPRECATED": true,
		"eprecat": true, "Sunset": true, "SUNSET": true, "warning": true, "Warning": true,
		"": false, "p": false, "Expect": false, "X-Powered-By": false, "Deprec": false, "DePRECAT": false, "Sunsets": false, "Warnings": false, "precat": false,
	} {
		require.Equal(t, want, warns(name), name)
	}
	r := rand.New(rand.NewPCG(1, 5)) //nolint:gosec // no secret
	parts := []string{"d", "e", "p", "r", "cat", "D", "E", "P", "R", "CAT", "eprecat", "DEPRECAT", "Sunset", "WARNING", "-"}
	for range 50_000 {
		name := ""
		for range r.IntN(9) {
			name += parts[r.IntN(len(parts))]
		}
		want := strings.EqualFold(name, "Sunset") || strings.EqualFold(name, "Warning") || strings.Contains(name, "eprecat") || strings.Contains(name, "DEPRECAT")
		require.Equal(t, want, warns(name), name)
	}
}

func BenchmarkNotable(b *testing.B) {
	e := &entry.Entry{Head: entry.Head{Kind: entry.KindAPIRequest, Status: entry.StatusSuccess}, Detail: &entry.Detail{}}
	for _, name := range []string{"Content-Type", "Content-Length", "Date", "X-Request-Id", "Cache-Control", "X-RateLimit-Remaining", "Server", "Strict-Transport-Security"} {
		e.Detail.ResponseHeaders = append(e.Detail.ResponseHeaders, entry.Header{Name: name})
	}
	for b.Loop() {
		Notable(e)
	}
}
