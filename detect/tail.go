package detect

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// binomialTail is the probability of at least k successes in n trials that each succeed with the probability p: the exact
// one-sided binomial test (Clopper and Pearson 1934).
func binomialTail(k, n int64, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	return distuv.Binomial{N: float64(n), P: p}.Survival(float64(k - 1))
}

// silence is the probability that nothing comes where a number is expected: under the negative binomial distribution of that
// mean, whose variance is the mean times the dispersion. With a dispersion of 1 it is that of Poisson's.
func silence(expected, dispersion float64) float64 {
	if dispersion <= 1 {
		return math.Exp(-expected)
	}
	return math.Exp(-expected * math.Log(dispersion) / (dispersion - 1))
}
