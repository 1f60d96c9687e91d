//go:build unix && !linux

package localpg

import (
	"os/exec"
	"syscall"
)

// harden makes cmd run as the account and out of reach of the terminal's
// Ctrl-C. These systems have no signal for the death of a parent.
func harden(cmd *exec.Cmd, a account) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !a.isSelf() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}
