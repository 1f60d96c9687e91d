package localpg

import (
	"context"
	"errors"
	"os"
	"sync"
)

// Server is a PostgreSQL that this process has started or joined.
type Server struct {
	state state
	proc  *process // nil when joined
	lock  *os.File // nil when joined

	closeLock sync.Once
	lockErr   error
}

// URL is the address of Weir's database for a role, password included.
func (s *Server) URL(role Role) string { return s.state.url(role, Database) }

// DatabaseURL is the address of another database of the same server.
func (s *Server) DatabaseURL(role Role, database string) string {
	return s.state.url(role, database)
}

// Joined tells whether another process runs the server.
func (s *Server) Joined() bool { return s.proc == nil }

// Done is closed when the server that this process started has ended, by Stop
// or by itself. It is nil, and so never ready, when the server was joined.
func (s *Server) Done() <-chan struct{} {
	if s.proc == nil {
		return nil
	}
	return s.proc.done
}

// Stop shuts the server down and waits until it has gone. Open sessions are
// ended. When ctx ends first, it is stopped without a checkpoint and recovers
// at the next start. It may be called any number of times; on a joined server
// it does nothing.
func (s *Server) Stop(ctx context.Context) error {
	if s.proc == nil {
		return nil
	}
	err := s.proc.stop(ctx)
	s.closeLock.Do(func() { s.lockErr = s.lock.Close() })
	return errors.Join(err, s.lockErr)
}
