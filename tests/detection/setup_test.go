package detection

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tests/detection/town"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// monday is when scenarios begin: a Monday, at midnight.
var monday = time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// scenario is a world in which a town lives.
type scenario struct {
	*World
	t    *testing.T
	db   *pgtest.DB
	town *town.Town
}

// open makes a world without traffic, at monday.
func open(t *testing.T) *scenario {
	t.Helper()
	return openAt(t, monday)
}

func openAt(t *testing.T, start time.Time) *scenario {
	t.Helper()
	return resume(t, pgtest.New(t), start, Account{})
}

// resume goes on with the world that is kept in a database.
func resume(t *testing.T, db *pgtest.DB, at time.Time, account Account) *scenario {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	w, err := Resume(t.Context(), db.ServiceURL, at, account, log)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close(context.Background())) })
	return &scenario{World: w, t: t, db: db}
}

// play lets the town live up to a time.
func (s *scenario) play(to time.Time, pace Pace) {
	s.t.Helper()
	require.NoError(s.t, s.Play(s.t.Context(), s.town, to, pace))
}

// issues lists all issues that were ever open.
func (s *scenario) issues() []*Issue {
	s.t.Helper()
	got, err := s.Issues(s.t.Context(), nil)
	require.NoError(s.t, err)
	return got
}

// lasts leaves out what lives through days or weeks, which takes minutes, unless it is asked for.
func lasts(t *testing.T) {
	t.Helper()
	if os.Getenv("WEIR_TEST_LONG") == "" {
		t.Skip("it lives through weeks: make test-detection runs it")
	}
}

func lower(s string) string { return strings.ToLower(s) }
