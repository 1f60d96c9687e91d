package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Descriptors that children inherit, counted as exec.Cmd.ExtraFiles does.
const (
	lockFD  = 3
	pgDirFD = 4
)

// afterExit bounds the wait for the last log lines of a process that has gone.
const afterExit = 2 * time.Second

// process is a running child. done is closed when it has gone; err is valid
// from then on.
type process struct {
	cmd  *exec.Cmd
	log  *logWriter
	done chan struct{}
	err  error
}

// startProcess runs cmd until it ends by itself or is signalled.
func startProcess(cmd *exec.Cmd, log *logWriter) (*process, error) {
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = afterExit
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run keeps its OS thread for as long as the child lives: the kernel's signal
// for the death of a parent is about the thread that forked, not the process.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	p.log.flush()
	close(p.done)
}

// runToEnd runs a short-lived command; what it wrote is in the error.
func runToEnd(ctx context.Context, cmd *exec.Cmd, log *logWriter) error {
	p, err := startProcess(cmd, log)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		killErr := cmd.Process.Kill()
		<-p.done
		if errors.Is(killErr, os.ErrProcessDone) {
			killErr = nil
		}
		return errors.Join(ctx.Err(), killErr)
	}
	if p.err != nil {
		return p.failure()
	}
	return nil
}

// failure describes why an ended process ended, in one line.
func (p *process) failure() error {
	reason := "exited"
	if p.err != nil {
		reason = p.err.Error()
	}
	if lines := p.log.tail(); len(lines) > 0 {
		reason += ": " + strings.Join(lines, " | ")
	}
	return fmt.Errorf("%s: %s", p.cmd.Path, reason)
}

// stop asks for a fast shutdown and escalates when ctx ends. It returns when
// the process has gone.
func (p *process) stop(ctx context.Context) error {
	if err := p.signal(signalFast); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	if err := p.signal(signalImmediate); err != nil {
		return err
	}
	patience := time.NewTimer(5 * time.Second)
	defer patience.Stop()
	select {
	case <-p.done:
	case <-patience.C:
		if err := p.signal((*os.Process).Kill); err != nil {
			return err
		}
		<-p.done
	}
	return nil
}

// signal is no error when the process has gone already.
func (p *process) signal(send func(*os.Process) error) error {
	if err := send(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.cmd.Path, err)
	}
	return nil
}
