package workload

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine says what a benchmark runs on, and how busy others keep it: the mean number of running processes of the last
// minute, where the kernel tells.
func Machine() string {
	load := "unknown"
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(raw), " ")
	}
	return fmt.Sprintf("%d CPUs shared by client, service and database, load %s before; %s %s/%s", runtime.NumCPU(), load, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
