package directory_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
)

func TestAdoptionCountsCustomers(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return begin.AddDate(0, 0, n) }
	stays, joins, leaves, visits, twice := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	lives := []directory.Life{
		{CustomerID: stays, From: day(-9)},
		{CustomerID: joins, From: day(1).Add(time.Hour)},
		{CustomerID: leaves, From: day(-9), Until: day(1).Add(time.Hour)},
		{CustomerID: visits, From: day(0).Add(time.Hour), Until: day(1).Add(time.Hour)},
		{CustomerID: twice, From: day(-9), Until: day(0).Add(time.Hour)},
		{CustomerID: twice, From: day(0).Add(time.Minute)},
	}
	a := directory.AdoptionOf(lives, day(0), []time.Time{day(1), day(2), day(3)})
	require.Equal(t, directory.Adoption{Connected: 3, Added: 1, Removed: 1, Series: []int{4, 3, 3}}, a)
	require.Zero(t, directory.AdoptionOf(nil, day(0), []time.Time{day(1)}).Connected)
}
