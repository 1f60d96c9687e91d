package tenant_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

func fields(err error) (out []string) {
	for _, e := range errs.All(err) {
		out = append(out, strings.Join(e.Field, "."))
	}
	return out
}

func TestRetention(t *testing.T) {
	t.Parallel()
	b := setup(t)
	policies, err := b.store.RetentionPolicies(b.ctx)
	require.NoError(t, err)
	require.Len(t, policies, len(tenant.RetainedKinds))
	for _, p := range policies {
		require.Equal(t, 90, p.Days)
		require.Equal(t, 30, p.PayloadDays)
	}
	require.NoError(t, second(b.store.Retention(b.ctx)))

	policies, err = b.store.UpdateRetention(b.ctx, []tenant.RetentionInput{
		{Kind: "API_REQUEST", Days: 7}, {Kind: "FLOW_RUN", Days: 400, PayloadDays: ptr(0)},
	})
	require.NoError(t, err)
	require.Equal(t, []int{7, 7}, []int{policies[0].Days, policies[0].PayloadDays})
	cached, err := b.store.Retention(b.ctx)
	require.NoError(t, err)
	require.Equal(t, policies, cached.Policies, "this process sees its own change at once")
	require.Equal(t, 0, cached.Of("FLOW_RUN").PayloadDays)
	require.Equal(t, 400, cached.Of("LOG_LINE").Days)

	other := tenant.NewStore(b.door, b.clock.now)
	_, err = other.UpdateRetention(b.ctx, []tenant.RetentionInput{{Kind: "API_REQUEST", Days: 8}})
	require.NoError(t, err)
	cached, err = b.store.Retention(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 7, cached.Of("API_REQUEST").Days)
	b.clock.move(5 * time.Second)
	cached, err = b.store.Retention(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 8, cached.Of("API_REQUEST").Days, "others see it after five seconds")

	_, err = b.store.UpdateRetention(b.ctx, []tenant.RetentionInput{
		{Kind: "LOG_LINE", Days: 0}, {Kind: "FLOW_RUN", Days: 10, PayloadDays: ptr(11)}, {Kind: "FLOW_RUN", Days: 401},
	})
	require.Equal(t, []string{"policies.0.kind", "policies.0.days", "policies.1.payloadDays", "policies.2.kind", "policies.2.days"}, fields(err))
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	empty, err := b.store.RedactionPolicy(b.ctx)
	require.NoError(t, err)
	require.NotNil(t, empty.Headers)
	first, err := b.store.Redaction(b.ctx)
	require.NoError(t, err)
	again, err := b.store.Redaction(b.ctx)
	require.NoError(t, err)
	require.Same(t, first, again)

	in := tenant.RedactionInput{Headers: []string{"X-Ours"}, Fields: []string{"iban", "it's \"so\""}, Patterns: []string{`\d{4}-\d{4}`}}
	_, err = b.store.UpdateRedaction(b.ctx, in)
	require.NoError(t, err)
	_, err = b.store.UpdateRedaction(b.ctx, in)
	require.NoError(t, err)
	stored, err := b.store.Redaction(b.ctx)
	require.NoError(t, err)
	require.Equal(t, in.Headers, stored.Headers)
	require.Equal(t, in.Fields, stored.Fields)
	require.Equal(t, in.Patterns, stored.Patterns)

	_, err = b.store.UpdateRedaction(b.ctx, tenant.RedactionInput{
		Headers:  []string{"", "a\nb", strings.Repeat("x", 201), "--"},
		Fields:   slices.Repeat([]string{"x"}, 201),
		Patterns: []string{"(", "a*", strings.Repeat("x", 501), "fine", "a\x00"},
	})
	require.Equal(t, []string{
		"headers.0", "headers.1", "headers.2", "headers.3", "fields", "patterns.0", "patterns.1", "patterns.2", "patterns.4",
	}, fields(err))
	_, err = b.store.UpdateRedaction(b.ctx, tenant.RedactionInput{Patterns: slices.Repeat([]string{"x"}, 51)})
	require.Equal(t, []string{"patterns"}, fields(err))
}
