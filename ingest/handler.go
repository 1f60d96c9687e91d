package ingest

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// NewHandler makes the handler of POST /v1/events over a Service. The principal must be in the request's context.
func NewHandler(s *Service) http.Handler {
	return &handler{service: s}
}

type handler struct{ service *Service }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeJSON(w, http.StatusMethodNotAllowed, problem("method_not_allowed", "send events by POST"))
		return
	}
	result, err := h.take(w, r)
	if err != nil {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // Nobody listens.
		}
		status, code, message, retry := answerOf(err)
		if retry > 0 {
			w.Header().Set("Retry-After", seconds(retry))
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		writeJSON(w, status, problem(code, message))
		return
	}
	status := http.StatusAccepted
	if result.Accepted+result.Duplicates == 0 && len(result.Rejected) > 0 {
		status = http.StatusBadRequest
	}
	writeJSON(w, status, result)
}

func (h *handler) take(w http.ResponseWriter, r *http.Request) (Result, error) {
	p, err := tenant.FromContext(r.Context())
	if err != nil {
		return Result{}, err
	}
	if err := mayIngest(p); err != nil {
		return Result{}, err
	}
	form, err := formOf(r.Header)
	if err != nil {
		return Result{}, err
	}
	if r.ContentLength > MaxSentBytes {
		return Result{}, errSentTooLarge
	}
	body, hint, done, err := unpack(http.MaxBytesReader(w, r.Body, MaxSentBytes), r)
	if err != nil {
		return Result{}, err
	}
	defer done()
	return h.service.submit(r.Context(), p.TenantID, body, form, hint)
}

// mayIngest lets in API keys with the scope, and Weir itself.
func mayIngest(p *tenant.Principal) error {
	if p.CustomerID == [16]byte{} && (p.Kind == tenant.KindSystem || p.Kind == tenant.KindAPIKey && p.Has(tenant.ScopeIngest)) {
		return nil
	}
	return errs.New(errs.Forbidden, "this needs an API key with the scope INGEST")
}

// formOf tells how the events stand in the body. A body without a type is taken for JSON.
func formOf(header http.Header) (Form, error) {
	sent := header.Get("Content-Type")
	if sent == "" {
		return FormJSON, nil
	}
	kind, parameters, err := mime.ParseMediaType(sent)
	if charset := parameters["charset"]; err == nil && charset != "" && !strings.EqualFold(charset, "utf-8") {
		return 0, &mediaError{"events are sent as UTF-8"}
	}
	switch kind {
	case "application/json":
		return FormJSON, nil
	case "application/x-ndjson", "application/ndjson":
		return FormLines, nil
	}
	return 0, &mediaError{"events are sent as application/json or application/x-ndjson"}
}

// maxWindow is the largest window of zstd that is unpacked: what every decoder should support by its specification.
const maxWindow = 8 << 20

var (
	gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zstds = sync.Pool{New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			panic(err) // The options are constants.
		}
		return d
	}}
)

// unpack reads a body by its Content-Encoding. hint is how long it is, or -1; done must be called after reading.
func unpack(body io.Reader, r *http.Request) (unpacked io.Reader, hint int64, done func(), err error) {
	switch encoding := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ","))); encoding {
	case "", "identity":
		return body, r.ContentLength, func() {}, nil
	case "gzip", "x-gzip":
		z := gzips.Get().(*gzip.Reader)
		if err := z.Reset(body); err != nil {
			gzips.Put(z)
			return nil, 0, nil, errs.Wrap(err, errs.BadInput, "the body is not gzip, as its Content-Encoding says")
		}
		return z, -1, func() { gzips.Put(z) }, nil
	case "zstd":
		z := zstds.Get().(*zstd.Decoder)
		if err := z.Reset(body); err != nil {
			zstds.Put(z)
			return nil, 0, nil, errs.Wrap(err, errs.BadInput, "the body is not zstd, as its Content-Encoding says")
		}
		return z, -1, func() {
			// Let go of the body.
			if z.Reset(nil) == nil {
				zstds.Put(z)
			}
		}, nil
	}
	return nil, 0, nil, &mediaError{"events are sent with the Content-Encoding gzip or zstd, or without any"}
}

type errorAnswer struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func problem(code, message string) errorAnswer {
	var a errorAnswer
	a.Error.Code, a.Error.Message = code, message
	return a
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	// The sender that cannot be written to is gone.
	_ = encoder.Encode(body)
}
