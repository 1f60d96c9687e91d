package stamp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyWhatHeldLaterReplaces(t *testing.T) {
	t.Parallel()
	s := Set{}
	require.True(t, s.Take("name", 2))
	require.False(t, s.Take("name", 1))
	require.True(t, s.Take("name", 2), "of the same microsecond the later to arrive wins")
	require.True(t, s.Take("other", 1))
	require.Equal(t, Set{"name": 2, "other": 1}, s)
}
