// Package natstest runs NATS in the test's process.
package natstest

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

// Server is a NATS server that can be stopped and started again at the same address.
type Server struct {
	// Addr is its host and port.
	Addr string

	opts *server.Options
	tb   testing.TB
	now  *server.Server
}

// Start starts a server on a free port of the loopback address, changed as the test wants it. It ends with the test.
func Start(tb testing.TB, change ...func(*server.Options)) *Server {
	tb.Helper()
	s := &Server{tb: tb, opts: &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}}
	for _, c := range change {
		c(s.opts)
	}
	s.Again()
	addr, ok := s.now.Addr().(*net.TCPAddr)
	require.True(tb, ok)
	s.Addr, s.opts.Port = addr.String(), addr.Port
	tb.Cleanup(s.Stop)
	return s
}

// Again starts a server that was stopped.
func (s *Server) Again() {
	s.tb.Helper()
	var err error
	s.now, err = server.NewServer(s.opts.Clone())
	require.NoError(s.tb, err)
	s.now.Start()
	require.True(s.tb, s.now.ReadyForConnections(30*time.Second), "NATS does not start")
}

// Stop stops the server and waits until it has. It may be called twice.
func (s *Server) Stop() {
	s.now.Shutdown()
	s.now.WaitForShutdown()
}

// Interest is how many subscriptions of clients a subject has, where clients need no accounts.
func (s *Server) Interest(subject string) int { return s.now.GlobalAccount().Interest(subject) }

// Attempts is how often somebody has connected since the start, those who were refused among them.
func (s *Server) Attempts() uint64 {
	s.tb.Helper()
	state, err := s.now.Varz(&server.VarzOptions{})
	require.NoError(s.tb, err)
	return state.TotalConnections
}
