package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
)

func TestMaySkip_OnlyWhenAskedAndNeverInCI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		skip, ci string
		want     bool
	}{
		{"", "", false},
		{"0", "", false},
		{"1", "", true},
		{"1", "false", true},
		{"1", "true", false},
		{"1", "1", false},
	} {
		env := map[string]string{"WEIR_TEST_SKIP_DB": c.skip, "CI": c.ci}
		require.Equal(t, c.want, maySkip(func(name string) string { return env[name] }), "%+v", c)
	}
}

func TestSweep_SparesTheYoungAndTheUsed(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	old, used := filepath.Join(tmp, dirPrefix+"old"), filepath.Join(tmp, dirPrefix+"used")
	other := filepath.Join(tmp, "other")
	for _, dir := range []string{old, used, other} {
		require.NoError(t, os.Mkdir(dir, 0o700))
	}
	pg, err := localpg.Start(t.Context(), localpg.Options{DataDir: used, Fast: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop(context.Background())) })

	require.NoError(t, sweep(tmp, time.Now()))
	require.DirExists(t, old)
	require.NoError(t, sweep(tmp, time.Now().Add(2*sweepAge)))
	require.NoDirExists(t, old)
	require.DirExists(t, used)
	require.DirExists(t, other)
}
