package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Process is a weir that runs until it is told to stop. It does not outlive the process that started it.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr output
	done           chan struct{}
}

// Start starts a command and returns at once.
func (b *Binary) Start(env Env, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(b.path, args...), done: make(chan struct{})} //nolint:noctx // it is stopped by name, not by a context
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env.environ(), &p.stdout, &p.stderr
	dieWithParent(p.cmd)
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start weir: %w", err)
	}
	return p, nil
}

// run keeps its OS thread for as long as the child lives: the kernel takes the end of the thread that started a child
// for the death of its parent.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // how it ended stands in ProcessState
	close(p.done)
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Code is the exit status of a process that has ended; -1 when a signal ended it.
func (p *Process) Code() int { return p.cmd.ProcessState.ExitCode() }

// Stdout is what the process has printed so far.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr is what the process has logged so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// Kill ends the process without a word, as a crash does, and waits until it has gone.
func (p *Process) Kill() error {
	if err := p.signal(os.Kill); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Terminate asks the process to stop and returns at once.
func (p *Process) Terminate() error { return p.signal(syscall.SIGTERM) }

// Stop asks the process to stop and waits until it has. When the context ends first the process is killed, and that is
// an error.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.Terminate(); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("weir did not stop: %w", ctx.Err()), p.Kill())
	}
}

func (p *Process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal weir: %w", err)
	}
	return nil
}

// output collects what a process writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
