//go:build linux

package localpg

import "syscall"

const (
	memoryDir = "/dev/shm"
	// memoryNeeded is enough for several servers at once. Containers have
	// 64 MB by default, and PostgreSQL itself needs some of that.
	memoryNeeded = 4 << 30
)

func hasRoom(dir string) bool {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil || st.Bsize <= 0 {
		return false
	}
	return st.Bavail >= memoryNeeded/uint64(st.Bsize)
}
