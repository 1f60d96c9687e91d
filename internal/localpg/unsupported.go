//go:build !unix

package localpg

import (
	"errors"
	"os"
	"os/exec"
)

var errUnsupported = errors.New("the embedded PostgreSQL needs Linux, macOS or another Unix: set DATABASE_URL")

func acquireLock(string) (*os.File, error) { return nil, errUnsupported }

func giveToOwnerOf(string, string) error { return nil }

type account struct{ name string }

func clusterAccount(string) (account, error) { return account{}, errUnsupported }

func (a account) isSelf() bool { return true }

func (a account) own(string) error { return nil }

func (a account) canEnter(string) error { return nil }

func (a account) clusterPath(pgDir string) string { return pgDir }

func harden(*exec.Cmd, account) {}

func signalFast(*os.Process) error { return errUnsupported }

func signalImmediate(*os.Process) error { return errUnsupported }
