//go:build unix

package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// nobodyID is the kernel's overflow id, for systems whose user list is empty.
const nobodyID = 65534

// account is the user that PostgreSQL runs as when this process is root; the
// zero account is this process's own user.
type account struct {
	name     string
	uid, gid uint32
}

// clusterAccount picks the account for the cluster below pgDir: its owner when
// it exists, else postgres, else nobody. It is zero unless this process is root.
func clusterAccount(pgDir string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	info, err := os.Stat(pgDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return account{}, err
	}
	if err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return account{name: accountName(st.Uid), uid: st.Uid, gid: st.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if a, ok := lookupAccount(name); ok {
			return a, nil
		}
	}
	return account{name: "nobody", uid: nobodyID, gid: nobodyID}, nil
}

func lookupAccount(name string) (account, bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, false
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil || uid == 0 {
		return account{}, false
	}
	return account{name: name, uid: uint32(uid), gid: uint32(gid)}, true
}

func accountName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}

func (a account) isSelf() bool { return a.name == "" }

// own gives a file or directory to the account.
func (a account) own(path string) error {
	if a.isSelf() {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// canEnter reports the first directory on the way to dir, dir included, that
// the account may not enter. Access lists are not looked at.
func (a account) canEnter(dir string) error {
	if a.isSelf() {
		return nil
	}
	at := string(filepath.Separator)
	for _, part := range append([]string{""}, strings.Split(strings.Trim(dir, at), at)...) {
		at = filepath.Join(at, part)
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		need := fs.FileMode(0o001)
		switch {
		case st.Uid == a.uid:
			need = 0o100
		case st.Gid == a.gid:
			need = 0o010
		}
		if info.Mode().Perm()&need == 0 {
			return fmt.Errorf("user %s cannot enter %s", a.name, at)
		}
	}
	return nil
}

// clusterPath is how the account reaches pgDir. On Linux it goes through the
// inherited descriptor, which needs no permission on the parents.
func (a account) clusterPath(pgDir string) string {
	if !a.isSelf() && runtime.GOOS == "linux" {
		return "/proc/self/fd/" + strconv.Itoa(pgDirFD)
	}
	return pgDir
}

// giveToOwnerOf makes path belong to whom dir belongs to, so that a start by
// root does not lock an ordinary user out of the user's own data directory.
func giveToOwnerOf(dir, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(path, int(st.Uid), int(st.Gid))
}
