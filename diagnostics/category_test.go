package diagnostics

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoMendsIsCopied(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Actor{Customer, Tenant}, QuotaExhausted.ResolvedBy())
	QuotaExhausted.ResolvedBy()[0] = Provider
	require.Equal(t, []Actor{Customer, Tenant}, QuotaExhausted.ResolvedBy())
	require.Empty(t, None.ResolvedBy())
}
