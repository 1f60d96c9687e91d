package simulate

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
)

// service is a server that keeps the ids it has seen, as the real one does, and fails on demand: the
// nth request is handled by the nth fault, if there is one.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	faults []func(w http.ResponseWriter, store func()) bool
	seen   map[string]int
	bodies [][]byte
	last   *http.Request
}

func newService(t *testing.T, faults ...func(w http.ResponseWriter, store func()) bool) *service {
	t.Helper()
	s := &service{faults: faults, seen: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var reader io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		reader, _ = gzip.NewReader(r.Body)
	}
	body, _ := io.ReadAll(reader)
	s.bodies, s.last = append(s.bodies, body), r
	ack := Ack{Rejected: []Rejection{}}
	store := func() {
		for i, line := range bytes.Split(bytes.TrimSuffix(body, []byte{'\n'}), []byte{'\n'}) {
			var e struct{ Type, ID string }
			switch err := json.Unmarshal(line, &e); {
			case err != nil || e.Type == "":
				ack.Rejected = append(ack.Rejected, Rejection{Index: i, Code: "missing_field", Field: "type"})
			case s.seen[e.Type+e.ID] > 0:
				ack.Duplicates++
			default:
				s.seen[e.Type+e.ID]++
				ack.Accepted++
			}
		}
	}
	if len(s.faults) > 0 {
		fault := s.faults[0]
		s.faults = s.faults[1:]
		if fault(w, store) {
			return
		}
	}
	store()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(ack)
}

func answer(status int, after, body string) func(http.ResponseWriter, func()) bool {
	return func(w http.ResponseWriter, _ func()) bool {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// storeAndHangUp commits the events, then loses the connection before the answer.
func storeAndHangUp(_ http.ResponseWriter, store func()) bool {
	store()
	panic(http.ErrAbortHandler)
}

const three = `{"type":"log","id":"1","data":{}}
{"type":"log","id":"2","data":{}}
{"type":"log","id":"3","data":{}}
`

// waits makes a client note how long it would wait instead of waiting.
func waits(c *Client) *[]time.Duration {
	var waited []time.Duration
	c.wait = func(ctx context.Context, d time.Duration) error {
		waited = append(waited, d)
		return ctx.Err()
	}
	return &waited
}

func TestClientCountsWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := NewClient(ClientConfig{URL: s.URL + "/", Key: "weir_test", HTTP: s.Client()})
	ack, err := c.Send(t.Context(), []byte(three+`{"id":"4"}`+"\n"))
	require.NoError(t, err)
	require.Equal(t, 3, ack.Accepted)
	require.Len(t, ack.Rejected, 1)
	require.Equal(t, "missing_field", ack.Rejected[0].Code)
	require.Equal(t, 1, ack.Attempts)
	require.Equal(t, "Bearer weir_test", s.last.Header.Get("Authorization"))
	require.Equal(t, "application/x-ndjson", s.last.Header.Get("Content-Type"))
	require.Equal(t, "/v1/events", s.last.URL.Path)

	ack, err = c.Send(t.Context(), []byte(three))
	require.NoError(t, err)
	require.Equal(t, Ack{Duplicates: 3, Attempts: 1, Latency: ack.Latency, Rejected: []Rejection{}}, ack)
}

func TestClientWaitsAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	s := newService(t, answer(429, "7", `{"error":{"code":"rate_limited","message":"spent"}}`), answer(503, "2", ""), answer(503, "", ""), answer(502, "", ""))
	c := NewClient(ClientConfig{URL: s.URL, Key: "k", HTTP: s.Client()})
	waited := waits(c)
	var troubles []error
	c.trouble = func(err error) { troubles = append(troubles, err) }
	ack, err := c.Send(t.Context(), []byte(three))
	require.NoError(t, err)
	require.Equal(t, 3, ack.Accepted)
	require.Equal(t, 5, ack.Attempts)
	require.Equal(t, []time.Duration{7 * time.Second, 2 * time.Second, firstBackoff, 2 * firstBackoff}, *waited)
	require.Len(t, troubles, 4)
	require.ErrorContains(t, troubles[0], "429: spent")
}

func TestClientSendsTheSameBytesAgainSoThatNothingDoubles(t *testing.T) {
	t.Parallel()
	s := newService(t, storeAndHangUp)
	c := NewClient(ClientConfig{URL: s.URL, Key: "k", HTTP: s.Client(), Gzip: true})
	waited := waits(c)
	ack, err := c.Send(t.Context(), []byte(three))
	require.NoError(t, err)
	require.Equal(t, 0, ack.Accepted)
	require.Equal(t, 3, ack.Duplicates)
	require.Len(t, *waited, 1)
	require.Equal(t, []string{three, three}, []string{string(s.bodies[0]), string(s.bodies[1])})
	require.Equal(t, map[string]int{"log1": 1, "log2": 1, "log3": 1}, s.seen)
}

