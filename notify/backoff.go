package notify

import "time"

const (
	// retryFirst is how long after the first failure the next attempt is; each is so many times later as the last, until
	// the step is the longest.
	retryFirst  = 5 * time.Second
	retryFactor = 3
	retryMost   = 4 * time.Hour
	// retryFor is how long a delivery is tried; the last attempt is at its end.
	retryFor = 24 * time.Hour
	// jitter is which part of a step is left to chance, so that what failed together does not come back together.
	jitter = 0.2
	// holdMost is how long a delivery that failed holds back all others of its endpoint, at most.
	holdMost = 5 * time.Minute
	// disableAfter is after how long of nothing but failures an endpoint is disabled.
	disableAfter = 5 * 24 * time.Hour
)

// backoff is how long to wait after so many failures. random is from 0 to 1.
func backoff(failures int, random float64) time.Duration {
	step := retryFirst
	for range failures - 1 {
		if step *= retryFactor; step >= retryMost {
			step = retryMost
			break
		}
	}
	return time.Duration(float64(step) * (1 - jitter + 2*jitter*random))
}

// nextAttempt is when to try again what failed now for the given time, and false when it is over. A receiver that asked
// for more time gets it.
func nextAttempt(now, giveUp time.Time, failures int, after time.Duration, random float64) (time.Time, bool) {
	if !now.Before(giveUp) {
		return time.Time{}, false
	}
	at := now.Add(max(backoff(failures, random), after))
	if at.After(giveUp) {
		at = giveUp
	}
	return at, true
}
