package token

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A timer that fired while it was being replaced must not begin a fetch of its
// own: two would run at once, within the cooldown.
func TestReplacedTimerFetchesNothing(t *testing.T) {
	t.Parallel()
	cfg, err := Config{Issuer: "idp", JWKSURL: "https://login.example.com/keys"}.resolve()
	require.NoError(t, err)
	r := newRemoteKeys(cfg)
	t.Cleanup(r.stop)
	fetched := 0
	r.fetch = func(context.Context) (keySet, error) { fetched++; return nil, nil }
	r.schedule(time.Now().Add(2 * time.Hour))
	replaced := r.timerFor
	r.schedule(time.Now().Add(time.Hour))

	r.runOnce(replaced)
	require.Zero(t, fetched)
	r.runOnce(r.timerFor)
	require.Equal(t, 1, fetched)
}
