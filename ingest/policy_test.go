package ingest

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant"
)

func TestRedactorsAreForgottenWhenTheyAreTooLarge(t *testing.T) {
	t.Parallel()
	p := newPolicies(nil)
	large := &tenant.Redaction{Patterns: slices.Repeat([]string{`\pL{1,900}`}, 50)}
	first, plain := uuid.UUID{1}, uuid.UUID{2}
	kept, err := p.redactor(plain, &tenant.Redaction{})
	require.NoError(t, err)
	one, err := p.redactor(first, large)
	require.NoError(t, err)
	again, err := p.redactor(first, large)
	require.NoError(t, err)
	require.Same(t, one, again)

	size := p.bytes
	require.Greater(t, size, 50*900*stepBytes-1, "a pattern of ten characters has 900 steps")
	for i := 0; p.compiled[first].redactor == one; i++ {
		require.Less(t, i, redactorBytes/size+2, "nothing is forgotten")
		_, err := p.redactor(uuid.UUID{3, byte(i)}, large)
		require.NoError(t, err)
		require.LessOrEqual(t, p.bytes, redactorBytes)
	}
	anew, err := p.redactor(plain, &tenant.Redaction{})
	require.NoError(t, err)
	require.NotSame(t, kept, anew)
}
