//go:build linux

package localpg

import (
	"os/exec"
	"syscall"
)

// harden makes cmd run as the account, out of reach of the terminal's Ctrl-C
// (the service stops first, then its database), and shut down when the thread
// that started it ends, which process.run ties to the life of this process.
func harden(cmd *exec.Cmd, a account) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if !a.isSelf() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}
