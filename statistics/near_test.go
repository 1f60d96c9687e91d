package statistics

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Many calls share a place among the recent ones: each must keep its number all the same, and lose it with the others.
func TestRecentNumbersAreThoseOfTheirValues(t *testing.T) {
	t.Parallel()
	var x index[Call]
	for round := range 2 {
		for range 3 {
			require.Zero(t, x.near(Call{}, hashCall(&Call{})))
			for i := range 1000 {
				c := Call{"GET", fmt.Sprintf("/v%d/objects/%d", round, i)}
				if i%3 == 0 {
					c.Endpoint = c.Endpoint[:5]
				}
				require.Equal(t, x.number(c), x.near(c, hashCall(&c)))
				require.Equal(t, x.number(c), x.near(c, 7))
			}
		}
		require.Len(t, x.values, 667)
		x.reset()
	}
}
