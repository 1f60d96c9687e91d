package town

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// randomOf derives an independent source of randomness from a seed and labels (splitmix64 over all of them).
func randomOf(seed uint64, labels ...uint64) *rand.Rand {
	s := mix(seed)
	for _, l := range labels {
		s = mix(s ^ l)
	}
	return rand.New(rand.NewPCG(s, mix(s)))
}

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func labelOf(texts ...string) uint64 {
	h := fnv.New64a()
	for _, t := range texts {
		_, _ = h.Write([]byte(t))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// poisson draws how many of what happens lambda times on average.
func poisson(r *rand.Rand, lambda float64) int {
	n, p, limit := 0, r.Float64(), math.Exp(-lambda)
	for p > limit {
		n++
		p *= r.Float64()
	}
	return n
}

// around draws a time that takes as long as median in the middle, in milliseconds.
func around(r *rand.Rand, median float64) float64 { return median * math.Exp(0.35*r.NormFloat64()) }
