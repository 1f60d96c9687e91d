package token_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tenant/token"
)

// setup makes an issuer that publishes one RSA key as "old". It is called inside
// a synctest bubble, so that the verifier's timers run on the test's clock.
func setup(t *testing.T) (*token.Verifier, *stubIssuer) {
	t.Helper()
	issuer := newStubIssuer(jwk("old", &keys().rsa.PublicKey, nil))

	return newVerifier(t, idpConfig(issuer)), issuer
}

func (s *stubIssuer) rotate() {
	s.publish(jwk("old", &keys().rsa.PublicKey, nil), jwk("new", &keys().otherRSA.PublicKey, nil))
}

func oldToken() string { return mintRS256(keys().rsa, "old", nil) }
func newToken() string { return mintRS256(keys().otherRSA, "new", nil) }

// pass lets time pass, and all that is due in it happen.
func pass(duration time.Duration) {
	<-time.After(duration)
	synctest.Wait()
}

func TestKeysAreFetchedOnceAtTheFirstToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		synctest.Wait()
		require.Empty(t, issuer.times())

		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				_, err := verify(verifier, oldToken())
				assert.NoError(t, err)
			})
		}
		group.Wait()
		require.Len(t, issuer.times(), 1)
	})
}

func TestInvalidTokensDoNotReachTheIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		for _, changes := range []map[string]any{{"exp": 1}, {"aud": "other"}, {"iss": "https://other.example.com"}} {
			_, err := verify(verifier, mintRS256(keys().rsa, "unknown", changes))
			require.ErrorIs(t, err, token.ErrRefused)
		}
		_, err := verify(verifier, mintOwn(ownHeader, toJSON(claimsOf(idp, nil))))
		requireRefused(t, err, "algorithm")
		synctest.Wait()
		require.Empty(t, issuer.times())
	})
}

func TestKeysAreRefreshedInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		_, err := verify(verifier, oldToken())
		require.NoError(t, err)
		issuer.publish(jwk("new", &keys().otherRSA.PublicKey, nil))
		pass(10 * time.Minute)
		require.Len(t, issuer.times(), 2)

		_, err = verify(verifier, newToken())
		require.NoError(t, err)
		require.Len(t, issuer.times(), 2)
		_, err = verify(verifier, oldToken())
		requireRefused(t, err, "signing key is not known")
	})
}

func TestKeysOutliveAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		_, err := verify(verifier, oldToken())
		require.NoError(t, err)
		issuer.setDown(true)
		issuer.rotate()
		pass(50 * time.Minute)

		_, err = verify(verifier, oldToken())
		require.NoError(t, err)
		_, err = verify(verifier, newToken())
		requireRefused(t, err, "could not be fetched")
		require.ErrorContains(t, err, "connection refused")

		issuer.setDown(false)
		pass(30 * time.Second)
		before := len(issuer.times())
		_, err = verify(verifier, newToken())
		require.NoError(t, err)
		require.Len(t, issuer.times(), before, "the fetch was tried again unasked")
	})
}

func TestRotatedKeyWaitsForTheCooldown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		start := time.Now()
		_, err := verify(verifier, oldToken())
		require.NoError(t, err)
		issuer.rotate()

		_, err = verify(verifier, newToken())
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, time.Since(start))

		pass(time.Minute)
		start = time.Now()
		_, err = verify(verifier, mintRS256(keys().rsa, "unknown", nil))
		requireRefused(t, err, "signing key is not known")
		require.Zero(t, time.Since(start), "after the cooldown nobody waits")
	})
}

// A fetch that was under way when the token came may have missed its key.
func TestTokenOutlastsAFetchThatBeganBeforeIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		answer := make(chan struct{})
		issuer.setHold(answer)
		var group sync.WaitGroup
		group.Go(func() {
			_, err := verify(verifier, oldToken())
			assert.NoError(t, err)
		})
		synctest.Wait()
		require.Len(t, issuer.times(), 1)

		issuer.rotate()
		group.Go(func() {
			_, err := verify(verifier, newToken())
			assert.NoError(t, err)
		})
		synctest.Wait()
		issuer.setHold(nil)
		close(answer)
		group.Wait()
		require.Len(t, issuer.times(), 2)
	})
}

func TestFloodOfUnknownKeysStarvesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		_, err := verify(verifier, oldToken())
		require.NoError(t, err)

		flood, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for i := range 200 {
			raw := mintRS256(keys().rsa, fmt.Sprint("made-up-", i), nil)
			group.Go(func() {
				for flood.Err() == nil {
					_, err := verifier.Verify(flood, raw)
					assert.ErrorIs(t, err, token.ErrRefused)
				}
			})
		}
		pass(62 * time.Second)
		issuer.rotate()
		start := time.Now()
		_, err = verify(verifier, newToken())
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(start), 5*time.Second)
		start = time.Now()
		_, err = verify(verifier, oldToken())
		require.NoError(t, err)
		require.Zero(t, time.Since(start), "known keys do not wait")
		stop()
		group.Wait()

		requests := issuer.times()
		require.Greater(t, len(requests), 10)
		for i := 1; i < len(requests); i++ {
			require.GreaterOrEqual(t, requests[i].Sub(requests[i-1]), 5*time.Second)
		}
	})
}

func TestWaitingTokensAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		_, err := verify(verifier, oldToken())
		require.NoError(t, err)
		issuer.rotate()
		stranger := mintRS256(keys().rsa, "made-up", nil)
		var group sync.WaitGroup
		for range 2048 {
			group.Go(func() {
				_, err := verify(verifier, stranger)
				assert.ErrorContains(t, err, "not known")
			})
		}
		synctest.Wait()

		start := time.Now()
		_, err = verify(verifier, newToken())
		requireRefused(t, err, "not known yet")
		require.Zero(t, time.Since(start))

		group.Wait()
		_, err = verify(verifier, newToken())
		require.NoError(t, err)
		require.Len(t, issuer.times(), 2)
	})
}

func TestWaitEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		issuer.setHold(make(chan struct{}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := verifier.Verify(ctx, oldToken())
		requireRefused(t, err, "request ended")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestWaitForASilentIssuerIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		issuer.setHold(make(chan struct{}))
		start := time.Now()
		_, err := verify(verifier, oldToken())
		requireRefused(t, err, "could not be fetched")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(start))

		pass(time.Second)
		start = time.Now()
		_, err = verify(verifier, oldToken())
		requireRefused(t, err, "could not be fetched")
		require.LessOrEqual(t, time.Since(start), 6*time.Second)
	})
}

func TestStopEndsWaitingAndFetching(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		_, err := verify(verifier, oldToken())
		require.NoError(t, err)
		var group sync.WaitGroup
		group.Go(func() {
			_, err := verify(verifier, newToken())
			assert.ErrorContains(t, err, "not known")
		})
		synctest.Wait()
		start := time.Now()
		verifier.Stop()
		verifier.Stop()
		group.Wait()
		require.Zero(t, time.Since(start))

		_, err = verify(verifier, oldToken())
		require.NoError(t, err)
		_, err = verify(verifier, newToken())
		requireRefused(t, err, "not known")
		pass(time.Hour)
		require.Len(t, issuer.times(), 1)
	})
}

func TestStopInterruptsAFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		verifier, issuer := setup(t)
		issuer.setHold(make(chan struct{}))
		var group sync.WaitGroup
		group.Go(func() {
			_, err := verify(verifier, oldToken())
			assert.ErrorIs(t, err, token.ErrRefused)
		})
		synctest.Wait()
		start := time.Now()
		verifier.Stop()
		group.Wait()
		require.Zero(t, time.Since(start))
	})
}
