//go:build linux

package harness

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends cmd when whoever started it ends, however that is.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
