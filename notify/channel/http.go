package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/notify"
)

// newClient makes the client that asks before each connection. No connection is kept, so that each is asked for, and
// no proxy is used, which would make it for us.
func newClient(opt *Options) *http.Client {
	transport := func(dialer *net.Dialer) *http.Transport {
		dialer.Timeout, dialer.Resolver = opt.Timeout, opt.Resolver
		t := &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: opt.Timeout, MaxResponseHeaderBytes: mostHeaders, ForceAttemptHTTP2: true,
		}
		if opt.Transport != nil {
			opt.Transport(t)
		}
		return t
	}
	return &http.Client{
		Transport:     byScheme{transport(&net.Dialer{Control: opt.Reach.Control}), transport(&net.Dialer{Control: opt.Reach.ControlAllowed})},
		CheckRedirect: func(req *http.Request, via []*http.Request) error { return checkRedirect(opt, req, via) },
	}
}

// byScheme takes a transport for https and another for http: in clear there is less that may be reached.
type byScheme struct{ https, http *http.Transport }

// RoundTrip sends the request.
func (b byScheme) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Scheme {
	case "https":
		return b.https.RoundTrip(r)
	case "http":
		return b.http.RoundTrip(r)
	}
	return nil, fmt.Errorf("%s is neither https nor http", r.URL.Scheme)
}

// checkRedirect follows what repeats the request elsewhere, if that could be a target. Other redirects would make a GET of
// it, and are the answer.
func checkRedirect(opt *Options, r *http.Request, via []*http.Request) error {
	switch {
	case r.Method != http.MethodPost:
		return http.ErrUseLastResponse
	case len(via) > mostRedirects:
		return fmt.Errorf("more than %d redirects", mostRedirects)
	case r.URL.User != nil:
		return errors.New("the redirect holds a user name")
	}
	if err := opt.Reach.CheckHost(r.URL.Hostname()); err != nil {
		return fmt.Errorf("the redirect cannot be followed: %w", err)
	}
	return nil
}

// post sends a body and reads the answer, as much of it as is of use.
func (s *Sender) post(ctx context.Context, target string, body []byte, headers http.Header) notify.Result {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return failure("the target is no URL")
	}
	r.Header = headers
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Weir/"+s.opt.Version)
	answer, err := s.client.Do(r)
	if err != nil {
		return notify.Result{Error: plain(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	// What cannot be read of an answer does not change what it said.
	text, _ := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	return judge(answer, string(text), time.Now())
}

// judge says what an answer means.
func judge(answer *http.Response, text string, now time.Time) notify.Result {
	out := notify.Result{StatusCode: answer.StatusCode, Body: text}
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return out
	}
	out.Error = fmt.Sprintf("the receiver answered %d %s", code, http.StatusText(code))
	if code >= 300 && code < 400 {
		out.Error += ": only 307 and 308 are followed"
	}
	out.Gone = code == http.StatusGone
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		out.RetryAfter = retryAfter(answer.Header.Get("Retry-After"), now)
	default:
		out.Content = code >= 400 && code < 500
		if code >= 500 {
			out.RetryAfter = retryAfter(answer.Header.Get("Retry-After"), now)
		}
	}
	return out
}

// mostRetryAfter bounds for how long a receiver can put off what it is sent.
const mostRetryAfter = 24 * time.Hour

// retryAfter reads seconds, or a date; 0 is neither.
func retryAfter(text string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), mostRetryAfter)
}

// plain says an error of a request without the target, whose path may be a secret.
func plain(err error) string {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), `Post "`) {
		err = inner
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within the time that an attempt has"
	}
	return err.Error()
}
