package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what kind of failure an Error is. The words are those of extensions.code in the GraphQL API.
type Code string

// The codes, from the one a caller can mend most easily to the one that it cannot.
const (
	BadInput        Code = "BAD_USER_INPUT"
	NotFound        Code = "NOT_FOUND"
	Conflict        Code = "CONFLICT"
	Unauthenticated Code = "UNAUTHENTICATED"
	Forbidden       Code = "FORBIDDEN"
	RateLimited     Code = "RATE_LIMITED"
	Unavailable     Code = "UNAVAILABLE"
	Internal        Code = "INTERNAL"
)

// Error is a failure with a code, the path of the input field at fault (if one is), a message that is safe to show,
// and the wrapped cause.
type Error struct {
	Code    Code
	Field   []string
	Message string
	cause   error
}

// Error says the message and, for the log, the cause.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// New makes an error with a code and a message that is safe to show.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a code and a safe message over a cause that stays private.
func Wrap(cause error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// Invalid is a BadInput error about one input field, named by its dotted path.
func Invalid(field, format string, args ...any) *Error {
	e := New(BadInput, format, args...)
	e.Field = strings.Split(field, ".")
	return e
}

// CodeOf gives the code of the first Error in err's tree, Internal when there is none and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Is tells whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Fields collects the BadInput errors of one input, so that a caller hears of every bad field at once.
type Fields struct{ list []*Error }

// Add notes that the field at the dotted path is wrong.
func (f *Fields) Add(field, format string, args ...any) {
	f.list = append(f.list, Invalid(field, format, args...))
}

// Check notes the field as wrong unless ok.
func (f *Fields) Check(ok bool, field, format string, args ...any) {
	if !ok {
		f.Add(field, format, args...)
	}
}

// Err is nil when nothing was noted, else all of it joined; All takes it apart again.
func (f *Fields) Err() error {
	if len(f.list) == 0 {
		return nil
	}
	joined := make([]error, len(f.list))
	for i, e := range f.list {
		joined[i] = e
	}
	return errors.Join(joined...)
}

// All lists the Errors in err's tree: one for a single error, several for what Fields joined.
func All(err error) []*Error {
	if e, ok := errors.AsType[*Error](err); ok {
		if j, ok := err.(interface{ Unwrap() []error }); ok {
			var out []*Error
			for _, x := range j.Unwrap() {
				out = append(out, All(x)...)
			}
			return out
		}
		return []*Error{e}
	}
	return nil
}
