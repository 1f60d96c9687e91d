package workload

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ticks is the unit of /proc/PID/stat: a hundredth of a second on every Linux that Go runs on.
const ticks = time.Second / 100

// stat is what /proc says of a process. own is its own time, reaped that of its children that have ended.
type stat struct {
	parent      int
	own, reaped time.Duration
}

// readStat is false when there is no such process, or no /proc.
func readStat(pid int) (s stat, ok bool) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	// The second field is the name, in parentheses, and may hold anything.
	at := bytes.LastIndexByte(raw, ')')
	if err != nil || at < 0 {
		return s, false
	}
	fields := bytes.Fields(raw[at+1:])
	if len(fields) < 15 {
		return s, false
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(string(fields[i])) // the kernel writes numbers
		return n
	}
	return stat{
		parent: number(1),
		own:    time.Duration(number(11)+number(12)) * ticks,
		reaped: time.Duration(number(13)+number(14)) * ticks,
	}, true
}

// Usage is the processor time of all that takes part, so far.
type Usage struct{ Service, Postgres, Client time.Duration }

// Since is what was used after before.
func (u Usage) Since(before Usage) Usage {
	return Usage{u.Service - before.Service, u.Postgres - before.Postgres, u.Client - before.Client}
}

// Plus is both together.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.Service + v.Service, u.Postgres + v.Postgres, u.Client + v.Client}
}

// Postmaster finds the first process of the PostgreSQL in a data directory of Weir's. It is 0 where PostgreSQL runs in a
// container: its processor time cannot be seen then, and is reported as zero.
func Postmaster(dataDir string) int {
	raw, err := os.ReadFile(filepath.Join(dataDir, "pg", "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	pid, _ := strconv.Atoi(string(line)) // PostgreSQL writes a number
	return pid
}

// ReadUsage reads the processor times of the service, of PostgreSQL and of this process. PostgreSQL's are those of its
// first process, its children, and what these have left behind. All are zero where there is no /proc.
func ReadUsage(service, postmaster int) Usage {
	var u Usage
	if s, ok := readStat(service); ok {
		u.Service = s.own
	}
	if s, ok := readStat(os.Getpid()); ok {
		u.Client = s.own
	}
	if s, ok := readStat(postmaster); ok {
		u.Postgres = s.own + s.reaped
	}
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || postmaster == 0 {
		return u
	}
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if s, ok := readStat(pid); ok && s.parent == postmaster {
			u.Postgres += s.own + s.reaped
		}
	}
	return u
}
