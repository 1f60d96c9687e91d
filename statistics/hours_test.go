package statistics

import (
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// drawHours makes hours of some durations: few, or so many that they are skipped over. Some are taken back.
func drawHours(r *rand.Rand, most int) (h hours) {
	for i := range h {
		for range r.IntN(most) {
			t := &h[i]
			t.Total++
			t.Failed += int64(r.IntN(2))
			if r.IntN(4) > 0 {
				t.Durations.Add(float64(r.IntN(5000)))
			}
			if r.IntN(50) == 0 {
				*t = Totals{Durations: Sketch{low: 7, counts: make([]int64, 3)}}
			}
		}
	}
	return h
}

func figuresOf(t *Totals) []any {
	out := []any{t.Total, t.Failed, t.Durations.Len()}
	for _, q := range []float64{0.5, 0.95, 0.99, 0.1} {
		if v := t.Percentile(q); v != nil {
			out = append(out, *v)
		}
	}
	return out
}

// Whatever hours are packed count the same: each, those of a day, and those of a part of it beside others.
func TestPackedHoursCountTheSame(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{2, 10, 200} {
		for range 20 {
			want, other := drawHours(r, most), drawHours(r, most)
			ids := []uuid.UUID{uuid.New(), uuid.New()}
			packed := packHours([]section{{ids[0], want.pack()}, {ids[1], other.pack()}})
			sections, err := openHours(packed)
			require.NoError(t, err)
			require.Equal(t, ids[1], sections[1].integrationID)
			for _, from := range []int64{0, 60 * int64(r.IntN(24))} {
				var points hours
				var sum, wantSum Totals
				to := func(minute int64) (*Totals, *Totals) {
					if minute < from {
						return nil, nil
					}
					return &points[minute/60], &sum
				}
				require.NoError(t, sections[0].add(0, to))
				clear(packed) // what points keep is their own
				packed = packHours([]section{{ids[0], want.pack()}, {ids[1], other.pack()}})
				sections, err = openHours(packed)
				require.NoError(t, err)
				if from > 0 {
					require.NoError(t, sections[1].add(0, to))
				}
				for i := range want {
					one := Totals{}
					if int64(i)*60 >= from {
						one.Merge(&want[i])
						if from > 0 {
							one.Merge(&other[i])
						}
						wantSum.Merge(&one)
					}
					require.Equal(t, figuresOf(&one), figuresOf(&points[i]))
				}
				require.Equal(t, figuresOf(&wantSum), figuresOf(&sum))
			}
		}
	}
}

func FuzzHours(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, most := range []int{3, 200} {
		h := drawHours(r, most)
		packed := packHours([]section{{uuid.New(), h.pack()}})
		f.Add(packed[:len(packed)-crc32.Size])
	}
	f.Fuzz(func(_ *testing.T, raw []byte) {
		sections, err := openHours(seal(raw))
		if err != nil {
			return
		}
		var points hours
		var sum Totals
		for i := range sections {
			// Damage that the checksum does not see breaks nothing else.
			_ = sections[i].add(0, func(minute int64) (*Totals, *Totals) { return &points[minute/60], &sum })
		}
		for i := range points {
			points[i].Percentile(0.5)
			points[i].Percentile(0.3)
		}
	})
}
