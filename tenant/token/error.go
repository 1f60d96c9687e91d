package token

import "errors"

// ErrRefused matches, by errors.Is, every refusal of [Verifier.Verify].
var ErrRefused = errors.New("token refused")

// Error is the refusal of a token. Reason may be shown to the caller: it is made
// of constant text and configured names and holds nothing of the token. The
// cause, if there is one, is for the log: it may name the JWKS URL.
type Error struct {
	Reason string
	err    error
}

func (e *Error) Error() string {
	if e.err == nil {
		return "token refused: " + e.Reason
	}

	return "token refused: " + e.Reason + ": " + e.err.Error()
}

// Is makes every refusal match [ErrRefused].
func (e *Error) Is(target error) bool { return target == ErrRefused }

// Unwrap returns the cause: a failed fetch of keys, a cancelled context, or nil.
func (e *Error) Unwrap() error { return e.err }

func refuse(reason string) *Error { return &Error{Reason: reason} }
