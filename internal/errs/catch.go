package errs

import (
	"fmt"
	"runtime/debug"
)

// Catch runs fn, and makes an error of a panic in it. Work for a request that runs in a goroutine of its own goes through
// here: nothing else would keep the panic from ending the process.
func Catch(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Panicked(p)
		}
	}()
	return fn()
}

// Panicked is the error of what was recovered, with the stack.
func Panicked(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }
