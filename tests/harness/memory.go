package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Memory is what the kernel says a process holds in memory, in bytes.
type Memory struct {
	// RSS is what it holds now, Peak the most since it began, or since ForgetPeak.
	RSS, Peak int64
}

// Memory reads what the process holds. It is false where there is no /proc, or no process.
func (p *Process) Memory() (m Memory, ok bool) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.PID()), "status"))
	if err != nil {
		return m, false
	}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		name, rest, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		var kib int64
		if _, err := fmt.Sscanf(string(rest), "%d kB", &kib); err != nil {
			continue
		}
		switch string(name) {
		case "VmRSS":
			m.RSS = kib << 10
		case "VmHWM":
			m.Peak = kib << 10
		}
	}
	return m, m.RSS > 0
}

// ForgetPeak begins the peak anew at what the process holds now.
func (p *Process) ForgetPeak() error {
	return os.WriteFile(filepath.Join("/proc", strconv.Itoa(p.PID()), "clear_refs"), []byte("5"), 0)
}
