package page

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
)

func TestACursorIsOfItsListAndOfThisRelease(t *testing.T) {
	t.Parallel()
	cursor := EncodeCursor("customers", "Ærø", "id")
	keys, err := DecodeCursor("customers", cursor, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"Ærø", "id"}, keys)
	for _, wrong := range []string{"", "?", cursor + "A", EncodeCursor("flows", "Ærø", "id"), EncodeCursor("customers", "Ærø")} {
		_, err := DecodeCursor("customers", wrong, 2)
		require.True(t, errs.Is(err, errs.BadInput), wrong)
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add(EncodeCursor("list", "a", "b"))
	f.Add("MQ")
	f.Fuzz(func(t *testing.T, cursor string) {
		keys, err := DecodeCursor("list", cursor, 2)
		if err != nil {
			return
		}
		again, err := DecodeCursor("list", EncodeCursor("list", keys...), 2)
		require.NoError(t, err)
		require.Equal(t, keys, again)
	})
}
