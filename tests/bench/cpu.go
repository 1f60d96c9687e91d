package main

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

// usage is the processor time of all that takes part, so far.
type usage struct{ Service, Postgres, Client time.Duration }

func (u usage) since(before usage) usage {
	return usage{u.Service - before.Service, u.Postgres - before.Postgres, u.Client - before.Client}
}

func (u usage) plus(v usage) usage {
	return usage{u.Service + v.Service, u.Postgres + v.Postgres, u.Client + v.Client}
}

// usage reads the processor times. PostgreSQL's are those of its first process, its children, and what these have
// left behind; zero where there is no /proc.
func (b *bench) usage() usage {
	var u usage
	if s, ok := readStat(b.service.PID()); ok {
		u.Service = s.own
	}
	if s, ok := readStat(os.Getpid()); ok {
		u.Client = s.own
	}
	if s, ok := readStat(b.postmaster); ok {
		u.Postgres = s.own + s.reaped
	}
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return u
	}
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if s, ok := readStat(pid); ok && s.parent == b.postmaster {
			u.Postgres += s.own + s.reaped
		}
	}
	return u
}
