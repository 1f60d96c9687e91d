package issues

import "math"

// tail is the chance that a Poisson variable of the mean lambda is at least n: how likely so many are when nothing is
// wrong. It is 1 where n is no more than the mean.
func tail(n int64, lambda float64) float64 {
	if float64(n) <= lambda || n <= 0 {
		return 1
	}
	if lambda <= 0 {
		return 0
	}
	k := float64(n)
	logGamma, _ := math.Lgamma(k + 1)
	term := math.Exp(k*math.Log(lambda) - lambda - logGamma)
	sum := term
	// The terms shrink by lambda/k, which is below 1 from here on.
	for i := k + 1; term > sum*1e-12; i++ {
		term *= lambda / i
		sum += term
	}
	return min(sum, 1)
}
