//go:build unix

package localpg_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/localpg"
)

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	var v T
	require.NoError(t, conn.QueryRow(ctx, sql).Scan(&v))
	require.NoError(t, conn.Close(ctx))
	return v
}

func start(t *testing.T, o localpg.Options) *localpg.Server {
	t.Helper()
	o.Fast = true
	s, err := localpg.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// dataDir is a data directory that only this user can enter.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := localpg.ScratchDir("localpg-test-*")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func requireSQLState(t *testing.T, err error, code string) {
	t.Helper()
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, code, pgErr.Code)
}

func TestStart_KeepsDataBetweenStarts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	// Nobody but this user can enter the parents, as below /root.
	dir := filepath.Join(dataDir(t), "closed", "data")

	s := start(t, localpg.Options{DataDir: dir})
	require.False(t, s.Joined())
	require.NoError(t, execute(ctx, s.URL(localpg.Owner), "CREATE TABLE kept AS SELECT 42 AS n"))
	first := s.URL(localpg.Service)
	require.NoError(t, s.Stop(ctx))
	require.NoError(t, s.Stop(ctx), "a second Stop is no error")
	<-s.Done()
	require.Error(t, execute(ctx, first, "SELECT"), "nothing answers after Stop")

	s = start(t, localpg.Options{DataDir: dir})
	require.Equal(t, first, s.URL(localpg.Service), "port and passwords are kept")
	require.Equal(t, 42, query[int](t, s.URL(localpg.Owner), "SELECT n FROM kept"))
}

func TestStart_MakesALockedDownServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := dataDir(t)
	s := start(t, localpg.Options{DataDir: dir, Settings: map[string]string{"work_mem": "7MB"}})

	admin := s.URL(localpg.Admin)
	for setting, want := range map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"password_encryption":     "scram-sha-256",
		"server_encoding":         "UTF8",
		"jit":                     "off",
		"fsync":                   "off",
		"work_mem":                "7MB",
	} {
		require.Equal(t, want, query[string](t, admin, "SELECT current_setting('"+setting+"')"), setting)
	}
	require.Equal(t, "C", query[string](t, admin, "SELECT datcollate::text FROM pg_database WHERE datname = 'weir'"))
	require.Zero(t, query[int](t, admin, `SELECT count(*) FROM pg_hba_file_rules
		WHERE auth_method <> 'scram-sha-256'`), "no way in without a password")

	u, err := url.Parse(admin)
	require.NoError(t, err)
	u.User = url.UserPassword(string(localpg.Admin), "guess")
	requireSQLState(t, execute(ctx, u.String(), "SELECT"), "28P01")

	info, err := os.Stat(filepath.Join(dir, "pg.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoFileExists(t, filepath.Join(dir, "pg", "password"))
}

func TestStart_MakesTheThreeRoles(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := start(t, localpg.Options{DataDir: dataDir(t)})

	const limited = `SELECT NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
		FROM pg_roles WHERE rolname = current_user`
	require.True(t, query[bool](t, s.URL(localpg.Owner), limited))
	require.True(t, query[bool](t, s.URL(localpg.Service), limited))
	require.True(t, query[bool](t, s.URL(localpg.Admin), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))

	require.NoError(t, execute(ctx, s.URL(localpg.Owner), "CREATE SCHEMA inner_schema; CREATE TABLE owned (n int)"))
	requireSQLState(t, execute(ctx, s.URL(localpg.Service), "CREATE TABLE t (n int)"), "42501")
	requireSQLState(t, execute(ctx, s.URL(localpg.Service), "CREATE SCHEMA s"), "42501")
	requireSQLState(t, execute(ctx, s.URL(localpg.Service), "CREATE TEMP TABLE t (n int)"), "42501")
	requireSQLState(t, execute(ctx, s.URL(localpg.Service), "SELECT * FROM owned"), "42501")
}

func TestStart_FreshWipesTheClusterAlone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := dataDir(t)
	s := start(t, localpg.Options{DataDir: dir})
	require.NoError(t, execute(ctx, s.URL(localpg.Owner), "CREATE TABLE gone (n int)"))
	before := s.URL(localpg.Owner)
	require.NoError(t, s.Stop(ctx))
	keys := filepath.Join(dir, "keys.json")
	require.NoError(t, os.WriteFile(keys, []byte("{}"), 0o600))

	s = start(t, localpg.Options{DataDir: dir, Fresh: true})
	require.NotEqual(t, before, s.URL(localpg.Owner))
	require.True(t, query[bool](t, s.URL(localpg.Owner), "SELECT to_regclass('gone') IS NULL"))
	require.FileExists(t, keys)
}

func TestStart_FinishesAnInterruptedFirstStart(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "pg", "init", "base"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pg", "init", "PG_VERSION"), []byte("15"), 0o600))
	s := start(t, localpg.Options{DataDir: dir})
	require.Equal(t, 1, query[int](t, s.URL(localpg.Service), "SELECT 1"))
}

