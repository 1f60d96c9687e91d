package graph

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/weirhq/weir/internal/errs"
)

// The codes that only the API knows; the others are those of package errs.
const (
	codeComplexity errs.Code = "COMPLEXITY_LIMIT_EXCEEDED"
	codeDepth      errs.Code = "DEPTH_LIMIT_EXCEEDED"
)

// maxErrors is how many errors one answer tells.
const maxErrors = 100

// errIsTold drops an error that another one of the same answer tells already.
var errIsTold *gqlerror.Error

// present says what a client sees of an error: the message of our own errors, gqlgen's about the request, and nothing
// of any other.
func (h *handler) present(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	wrapped, isGraphQL := errors.AsType[*gqlerror.Error](err)
	if isGraphQL {
		out.Path, out.Locations = wrapped.Path, wrapped.Locations
	}
	own, isOwn := errors.AsType[*errs.Error](err)
	switch {
	case isOwn && own.Code != errs.Internal:
		out.Message, out.Extensions = own.Message, map[string]any{"code": own.Code}
		if len(own.Field) > 0 {
			out.Message = strings.Join(own.Field, ".") + ": " + own.Message
			out.Extensions["field"] = own.Field
		}
	case isGraphQL && wrapped.Err == nil:
		out.Message, out.Extensions = wrapped.Message, requestExtensions(wrapped.Extensions)
	case ctx.Err() != nil:
		// Nobody is waiting any more, or one error tells why the answer was stopped.
		return errIsTold
	default:
		out.Message = "something went wrong on our side"
		out.Extensions = map[string]any{"code": errs.Internal, "id": h.log(ctx, out, err)}
	}
	return out
}

// requestExtensions turns gqlgen's codes of requests that it could not parse or validate into the API's one.
func requestExtensions(given map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range given {
		out[key] = value
	}
	if code, ok := out["code"].(errs.Code); ok && code != "" {
		return out
	}
	if code, ok := out["code"].(string); ok && (code == errcode.ParseFailed || code == errcode.ValidationFailed) {
		out["reason"] = code
	}
	out["code"] = errs.BadInput
	return out
}

// log writes an internal error to the log, once an answer, and gives the id that it has there.
func (h *handler) log(ctx context.Context, shown *gqlerror.Error, err error) string {
	cause := err
	for {
		wrapped, ok := cause.(*gqlerror.Error) //nolint:errorlint // One layer at a time: what gqlgen put around.
		if !ok || wrapped.Err == nil {
			break
		}
		cause = wrapped.Err
	}
	a := answerOf(ctx)
	if a == nil || !reflect.TypeOf(cause).Comparable() {
		return h.logOnce(ctx, shown, cause)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	id, known := a.logged[cause]
	if !known {
		id = h.logOnce(ctx, shown, cause)
		a.logged[cause] = id
	}
	return id
}

func (h *handler) logOnce(ctx context.Context, shown *gqlerror.Error, cause error) string {
	var raw [8]byte
	// The reader never fails: it ends the process instead.
	_, _ = rand.Read(raw[:])
	id := hex.EncodeToString(raw[:])
	h.deps.Logger.LogAttrs(ctx, slog.LevelError, "graphql field failed",
		slog.String("id", id), slog.String("path", shown.Path.String()), slog.Any("error", cause))
	return id
}

func refused(code errs.Code, format string, args ...any) *gqlerror.Error {
	return &gqlerror.Error{Message: fmt.Sprintf(format, args...), Extensions: map[string]any{"code": code}}
}

func tooComplex(format string, args ...any) *gqlerror.Error {
	return refused(codeComplexity, format, args...)
}
