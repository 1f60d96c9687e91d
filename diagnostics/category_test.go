package diagnostics

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoMendsIsCopied(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Actor{ActorCustomer, ActorTenant}, QuotaExhausted.ResolvedBy())
	QuotaExhausted.ResolvedBy()[0] = ActorProvider
	require.Equal(t, []Actor{ActorCustomer, ActorTenant}, QuotaExhausted.ResolvedBy())
	require.Empty(t, None.ResolvedBy())
}
