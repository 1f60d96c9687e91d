package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/tenant"
)

// NewTransactionHandler makes the handler of POST /rest/v2.0/transaction over a Service: the API that Aino's agents
// speak, so that they work when their address is changed. The principal must be in the request's context.
//
// Answers are 202 {"batchId":"<uuid>"} when at least one transaction is committed, or all were before; else a text that
// says what is wrong, under 400, 401, 403, 405, 413, 500 or 503. Agents throw a batch away on any 4xx and send it again on
// 5xx, so what would be 429 elsewhere is 503 here. What an agent says it accepts does not matter: Java's asks for
// text/plain and reads JSON. Nor does its Content-Type, which shells lose.
func NewTransactionHandler(s *Service) http.Handler {
	return &transactionHandler{service: s}
}

type transactionHandler struct{ service *Service }

func (h *transactionHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		RefuseTransactions(w, http.StatusMethodNotAllowed, "send transactions by POST")
		return
	}
	result, err := h.take(w, r)
	if err != nil {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // Nobody listens.
		}
		status, message, retry := transactionAnswer(err)
		if retry > 0 {
			w.Header().Set("Retry-After", seconds(retry))
		}
		RefuseTransactions(w, status, message)
		return
	}
	batchID := uuid.NewString()
	if len(result.Rejected) > 0 {
		if result.Accepted+result.Duplicates == 0 {
			RefuseTransactions(w, http.StatusBadRequest, "no transaction of the batch can be stored: "+firstFault(&result))
			return
		}
		h.tellLeftOut(r.Context(), batchID, &result)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusAccepted)
	// The sender that cannot be written to is gone.
	_, _ = io.WriteString(w, `{"batchId":"`+batchID+`"}`)
}

func (h *transactionHandler) take(w http.ResponseWriter, r *http.Request) (Result, error) {
	p, err := tenant.FromContext(r.Context())
	if err != nil {
		return Result{}, err
	}
	if err := mayIngest(p); err != nil {
		return Result{}, err
	}
	if r.ContentLength > MaxBatchSentBytes {
		return Result{}, errSentTooLarge
	}
	body, hint, done, err := unpack(http.MaxBytesReader(w, r.Body, MaxBatchSentBytes), r)
	if err != nil {
		return Result{}, err
	}
	defer done()
	return h.service.submit(r.Context(), p.TenantID, &counting{in: body, most: MaxBatchBytes}, FormTransactions, hint)
}

// tellLeftOut logs what was left out of a batch: its answer has no place for that, and no agent would tell anybody.
func (h *transactionHandler) tellLeftOut(ctx context.Context, batchID string, result *Result) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return // Without a principal nothing was taken.
	}
	h.service.log.WarnContext(ctx, "transactions of a batch were left out", "tenant", p.TenantID, "batch", batchID,
		"accepted", result.Accepted, "duplicates", result.Duplicates, "rejected", len(result.Rejected), "first", firstFault(result))
}

// transactionAnswer is answerOf in the words and with the statuses of Aino's API.
func transactionAnswer(err error) (status int, message string, retry time.Duration) {
	var body *bodyError
	if errors.As(err, &body) {
		return http.StatusBadRequest, fmt.Sprintf("the body cannot be read as transactions: line %d, column %d: %s", body.line, body.column, body.problem), 0
	}
	status, _, message, retry = answerOf(err)
	switch {
	case errors.Is(err, errSentTooLarge):
		message = "a batch has at most 1 MiB as it is sent"
	case errors.Is(err, errBodyTooLarge):
		message = "a batch has at most 32 MiB when it is unpacked"
	}
	switch status {
	case http.StatusUnsupportedMediaType:
		status, message = http.StatusBadRequest, "a batch is sent with the Content-Encoding gzip, or without any"
	case http.StatusTooManyRequests:
		status = http.StatusServiceUnavailable
	}
	return status, message, retry
}

// firstFault says what is wrong with the first transaction that was rejected, and how many more there are.
func firstFault(result *Result) string {
	first := result.Rejected[0]
	said := fmt.Sprintf("transactions[%d]: ", first.Index)
	if first.Field != "" && !strings.HasPrefix(first.Message, first.Field) {
		said += first.Field + ": "
	}
	said += first.Message
	if more := len(result.Rejected) - 1; more > 0 {
		said += fmt.Sprintf("; and %d more", more)
	}
	return said
}

// RefuseTransactions answers a batch that is not taken, in the form of Aino's API: a text, which for 401 is always the
// same.
func RefuseTransactions(w http.ResponseWriter, status int, message string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "apikey")
		message = "Invalid API key"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// As above.
	_, _ = io.WriteString(w, message)
}