func TestStart_TakesAnotherPortWhenTheOldOneIsTaken(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := dataDir(t)
	s := start(t, localpg.Options{DataDir: dir})
	u, err := url.Parse(s.URL(localpg.Admin))
	require.NoError(t, err)
	require.NoError(t, s.Stop(ctx))

	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", u.Host)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })

	s = start(t, localpg.Options{DataDir: dir})
	require.NotContains(t, s.URL(localpg.Admin), u.Host)
	require.Equal(t, 1, query[int](t, s.URL(localpg.Service), "SELECT 1"))
}

func TestStart_ReportsTheServersOwnWords(t *testing.T) {
	t.Parallel()
	_, err := localpg.Start(t.Context(), localpg.Options{
		DataDir: dataDir(t), Fast: true, Settings: map[string]string{"no_such_setting": "1"},
	})
	require.ErrorContains(t, err, `unrecognized configuration parameter "no_such_setting"`)
}

func TestStart_RefusesSettingsThatWouldOpenTheServer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"listen_addresses", "port", "unix_socket_directories", "Bad Name", ""} {
		_, err := localpg.Start(t.Context(), localpg.Options{
			DataDir: dataDir(t), Settings: map[string]string{name: "x"},
		})
		require.ErrorContains(t, err, "cannot be overridden", name)
	}
}

func TestStart_WithoutPasswordsSaysSo(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "pg", "data"), 0o700))
	_, err := localpg.Start(t.Context(), localpg.Options{DataDir: dir})
	require.ErrorContains(t, err, "start fresh")
}

func TestServer_StopsWhenItsParentIsKilled(t *testing.T) {
	t.Parallel()
	if !diesWithParent {
		t.Skip("this system has no signal for the death of a parent")
	}
	dir := dataDir(t)
	parent, out := startHelper(t, "hold", dir, nil)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	joined, err := localpg.Join(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, execute(t.Context(), joined.URL(localpg.Owner), "SET synchronous_commit = on; CREATE TABLE survives (n int)"))

	require.NoError(t, parent.Process.Signal(syscall.SIGKILL))
	require.Error(t, parent.Wait())

	// The lock is free when the last process of the server has gone.
	lock, err := os.OpenFile(filepath.Join(dir, "pg.lock"), os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	require.Error(t, execute(t.Context(), joined.URL(localpg.Owner), "SELECT"))
	require.NoError(t, lock.Close())

	s := start(t, localpg.Options{DataDir: dir})
	require.True(t, query[bool](t, s.URL(localpg.Owner), "SELECT to_regclass('survives') IS NOT NULL"))
}

func TestStart_IgnoresAStalePidFile(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := dataDir(t)
	s := start(t, localpg.Options{DataDir: dir})
	require.NoError(t, s.Stop(ctx))

	// PostgreSQL refuses to start when the number in the file belongs to a
	// living process of its own user: here, to a stranger.
	stranger := exec.CommandContext(context.Background(), "sleep", "600")
	asOwnerOf(t, filepath.Join(dir, "pg"), stranger)
	require.NoError(t, stranger.Start())
	t.Cleanup(func() {
		require.NoError(t, stranger.Process.Kill())
		require.Error(t, stranger.Wait())
	})
	pid := strconv.Itoa(stranger.Process.Pid) + "\n/elsewhere\n1\n1\n\n127.0.0.1\n\n"
	pidFile := filepath.Join(dir, "pg", "data", "postmaster.pid")
	require.NoError(t, os.WriteFile(pidFile, []byte(pid), 0o600))
	giveTo(t, filepath.Join(dir, "pg"), pidFile)

	s = start(t, localpg.Options{DataDir: dir})
	require.Equal(t, 1, query[int](t, s.URL(localpg.Service), "SELECT 1"))
}

func TestServer_StopWithoutPatience(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := start(t, localpg.Options{DataDir: dir})
	require.NoError(t, execute(t.Context(), s.URL(localpg.Owner), "SET synchronous_commit = on; CREATE TABLE recovered (n int)"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Stop(ctx))
	<-s.Done()
	s = start(t, localpg.Options{DataDir: dir})
	require.True(t, query[bool](t, s.URL(localpg.Owner), "SELECT to_regclass('recovered') IS NOT NULL"))
}

// startHelper runs this test binary again in another role.
func startHelper(t *testing.T, role, dir string, prepare func(*exec.Cmd)) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+role, helperDirEnv+"="+dir)
	if prepare != nil {
		prepare(cmd)
	}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, stdoutWriter, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout = stdoutWriter
	require.NoError(t, cmd.Start())
	require.NoError(t, stdoutWriter.Close())
	require.NoError(t, stdout.SetReadDeadline(time.Now().Add(time.Minute)))
	t.Cleanup(func() {
		_ = stdin.Close() // Wait has closed it when the test went well
		require.NoError(t, stdout.Close())
	})
	return cmd, bufio.NewReader(io.Reader(stdout))
}
