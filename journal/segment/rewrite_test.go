package segment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
)

func TestRewriteKeepsWhatIsLeftAsItIsLeft(t *testing.T) {
	t.Parallel()
	entries := newGenerator(5).entries(300)
	enc := *encoded(t, entries)
	n := 0
	got, err := Rewrite(enc, func(e *entry.Entry) bool {
		n++
		e.Detail = &entry.Detail{Metadata: e.Detail.Metadata}
		return n%3 > 0
	})
	require.NoError(t, err)
	require.Equal(t, 300, n)
	require.Equal(t, 200, got.Entries)
	require.Less(t, len(got.Body), len(enc.Body))
	require.Less(t, len(got.Tokens), len(enc.Tokens), "words of what went are gone too")
	left, err := got.Unpack()
	require.NoError(t, err)
	for i, e := range left {
		want := *entries[i/2*3+i%2]
		want.Detail = &entry.Detail{Metadata: want.Detail.Metadata}
		requireSame(t, []*entry.Entry{&want}, []*entry.Entry{e})
	}

	none, err := Rewrite(enc, func(*entry.Entry) bool { return false })
	require.NoError(t, err)
	require.Zero(t, none.Entries)
	enc.Body = enc.Body[:len(enc.Body)-1]
	_, err = Rewrite(enc, func(*entry.Entry) bool { return true })
	require.ErrorIs(t, err, ErrDamaged)
}
