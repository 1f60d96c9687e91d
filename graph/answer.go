package graph

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/weirhq/weir/graph/internal/exec"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/errs"
)

const (
	// maxAnswer is how large an answer may be, in bytes of JSON, about.
	maxAnswer = 16 << 20
	// maxTime is how long answering may take.
	maxTime = 30 * time.Second
)

// answer is what the fields of one response share.
type answer struct {
	mu sync.Mutex
	// logged are the internal errors that were logged already, by the id that they were given: one failed statement
	// fails the fields of many rows.
	logged map[error]string
	// begin begins its time, the first time that it is called.
	begun sync.Once
	start func()
}

// begin notes that the answer is being made. Before that a subscription waits for what there is to answer, for as long as
// it takes.
func (a *answer) begin() {
	if a != nil {
		a.begun.Do(a.start)
	}
}

type answerKey struct{}

func answerOf(ctx context.Context) *answer {
	a, _ := ctx.Value(answerKey{}).(*answer)
	return a
}

var (
	errTooLarge = errs.New(codeComplexity, "the answer would be over %s: ask for fewer items, or fewer bodies at once", size(maxAnswer))
	errTooSlow  = errs.New(errs.Unavailable, "answering took over %s: ask for less, or for a shorter range of time", maxTime)
)

// aroundResponse gives each response its loaders, its size and its time, and says in one error when one of the latter
// was not enough.
func (h *handler) aroundResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	timer := time.AfterFunc(math.MaxInt64, func() { stop(errTooSlow) })
	defer timer.Stop()
	a := &answer{logged: map[error]string{}, start: func() { timer.Reset(h.deps.maxTime) }}
	ctx = context.WithValue(ctx, answerKey{}, a)
	s := streamingOf(ctx)
	if s == nil {
		a.begin()
	}
	ctx = exec.WithMeter(ctx, exec.NewMeter(maxAnswer, func() { stop(errTooLarge) }))
	response := next(load.With(ctx, h.sources))
	if response == nil {
		return nil
	}
	response.Errors = response.Errors[:min(len(response.Errors), maxErrors)]
	if cause := context.Cause(ctx); errors.Is(cause, errTooLarge) || errors.Is(cause, errTooSlow) {
		response.Data, response.Errors = json.RawMessage("null"), gqlerror.List{h.present(ctx, cause)}
	}
	s.mark(response)
	return response
}
