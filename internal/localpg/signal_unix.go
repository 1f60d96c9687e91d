//go:build unix

package localpg

import (
	"os"
	"syscall"
)

// signalFast asks PostgreSQL to end all sessions and write everything out.
func signalFast(p *os.Process) error { return p.Signal(syscall.SIGINT) }

// signalImmediate makes PostgreSQL stop without a checkpoint; the next start
// recovers.
func signalImmediate(p *os.Process) error { return p.Signal(syscall.SIGQUIT) }
