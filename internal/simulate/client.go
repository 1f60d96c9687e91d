package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/weirhq/weir/internal/errs"
)

const (
	// MaxBatch is the most events that the service takes in one request.
	MaxBatch = 5000

	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 5 * time.Second
	answerLimit  = 8 << 20
)

// Client posts events to a running service until they are acknowledged. It is safe for concurrent use.
type Client struct {
	url, key string
	http     *http.Client
	gzip     bool
	wait     func(ctx context.Context, d time.Duration) error
	// trouble hears of every failure that another try may mend.
	trouble func(error)
}

// ClientConfig says where events go. URL is the service's address, without a path. HTTP is
// http.DefaultClient when it is nil.
type ClientConfig struct {
	URL, Key string
	Gzip     bool
	HTTP     *http.Client
}

// NewClient makes a client.
func NewClient(c ClientConfig) *Client {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	return &Client{url: strings.TrimRight(c.URL, "/") + "/v1/events", key: c.Key, http: c.HTTP, gzip: c.Gzip, wait: wait, trouble: func(error) {}}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ack is what became of the events of one batch.
type Ack struct {
	Accepted   int         `json:"accepted"`
	Duplicates int         `json:"duplicates"`
	Rejected   []Rejection `json:"rejected"`
	// Attempts is how many requests it took, and Latency how long the last of them.
	Attempts int           `json:"-"`
	Latency  time.Duration `json:"-"`
}

// Rejection is one event that the service did not take, and why.
type Rejection struct {
	Index   int    `json:"index"`
	ID      string `json:"id"`
	Code    string `json:"code"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Send posts a body of NDJSON and returns when the service has answered for every event in it. A
// service that is busy, restarting or out of reach is asked again with the same bytes: events carry
// ids, so what had been stored before a lost answer comes back as a duplicate. It gives up when the
// context ends, and at once on what another try cannot mend: Unauthenticated, Forbidden, or BadInput
// for a body that the service cannot read.
func (c *Client) Send(ctx context.Context, ndjson []byte) (Ack, error) {
	body, err := c.pack(ndjson)
	if err != nil {
		return Ack{}, err
	}
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		began := time.Now()
		ack, again, err := c.post(ctx, body)
		if err == nil {
			ack.Attempts, ack.Latency = attempt, time.Since(began)
			return ack, nil
		}
		if again < 0 {
			return Ack{Attempts: attempt}, err
		}
		c.trouble(err)
		if again == 0 {
			again = backoff
			backoff = min(2*backoff, lastBackoff)
		}
		if waited := c.wait(ctx, again); waited != nil {
			return Ack{Attempts: attempt}, errors.Join(waited, err)
		}
	}
}

func (c *Client) pack(ndjson []byte) ([]byte, error) {
	if !c.gzip {
		return ndjson, nil
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compress events: %w", err)
	}
	if _, err := w.Write(ndjson); err != nil {
		return nil, fmt.Errorf("compress events: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress events: %w", err)
	}
	return b.Bytes(), nil
}

// post asks once. With an error, again says when to ask again: after so long, after the usual
// backoff when it is zero, never when it is negative.
func (c *Client) post(ctx context.Context, body []byte) (ack Ack, again time.Duration, err error) {
	const never = -1
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return Ack{}, never, errs.Wrap(err, errs.BadInput, "%s is no address of a service", c.url)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/x-ndjson")
	if c.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Ack{}, 0, errs.Wrap(err, errs.Unavailable, "%s does not answer", c.url)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return Ack{}, 0, errs.Wrap(err, errs.Unavailable, "%s broke off its answer", c.url)
	}
	switch code := resp.StatusCode; {
	case code == http.StatusAccepted:
		if err := json.Unmarshal(text, &ack); err != nil {
			return Ack{}, never, errs.Wrap(err, errs.Internal, "%s acknowledged in a way that cannot be read", c.url)
		}
		return ack, 0, nil
	case code == http.StatusBadRequest:
		// When every event was rejected the answer has the form of an acknowledgement.
		if json.Unmarshal(text, &ack) == nil && len(ack.Rejected) > 0 {
			return ack, 0, nil
		}
		return Ack{}, never, refused(errs.BadInput, resp, text)
	case code == http.StatusUnauthorized:
		return Ack{}, never, refused(errs.Unauthenticated, resp, text)
	case code == http.StatusForbidden:
		return Ack{}, never, refused(errs.Forbidden, resp, text)
	case code == http.StatusTooManyRequests:
		return Ack{}, retryAfter(resp), refused(errs.RateLimited, resp, text)
	case code >= http.StatusInternalServerError:
		return Ack{}, retryAfter(resp), refused(errs.Unavailable, resp, text)
	default:
		return Ack{}, never, refused(errs.BadInput, resp, text)
	}
}

// retryAfter reads the header of that name, in seconds; zero when there is none.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func refused(code errs.Code, resp *http.Response, text []byte) error {
	var said struct {
		Error struct{ Code, Message string }
	}
	message := http.StatusText(resp.StatusCode)
	if json.Unmarshal(text, &said) == nil && said.Error.Message != "" {
		message = said.Error.Message
	}
	return errs.New(code, "the service answered %d: %s", resp.StatusCode, message)
}
