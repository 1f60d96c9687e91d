package simulate

import (
	"math"
	"math/bits"
	"sort"
)

// random is splitmix64: eight bytes of state, so that each session can own a stream and no order of
// work between sessions changes what one of them draws. Its sequence is part of the golden tests.
type random struct{ state uint64 }

// streamOf derives an independent stream from a seed and any number of labels.
func streamOf(seed uint64, labels ...uint64) random {
	r := random{state: seed}
	for _, l := range labels {
		r.state = r.next() ^ (l * 0x9e3779b97f4a7c15)
	}
	return random{state: r.next()}
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// below returns a number in [0, n).
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n)) //nolint:gosec // n is a length or a constant, never negative
	return int(hi)                           //nolint:gosec // hi is below n
}

// between returns a number in [lo, hi].
func (r *random) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// unit returns a number in [0, 1).
func (r *random) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

func (r *random) chance(p float64) bool { return r.unit() < p }

// exponential returns a waiting time with the given mean.
func (r *random) exponential(mean float64) float64 { return -mean * math.Log(1-r.unit()) }

// logNormal returns a latency: half of all draws are below median, and sigma gives the tail.
func (r *random) logNormal(median, sigma float64) float64 {
	normal := math.Sqrt(-2*math.Log(1-r.unit())) * math.Cos(2*math.Pi*r.unit())
	return median * math.Exp(sigma*normal)
}

// zipf holds cumulative weights 1/(rank+1)^s.
type zipf []float64

func newZipf(n int, s float64) zipf {
	z := make(zipf, n)
	sum := 0.0
	for i := range z {
		sum += 1 / math.Pow(float64(i+1), s)
		z[i] = sum
	}
	return z
}

func (z zipf) rank(r *random) int {
	return sort.SearchFloat64s(z, r.unit()*z[len(z)-1])
}
