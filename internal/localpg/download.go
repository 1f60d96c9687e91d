package localpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// packageVersions are the npm packages of prebuilt binaries by major version.
// All are pre-releases, which ranges do not match, so each is named exactly.
var packageVersions = map[int]string{
	15: "15.18.0-beta.17",
	16: "16.14.0-beta.17",
	17: "17.10.0-beta.17",
	18: "18.4.0-beta.17",
}

// downloader fetches PostgreSQL with the npm client, once, into a cache.
type downloader struct {
	account  account
	logger   *slog.Logger
	lookPath func(string) (string, error)
	cacheDir string // "" for the usual one
}

// userCacheDir is the user's own, or for root one that the account can enter.
func userCacheDir(a account) (string, error) {
	if !a.isSelf() {
		return "/var/cache/weir", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "weir"), nil
}

// fetch returns the directory of the binaries: from the cache when they are
// there, else after a download of about 24 MB. Major 0 means the newest.
func (d *downloader) fetch(ctx context.Context, major int) (string, error) {
	if major == 0 {
		major = MaxMajor
	}
	platform, err := npmPlatform(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	cache := d.cacheDir
	if cache == "" {
		if cache, err = userCacheDir(d.account); err != nil {
			return "", fmt.Errorf("find the cache directory: %w", err)
		}
	}
	ver := packageVersions[major]
	target := filepath.Join(cache, "postgres", ver+"-"+platform)
	bin := filepath.Join(target, "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	npm, err := d.lookPath("npm")
	if err != nil {
		return "", errors.New("npm is not in PATH")
	}
	d.logger.InfoContext(ctx, "downloading PostgreSQL once", "version", ver, "to", target)
	if err := install(ctx, npm, platform, ver, target); err != nil {
		return "", err
	}
	return bin, nil
}

// install puts the package's tree at target in one rename, so that a broken
// download is never taken for a whole one.
func install(ctx context.Context, npm, platform, ver, target string) (err error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(target), ".download-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	name := "@embedded-postgres/" + platform
	cmd := exec.CommandContext(ctx, npm, "install", "--ignore-scripts", "--no-save", "--no-audit",
		"--no-fund", "--no-package-lock", "--loglevel=error", "--prefix", work, name+"@"+ver)
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install %s@%s: %w: %s", name, ver, err, lastLine(out))
	}
	root := filepath.Join(work, "node_modules", filepath.FromSlash(name))
	if err := makeLinks(root); err != nil {
		return fmt.Errorf("links of %s: %w", name, err)
	}
	err = os.Rename(filepath.Join(root, "native"), target)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was quicker
	}
	return err
}

// makeLinks makes the symbolic links that an npm package cannot hold. The
// package lists them, and its install script, which is not run, makes them.
func makeLinks(root string) error {
	raw, err := os.ReadFile(filepath.Join(root, "native", "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(raw, &links); err != nil {
		return err
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("%q to %q leads outside the package", l.Target, l.Source)
		}
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		err = os.Symlink(source, filepath.Join(root, l.Target))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// npmPlatform is the package's name for a Go platform.
func npmPlatform(goos, goarch string) (string, error) {
	arch, ok := map[string]string{
		"amd64": "x64", "arm64": "arm64", "arm": "arm", "386": "ia32", "ppc64le": "ppc64",
	}[goarch]
	if !ok || goos != "linux" && goos != "darwin" || goos == "darwin" && arch != "x64" && arch != "arm64" {
		return "", fmt.Errorf("no prebuilt PostgreSQL for %s/%s", goos, goarch)
	}
	return goos + "-" + arch, nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