func TestClientGivesUpOnWhatNoTryMends(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]errs.Code{
		400: errs.BadInput, 401: errs.Unauthenticated, 403: errs.Forbidden, 413: errs.BadInput, 415: errs.BadInput,
	} {
		s := newService(t, answer(status, "", `{"error":{"code":"x","message":"line 3, column 14"}}`))
		c := NewClient(ClientConfig{URL: s.URL, Key: "k", HTTP: s.Client()})
		waited := waits(c)
		_, err := c.Send(t.Context(), []byte(three))
		require.True(t, errs.Is(err, code), "%d: %v", status, err)
		require.ErrorContains(t, err, "line 3, column 14")
		require.Empty(t, *waited)
	}
}

func TestClientTakesAllRejectedForAnAnswer(t *testing.T) {
	t.Parallel()
	s := newService(t, answer(400, "", `{"accepted":0,"duplicates":0,"rejected":[{"index":0,"id":"1","code":"too_old"}]}`))
	c := NewClient(ClientConfig{URL: s.URL, Key: "k", HTTP: s.Client()})
	ack, err := c.Send(t.Context(), []byte(three))
	require.NoError(t, err)
	require.Equal(t, "too_old", ack.Rejected[0].Code)
}

func TestClientStopsWaitingWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newService(t, answer(503, "3600", ""))
	c := NewClient(ClientConfig{URL: s.URL, Key: "k", HTTP: s.Client()})
	c.trouble = func(error) { cancel() }
	_, err := c.Send(ctx, []byte(three))
	require.ErrorIs(t, err, context.Canceled)
}

func TestRunSendsAStoryAndSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, rate := range map[string]float64{"story": 200, "as fast as taken": 0} {
		s := newService(t, answer(503, "0", ""))
		var out strings.Builder
		sum, err := Run(t.Context(), Config{URL: s.URL, Key: "k", Rate: rate, Duration: 300 * time.Millisecond, Batch: 50, Senders: 2, Gzip: true, Out: &out})
		require.NoError(t, err, name)
		require.Positive(t, sum.Sent, name)
		require.Equal(t, sum.Sent, sum.Accepted+sum.Duplicates, name)
		require.Zero(t, sum.Rejected, "%s: %v", name, sum)
		require.Equal(t, 1, sum.Retries, name)
		require.LessOrEqual(t, sum.P50, sum.P95, name)
		require.Contains(t, out.String(), "accepted", name)
		for _, body := range s.bodies {
			for _, line := range bytes.Split(bytes.TrimSuffix(body, []byte{'\n'}), []byte{'\n'}) {
				checkEvent(t, line)
			}
		}
	}
}

func TestRunEndsWhenTheKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, answer(401, "", ""), answer(401, "", ""), answer(401, "", ""))
	_, err := Run(t.Context(), Config{URL: s.URL, Key: "k", Senders: 1})
	require.True(t, errs.Is(err, errs.Unauthenticated), "%v", err)
}

func TestRunStopsQuietlyWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newService(t, func(http.ResponseWriter, func()) bool { cancel(); return false })
	sum, err := Run(ctx, Config{URL: s.URL, Key: "k", Rate: 100})
	require.NoError(t, err)
	require.Positive(t, sum.Accepted)
}

func TestRunNamesEveryBadSetting(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), Config{Rate: -1, Batch: MaxBatch + 1})
	var fields []string
	for _, e := range errs.All(err) {
		fields = append(fields, strings.Join(e.Field, "."))
	}
	require.Equal(t, []string{"url", "key", "rate", "batch"}, fields)
	require.False(t, errors.Is(err, context.Canceled))
}

func TestQuantilesAreWithinTwoPercent(t *testing.T) {
	t.Parallel()
	var l latencies
	require.Zero(t, l.quantile(0.5))
	for ms := 1; ms <= 1000; ms++ {
		l.add(time.Duration(ms) * time.Millisecond)
	}
	require.InEpsilon(t, 500*time.Millisecond, l.quantile(0.5), 0.02)
	require.InEpsilon(t, 950*time.Millisecond, l.quantile(0.95), 0.02)
	l.add(24 * time.Hour)
	require.Greater(t, l.quantile(1), 5*time.Minute)
}
