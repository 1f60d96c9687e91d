package localpg

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func fakeDocker(t *testing.T, script string) func(string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker")
	writeScript(t, path, script)
	return func(string) (string, error) { return path, nil }
}

func TestDocker_CommandKeepsThePasswordOutOfSight(t *testing.T) {
	t.Parallel()
	o, err := Options{DataDir: "/somewhere/data", Image: "postgres:16"}.withDefaults()
	require.NoError(t, err)
	d, err := newDockerEngine(t.Context(), o, fakeDocker(t, "exit 0"))
	require.NoError(t, err)
	cmd := d.command(t.Context(), "hunter2", 5555)
	require.NotContains(t, cmd.Args, "hunter2")
	require.NotContains(t, cmd.String(), "hunter2")
	require.Contains(t, cmd.Env, "POSTGRES_PASSWORD=hunter2")
	require.Contains(t, cmd.Args, "127.0.0.1:5555:5432")
	require.Contains(t, cmd.Args, "postgres:16")
	require.Contains(t, cmd.Args, dockerName("/somewhere/data")+":/weir")
	require.NotEqual(t, dockerName("/somewhere/data"), dockerName("/somewhere/else"))
}

func TestDocker_SaysWhyTheEngineIsOfNoUse(t *testing.T) {
	t.Parallel()
	_, err := newDockerEngine(t.Context(), Options{}, fakeDocker(t, "echo Cannot connect >&2; exit 1"))
	require.ErrorContains(t, err, "the engine does not answer")
	require.ErrorContains(t, err, "Cannot connect")
}
