//go:build !linux

package harness

import "os/exec"

// dieWithParent does nothing where the kernel does not tell of a parent's death.
func dieWithParent(*exec.Cmd) {}
