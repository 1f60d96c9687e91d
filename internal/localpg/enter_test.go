//go:build unix

package localpg

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAccount_CanEnter(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	open, closed := filepath.Join(base, "open"), filepath.Join(base, "closed")
	require.NoError(t, os.MkdirAll(filepath.Join(open, "in"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(closed, "in"), 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(base), 0o755)) // t.TempDir's own
	require.NoError(t, os.Chmod(closed, 0o700))

	stranger := account{name: "stranger", uid: 54321, gid: 54321}
	require.NoError(t, stranger.canEnter(filepath.Join(open, "in")))
	require.EqualError(t, stranger.canEnter(filepath.Join(closed, "in")), "user stranger cannot enter "+closed)
	owner := account{name: "me", uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	require.NoError(t, owner.canEnter(filepath.Join(closed, "in")))
	var self account
	require.NoError(t, self.canEnter(closed), "this process's own user is not checked ahead")
}
