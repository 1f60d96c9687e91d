package localpg

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeNPM is an npm that "installs" a package with the given list of links.
func fakeNPM(t *testing.T, links string) *downloader {
	t.Helper()
	dir := t.TempDir()
	npm := filepath.Join(dir, "npm")
	// Only the last two arguments matter: the prefix and the package.
	writeScript(t, npm, `echo "$@" >> "`+dir+`/calls"
while [ $# -gt 2 ]; do shift; done
[ "$1" ] || exit 9
name=${2%@*}
root="$1/node_modules/$name/native"
mkdir -p "$root/bin" "$root/lib"
echo library > "$root/lib/libpq.so.5.18"
echo '`+links+`' > "$root/pg-symlinks.json"
`)
	return &downloader{
		logger:   slog.New(slog.DiscardHandler),
		lookPath: func(string) (string, error) { return npm, nil },
		cacheDir: t.TempDir(),
	}
}

func TestDownloader_InstallsOnceWithLinks(t *testing.T) {
	t.Parallel()
	d := fakeNPM(t, `[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`)
	bin, err := d.fetch(t.Context(), 0)
	require.NoError(t, err)
	require.DirExists(t, bin)
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(bin), "lib", "libpq.so.5"))
	require.NoError(t, err)
	require.Equal(t, "library\n", string(raw))

	again, err := d.fetch(t.Context(), MaxMajor)
	require.NoError(t, err)
	require.Equal(t, bin, again)
	npm, err := d.lookPath("npm")
	require.NoError(t, err)
	calls, err := os.ReadFile(filepath.Join(filepath.Dir(npm), "calls"))
	require.NoError(t, err)
	require.Regexp(t, `^install --ignore-scripts [^\n]*@embedded-postgres/[a-z0-9-]+@18\.\S+\n$`, string(calls),
		"one call, no scripts, an exact version")

	left, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(bin)), ".download-*"))
	require.NoError(t, err)
	require.Empty(t, left, "nothing of the download is left behind")
}

func TestDownloader_RefusesLinksOutOfThePackage(t *testing.T) {
	t.Parallel()
	for _, links := range []string{
		`[{"source":"/etc/passwd","target":"native/lib/x"}]`,
		`[{"source":"native/lib/libpq.so.5.18","target":"../../../x"}]`,
	} {
		_, err := fakeNPM(t, links).fetch(t.Context(), 17)
		require.ErrorContains(t, err, "leads outside the package")
	}
}

func TestDownloader_HasAPackageForEachMajor(t *testing.T) {
	t.Parallel()
	for major := MinMajor; major <= MaxMajor; major++ {
		require.NotEmpty(t, packageVersions[major])
	}
	p, err := npmPlatform("linux", "amd64")
	require.NoError(t, err)
	require.Equal(t, "linux-x64", p)
	p, err = npmPlatform("darwin", "arm64")
	require.NoError(t, err)
	require.Equal(t, "darwin-arm64", p)
	for _, none := range [][2]string{{"freebsd", "amd64"}, {"linux", "riscv64"}, {"darwin", "386"}} {
		_, err = npmPlatform(none[0], none[1])
		require.Error(t, err, none)
	}
}
