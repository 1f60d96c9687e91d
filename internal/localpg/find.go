package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// systemDirs are where packages put one PostgreSQL a version, side by side.
var systemDirs = []string{
	"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                        // Red Hat, from the PGDG
	"/usr/lib/postgresql*/bin",                                // SUSE
	"/usr/libexec/postgresql*",                                // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                      // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                         // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",         // Homebrew on Linux
	"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
	"/Library/PostgreSQL/*/bin",                               // the EDB installer
	"/usr/local/pgsql/bin",                                    // make install
}

// binaries is a directory with initdb and postgres of one version.
type binaries struct {
	dir     string
	version version
}

// finder looks for PostgreSQL in four places: a setting, what the system has,
// a cached download, Docker. The last one is an engine of its own; the finder
// knows the first three.
type finder struct {
	setting  string // a directory; "" when not set
	patterns []string
	lookPath func(string) (string, error)
	download func(ctx context.Context, major int) (string, error)
	account  account
	logger   *slog.Logger
}

func newFinder(o Options, a account) *finder {
	setting := o.BinDir
	if setting == "" {
		setting = os.Getenv("WEIR_PG_BIN")
	}
	d := &downloader{account: a, logger: o.Logger, lookPath: exec.LookPath, cacheDir: o.cacheDir}
	return &finder{
		setting:  setting,
		patterns: o.systemDirs,
		lookPath: exec.LookPath,
		download: d.fetch,
		account:  a,
		logger:   o.Logger,
	}
}

// find returns binaries of the wanted major version, or of the newest one that
// is supported when major is 0. A setting that leads nowhere is an error and
// not passed over. Otherwise the error is a notFoundError.
func (f *finder) find(ctx context.Context, major int) (binaries, error) {
	if f.setting != "" {
		b, err := f.check(ctx, f.setting, major)
		if err != nil {
			return binaries{}, fmt.Errorf("PostgreSQL of the setting WEIR_PG_BIN: %w", err)
		}
		return b, nil
	}
	missing := &notFoundError{major: major}
	missing.add("setting", errors.New("WEIR_PG_BIN is not set"))

	best, err := f.newestOfSystem(ctx, major)
	if err == nil {
		return best, nil
	}
	missing.add("system", err)

	dir, err := f.download(ctx, major)
	if err == nil {
		if best, err = f.check(ctx, dir, major); err == nil {
			return best, nil
		}
	}
	missing.add("download", err)
	return binaries{}, missing
}

func (f *finder) newestOfSystem(ctx context.Context, major int) (binaries, error) {
	var (
		best     binaries
		rejected []string
	)
	for _, dir := range f.systemCandidates() {
		b, err := f.check(ctx, dir, major)
		if err != nil {
			rejected = append(rejected, err.Error())
			continue
		}
		if best.dir == "" || b.version.newerThan(best.version) {
			best = b
		}
	}
	switch {
	case best.dir != "":
		return best, nil
	case len(rejected) > 0:
		return binaries{}, errors.New(strings.Join(rejected, ", "))
	default:
		return binaries{}, errors.New("none installed, none in PATH")
	}
}

// systemCandidates lists the directories that hold a postgres, PATH's last.
func (f *finder) systemCandidates() []string {
	var dirs []string
	seen := map[string]bool{}
	add := func(postgres string) {
		// A link in PATH may have no initdb beside it; what it leads to has.
		resolved, err := filepath.EvalSymlinks(postgres)
		if dir := filepath.Dir(resolved); err == nil && !seen[dir] {
			seen[dir] = true
			dirs = append(dirs, dir)
		}
	}
	for _, pattern := range f.patterns {
		matches, err := filepath.Glob(filepath.Join(pattern, "postgres"))
		if err != nil {
			continue // the patterns are constants; a bad one fails the tests
		}
		for _, m := range matches {
			add(m)
		}
	}
	if path, err := f.lookPath("postgres"); err == nil {
		add(path)
	}
	return dirs
}

// check asks the binaries in dir for their version.
func (f *finder) check(ctx context.Context, dir string, major int) (binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, err
	}
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return binaries{}, fmt.Errorf("%s has no %s", dir, name)
		}
	}
	if err := f.account.canEnter(dir); err != nil {
		return binaries{}, fmt.Errorf("%s: %w", dir, err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Env = nativeEnv()
	out, err := cmd.Output()
	if err != nil {
		return binaries{}, fmt.Errorf("%s/postgres --version: %w", dir, err)
	}
	v, err := parseVersion(string(out))
	switch {
	case err != nil:
		return binaries{}, fmt.Errorf("%s: %w", dir, err)
	case !v.supported():
		return binaries{}, fmt.Errorf("%s is version %s, not %d to %d", dir, v, MinMajor, MaxMajor)
	case major != 0 && v.major != major:
		return binaries{}, fmt.Errorf("%s is version %s, the data is of %d", dir, v, major)
	}
	return binaries{dir: dir, version: v}, nil
}

// notFoundError says for each place why it gave no PostgreSQL.
type notFoundError struct {
	major  int
	places []string
}

func (e *notFoundError) add(place string, reason error) {
	e.places = append(e.places, fmt.Sprintf("%s: %v", place, reason))
}

func (e *notFoundError) Error() string {
	wanted := fmt.Sprintf("%d to %d", MinMajor, MaxMajor)
	if e.major != 0 {
		wanted = fmt.Sprintf("version %d, which made the data", e.major)
	}
	return fmt.Sprintf("%v (%s); %s; or set DATABASE_URL", ErrNotFound, wanted, strings.Join(e.places, "; "))
}

func (e *notFoundError) Is(target error) bool { return target == ErrNotFound }
