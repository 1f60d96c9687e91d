package segment

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// edgesIn are the edges of a text, found one byte after the other.
func edgesIn(text []byte) []uint32 {
	edges := []uint32{0}
	for i := 1; i < len(text); i++ {
		class := coderClasses[text[i]]
		if class != coderClasses[text[i-1]] || class == coderHigh {
			edges = append(edges, uint32(i))
		}
	}
	return append(edges, uint32(len(text)))
}

func TestEdgesAreWhereAnotherClassBegins(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", "Z", "0", "9", " ", "@", "[", "`", "{", "/", ":", "\x00", "\x80", "\xff", "\xe1", "\xb0", "order", "12345", "a1", "1a", `":{"`, "é"}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		var text []byte
		for range 1 + r.IntN(4*edgeBlock) {
			text = append(text, pieces[r.IntN(len(pieces))]...)
		}
		if seed%5 == 0 { // nothing but one long run, after some
			for range 3 * edgeBlock {
				text = append(text, 'x')
			}
		}
		padded := slices.Concat(text, make([]byte, 2*scanAhead))
		var f edgeFinder
		var got []uint32
		f.begin()
		for f.more(padded, len(text)) {
			got = append(got, f.list[:f.n-1]...)
		}
		require.Equal(t, edgesIn(text), append(got, uint32(len(text))), seed)
	}
}
