package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/weirhq/weir/internal/errs"
)

// limitError says which limit a request is over.
type limitError struct{ message string }

func (e *limitError) Error() string { return e.message }

var (
	errSentTooLarge  = &limitError{"a body has at most 8 MiB as it is sent"}
	errBodyTooLarge  = &limitError{"a body has at most 64 MiB when it is unpacked"}
	errTooManyEvents = &limitError{"a request has at most 5000 events"}

	errTooManyTransactions = &limitError{"a batch has at most 50000 transactions"}
)

// mediaError says that a body is of a type or an encoding that is not known.
type mediaError struct{ message string }

func (e *mediaError) Error() string { return e.message }

// retryError is an error after which the same may be sent again, a while later.
type retryError struct {
	told  *errs.Error
	after time.Duration
}

func (e *retryError) Error() string { return e.told.Error() }
func (e *retryError) Unwrap() error { return e.told }

// retryAfter is how long a sender is told to wait for the database.
const retryAfter = 5 * time.Second

// refusal is why a request was not stored, in the form in which its sender hears of it. What the sender must not see is
// logged.
func (s *Service) refusal(ctx context.Context, tenantID uuid.UUID, err error) error {
	var (
		body  *bodyError
		limit *limitError
		media *mediaError
		read  *readError
		told  *errs.Error
		large *http.MaxBytesError
	)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &large):
		return errSentTooLarge
	case errors.As(err, &body), errors.As(err, &limit), errors.As(err, &media):
		return err
	case errors.As(err, &read):
		return errs.Wrap(err, errs.BadInput, "the body breaks off, or is not what its Content-Encoding says")
	case errors.As(err, &told) && told.Code == errs.Unavailable:
		return &retryError{told: told, after: retryAfter}
	case transient(err):
		return s.unavailable(ctx, tenantID, err)
	}
	id := uuid.NewString()
	s.log.ErrorContext(ctx, "events cannot be stored", "id", id, "tenant", tenantID, "error", err)
	return errs.Wrap(err, errs.Internal, "the events could not be stored; the server's log has more under %s", id)
}

func (s *Service) unavailable(ctx context.Context, tenantID uuid.UUID, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.log.WarnContext(ctx, "the database does not take events", "tenant", tenantID, "error", err)
	return &retryError{told: errs.Wrap(err, errs.Unavailable, "the database does not take events now"), after: retryAfter}
}

// transient tells whether the database, rather than what was to be stored, is at fault.
func transient(err error) bool {
	if state := errs.SQLState(err); state != "" {
		return transientState(state)
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, puddle.ErrClosedPool)
}

// transientState knows the states in which the database takes no writes for a while: connections, rolled-back
// transactions, resources, an operator's hand, the system, a read-only server, a lock that is not to be had.
func transientState(state string) bool {
	if len(state) != 5 {
		return false
	}
	switch state[:2] {
	case "08", "40", "53", "57", "58":
		return true
	}
	return state == "25006" || state == "55P03"
}

// answer is an error as it is told over HTTP.
func answerOf(err error) (status int, code, message string, retry time.Duration) {
	var (
		body  *bodyError
		limit *limitError
		media *mediaError
		again *retryError
		told  *errs.Error
	)
	switch {
	case errors.As(err, &body):
		return http.StatusBadRequest, "malformed_body", body.Error(), 0
	case errors.As(err, &limit):
		return http.StatusRequestEntityTooLarge, CodeTooLarge, limit.Error(), 0
	case errors.As(err, &media):
		return http.StatusUnsupportedMediaType, "unsupported_media_type", media.Error(), 0
	case errors.As(err, &again):
		retry = again.after
	}
	if !errors.As(err, &told) {
		return http.StatusInternalServerError, "internal", "the events could not be stored", 0
	}
	switch told.Code {
	case errs.BadInput:
		return http.StatusBadRequest, "malformed_body", told.Message, 0
	case errs.Unauthenticated:
		return http.StatusUnauthorized, "unauthenticated", told.Message, 0
	case errs.Forbidden:
		return http.StatusForbidden, "forbidden", told.Message, 0
	case errs.RateLimited:
		return http.StatusTooManyRequests, "rate_limited", told.Message, retry
	case errs.Unavailable:
		return http.StatusServiceUnavailable, "unavailable", told.Message, max(retry, time.Second)
	}
	return http.StatusInternalServerError, "internal", told.Message, 0
}

// seconds is a wait as Retry-After says it: whole seconds, rounded up, at least one.
func seconds(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}
