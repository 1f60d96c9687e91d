package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// readyInterval paces the questions of whether a service is ready.
const readyInterval = 20 * time.Millisecond

// Service is a process that answers over HTTP.
type Service struct {
	*Process
	// URL is its address, without a path.
	URL string
}

// Serve starts `weir serve` on a free address and waits until it is ready, as long as the context allows.
func (b *Binary) Serve(ctx context.Context, env Env, args ...string) (*Service, error) {
	addr, err := FreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	return b.ServeAt(ctx, env, addr, append([]string{"serve"}, args...)...)
}

// ServeAt starts a command that serves, such as `serve` or `demo`, on an address, and waits until it is ready.
func (b *Binary) ServeAt(ctx context.Context, env Env, addr string, args ...string) (*Service, error) {
	p, err := b.Start(env, append(args, "--addr", addr)...)
	if err != nil {
		return nil, err
	}
	s := &Service{Process: p, URL: "http://" + addr}
	if err := s.WaitReady(ctx); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return s, nil
}

// FreeAddr is a local address that nobody listened on a moment ago.
func FreeAddr(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free address: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// WaitReady returns when /readyz says yes. It is an error that the process ended, or that the context did.
func (s *Service) WaitReady(ctx context.Context) error {
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for {
		code, err := Probe(ctx, s.URL+"/readyz")
		if code == http.StatusOK {
			return nil
		}
		select {
		case <-s.Done():
			return fmt.Errorf("weir ended with exit status %d before it was ready: %s", s.Code(), s.Stderr())
		case <-ctx.Done():
			return fmt.Errorf("weir is not ready (%d): %w: %w: %s", code, ctx.Err(), err, s.Stderr())
		case <-tick.C:
		}
	}
}

// Probe asks for a page and gives the status of the answer, 0 when there was none.
func Probe(ctx context.Context, url string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}
