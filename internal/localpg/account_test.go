//go:build unix

package localpg_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func ownerOf(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	st, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	return st
}

// giveTo makes file belong to whom path belongs to.
func giveTo(t *testing.T, path, file string) {
	t.Helper()
	st := ownerOf(t, path)
	require.NoError(t, os.Chown(file, int(st.Uid), int(st.Gid)))
}

// asOwnerOf makes cmd run as the owner of path; only root can do otherwise.
func asOwnerOf(t *testing.T, path string, cmd *exec.Cmd) {
	t.Helper()
	if st := ownerOf(t, path); os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: st.Uid, Gid: st.Gid}}
	}
}

func TestStart_AsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("all other tests run as an ordinary user already")
	}
	const nobody = 65534
	// Neither the test binary nor t.TempDir is within nobody's reach.
	base, err := os.MkdirTemp("", "localpg-nobody-*")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	require.NoError(t, os.Chown(base, nobody, nobody))
	self := filepath.Join(base, "test")
	copyFile(t, os.Args[0], self)

	cmd, out := startHelper(t, "cycle", filepath.Join(base, "data"), func(cmd *exec.Cmd) {
		cmd.Path = self
		cmd.Dir = base
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	})
	said, err := io.ReadAll(out)
	require.NoError(t, err)
	require.Equal(t, "cycled as "+strconv.Itoa(nobody)+"\n", string(said))
	require.NoError(t, cmd.Wait())
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	// A fork while the copy is open for writing would keep it from running.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	src, err := os.Open(from)
	require.NoError(t, err)
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(dst, src)
	require.NoError(t, err)
	require.NoError(t, dst.Close())
	require.NoError(t, src.Close())
}
