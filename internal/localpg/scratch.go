package localpg

import "os"

// ScratchDir makes an empty directory for a server with [Options.Fast], in
// memory where there is plenty of it: making and dropping databases is mostly
// making and dropping files. TMPDIR, where set, is obeyed instead. The caller
// deletes the directory.
func ScratchDir(pattern string) (string, error) {
	for _, parent := range ScratchParents() {
		if dir, err := os.MkdirTemp(parent, pattern); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", pattern)
}

// ScratchParents lists where ScratchDir may put directories, best first.
func ScratchParents() []string {
	if os.Getenv("TMPDIR") == "" && memoryDir != "" && hasRoom(memoryDir) {
		return []string{memoryDir, os.TempDir()}
	}
	return []string{os.TempDir()}
}
