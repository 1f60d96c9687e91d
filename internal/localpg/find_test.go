package localpg

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]version{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": {15, 18},
		"postgres (PostgreSQL) 17.2":                             {17, 2},
		"postgres (PostgreSQL) 18beta1":                          {18, 0},
		"postgres (PostgreSQL) 9.6.24":                           {9, 6},
	} {
		v, err := parseVersion(output)
		require.NoError(t, err, output)
		require.Equal(t, want, v, output)
	}
	for _, output := range []string{"", "mysqld 8.0", "postgres (EnterpriseDB) 15.1"} {
		_, err := parseVersion(output)
		require.Error(t, err, output)
	}
}

func TestSystemDirs_AreValidPatterns(t *testing.T) {
	t.Parallel()
	for _, pattern := range systemDirs {
		_, err := filepath.Match(pattern, "x")
		require.NoError(t, err, pattern)
		require.True(t, filepath.IsAbs(pattern), pattern)
	}
}

// writeScript keeps other tests from forking while the file is open: their
// child would hold it open for writing, and it could not be run.
func writeScript(t *testing.T, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755))
}

// fakePostgres makes a directory whose postgres prints a version.
func fakePostgres(t *testing.T, dir, version string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, name := range []string{"postgres", "initdb"} {
		writeScript(t, filepath.Join(dir, name), "echo 'postgres (PostgreSQL) "+version+"'\n")
	}
	return dir
}

// emptyFinder finds nothing anywhere.
func emptyFinder() *finder {
	return &finder{
		lookPath: func(string) (string, error) { return "", exec.ErrNotFound },
		download: func(context.Context, int) (string, error) { return "", errors.New("npm is not in PATH") },
		logger:   slog.New(slog.DiscardHandler),
	}
}

func TestFinder_TakesTheNewestOfTheSystem(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	for _, v := range []string{"9.6.24", "15.18", "16.4", "16.14", "19.1"} {
		fakePostgres(t, filepath.Join(base, v, "bin"), v)
	}
	inPath := fakePostgres(t, filepath.Join(base, "path"), "15.99")
	f := emptyFinder()
	f.patterns = []string{filepath.Join(base, "*", "bin")}
	f.lookPath = func(name string) (string, error) { return filepath.Join(inPath, name), nil }

	b, err := f.find(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, binaries{filepath.Join(base, "16.14", "bin"), version{16, 14}}, b, "19 is not supported yet")

	b, err = f.find(t.Context(), 15)
	require.NoError(t, err)
	require.Equal(t, binaries{inPath, version{15, 99}}, b, "PATH counts like the others")

	_, err = f.find(t.Context(), 17)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "version 17, which made the data")
}

func TestFinder_FollowsLinksInPath(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := fakePostgres(t, filepath.Join(base, "lib"), "16.1")
	link := filepath.Join(base, "postgres")
	require.NoError(t, os.Symlink(filepath.Join(dir, "postgres"), link))
	f := emptyFinder()
	f.lookPath = func(string) (string, error) { return link, nil }
	b, err := f.find(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, dir, b.dir, "initdb is beside the real file only")
}

func TestFinder_TheSettingGoesFirstAndIsNotPassedOver(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	fakePostgres(t, filepath.Join(base, "16", "bin"), "16.4")
	f := emptyFinder()
	f.patterns = []string{filepath.Join(base, "*", "bin")}
	f.setting = fakePostgres(t, filepath.Join(base, "mine"), "15.1")
	b, err := f.find(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, f.setting, b.dir)

	f.setting = filepath.Join(base, "typo")
	_, err = f.find(t.Context(), 0)
	require.ErrorContains(t, err, "WEIR_PG_BIN")
	require.ErrorContains(t, err, "has no initdb")

	f.setting = fakePostgres(t, filepath.Join(base, "old"), "14.2")
	_, err = f.find(t.Context(), 0)
	require.ErrorContains(t, err, "is version 14.2, not 15 to 18")
}

func TestFinder_DownloadsWhenTheSystemHasNone(t *testing.T) {
	t.Parallel()
	dir := fakePostgres(t, t.TempDir(), "18.4")
	f := emptyFinder()
	f.download = func(_ context.Context, major int) (string, error) {
		require.Equal(t, 18, major)
		return dir, nil
	}
	b, err := f.find(t.Context(), 18)
	require.NoError(t, err)
	require.Equal(t, dir, b.dir)
}

func TestNotFound_NamesAllFourPlaces(t *testing.T) {
	// Not parallel: two of the places are in the environment.
	t.Setenv("WEIR_PG_BIN", "")
	t.Setenv("PATH", t.TempDir())
	_, err := Start(t.Context(), Options{
		DataDir: t.TempDir(), systemDirs: []string{}, cacheDir: t.TempDir(),
	})
	require.ErrorIs(t, err, ErrNotFound)
	require.EqualError(t, err, "no PostgreSQL to run (15 to 18); "+
		"setting: WEIR_PG_BIN is not set; "+
		"system: none installed, none in PATH; "+
		"download: npm is not in PATH; "+
		"Docker: docker is not in PATH; or set DATABASE_URL")
}
