package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

const (
	// slowClients take nothing: half of them follow entries, half runs.
	slowClients = 8
	// mostSlowGrowth is by how much they may raise the memory of the service, beside what the same events do without them.
	mostSlowGrowth = 48 << 20
	// mostSlower is by how much later a neighbour may be told at the median, beside twice the time without them.
	mostSlower = 250 * time.Millisecond
	// atOnce is how many entries and runs are sent in a request, rounds how many requests at most.
	atOnce, rounds = 10, 150
)

const (
	slowLogs  = `subscription($after: String) { told: logAdded(after: $after, filter: {kinds: [API_REQUEST]}) { id: externalId ... on ApiRequest { requestBody { text } } } }`
	slowRuns  = `subscription($after: String) { told: flowRunsUpdated(after: $after) { id: externalId input } }`
	quickLogs = `subscription($after: String) { told: logAdded(after: $after, filter: {kinds: [API_REQUEST]}) { id: externalId } }`
)

// subscriber is a client on a socket, which reads when a test does.
type subscriber struct {
	conn   *websocket.Conn
	heard  []string
	cursor string
}

func (s *service) subscribe(ctx context.Context, t *testing.T, query, after string) *subscriber {
	t.Helper()
	conn, answer, err := websocket.Dial(ctx, s.URL+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(t, err)
	if answer.Body != nil {
		require.NoError(t, answer.Body.Close())
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	payload, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init","payload":{"Authorization":"Bearer `+s.client.Token+`"}}`)))
	_, _, err = conn.Read(ctx)
	require.NoError(t, err)
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte(`{"type":"subscribe","id":"1","payload":`+string(payload)+`}`)))
	return &subscriber{conn: conn}
}

var (
	errResync = errors.New("RESYNC")
	errSaid   = errors.New("the service said")
)

// next reads the next message. An error of the service that has a cursor to go on behind is errResync, all else that it says
// is errSaid.
func (s *subscriber) next(ctx context.Context) error {
	_, raw, err := s.conn.Read(ctx)
	if err != nil {
		return err
	}
	var m struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	switch m.Type {
	case "next":
		var one struct {
			Data       struct{ Told struct{ ID string } }
			Extensions struct{ Cursor string }
		}
		if err := json.Unmarshal(m.Payload, &one); err != nil {
			return err
		}
		s.heard, s.cursor = append(s.heard, one.Data.Told.ID), one.Extensions.Cursor
		return nil
	case "error":
		var list []struct{ Extensions struct{ Code, Cursor string } }
		if err := json.Unmarshal(m.Payload, &list); err != nil {
			return err
		}
		if list[0].Extensions.Code == "RESYNC" && list[0].Extensions.Cursor != "" {
			s.cursor = list[0].Extensions.Cursor
			return errResync
		}
	}
	return fmt.Errorf("%w %.300s", errSaid, raw)
}

// until reads until so many were heard of.
func (s *subscriber) until(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	for len(s.heard) < n {
		require.NoError(t, s.next(ctx))
	}
}

var metric = regexp.MustCompile(`(?m)^weir_live_(dropped_total|connections|subscribers)\{[^}]*\} (\d+)`)

// live is how many subscriptions there were cut off because they did not keep up, and how many there are, with their
// connections, by the metrics' names.
func (s *service) live(ctx context.Context, t *testing.T) map[string]int {
	t.Helper()
	answer, err := (&harness.Client{URL: s.URL}).Send(ctx, http.MethodGet, "/metrics", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.Status)
	sum := map[string]int{}
	for _, found := range metric.FindAllSubmatch(answer.Body, -1) {
		n, err := strconv.Atoi(string(found[2]))
		require.NoError(t, err)
		sum[string(found[1])] += n
	}
	require.Contains(t, sum, "connections")
	return sum
}

// began waits until so many follow: from then on they miss nothing.
func (s *service) began(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return s.live(ctx, t)["subscribers"] == n }, patience, 20*time.Millisecond)
}

// round sends some entries and runs, of which much is to be told, waits until a neighbour has heard of the entries, and gives
// how long that took.
func (s *service) round(ctx context.Context, t *testing.T, neighbour *subscriber, n int) time.Duration {
	t.Helper()
	var events []string
	for i := range atOnce {
		text := strings.Repeat(fmt.Sprintf("%06d ", n), 60<<10/7)
		events = append(events,
			fmt.Sprintf(`{"type":"api_request","id":"a-%d-%d","customer":"acme","integration":"crm","data":{"method":"POST","url":"https://crm.example.com/","request":{"body":%q},"response":{"status":200}}}`, n, i, text),
			fmt.Sprintf(`{"type":"flow_run","id":"r-%d-%d","customer":"acme","integration":"crm","data":{"flow":"sync","status":"succeeded","input":{"text":%q}}}`, n, i, text))
	}
	before, began := len(neighbour.heard), time.Now()
	for status := 0; status != http.StatusAccepted; {
		answer, err := s.client.Events(ctx, []byte(strings.Join(events, "\n")))
		require.NoError(t, err)
		require.Contains(t, []int{http.StatusAccepted, http.StatusServiceUnavailable}, answer.Status, "%s", answer.Body)
		status = answer.Status // A disk that others keep busy may make it too late; what is sent again is no other.
	}
	neighbour.until(ctx, t, before+atOnce)
	return time.Since(began)
}

// Who never reads is cut off and told so; it goes on where it was, and misses nothing. Its neighbours are told as soon as
// without it, and what waits for it takes little memory. It has the machine to itself, as the others here.
func TestClientsThatNeverReadAreCutOff(t *testing.T) {
	s := ours.start(t, "never-reads")
	if _, ok := s.Memory(); !ok {
		t.Skipf("what a process holds in memory is read from /proc, which %s does not have", runtime.GOOS)
	}
	ctx := within(t, 3*patience)
	neighbour := s.subscribe(ctx, t, quickLogs, "")
	s.began(ctx, t, 1)
	const first = 40
	var alone, took []time.Duration
	for n := range first {
		alone = append(alone, s.round(ctx, t, neighbour, n))
	}
	s.collect(t)
	require.NoError(t, s.ForgetPeak())
	before, _ := s.Memory()

	var slow []*subscriber
	for i := range slowClients {
		query := slowLogs
		if i%2 == 1 {
			query = slowRuns
		}
		slow = append(slow, s.subscribe(ctx, t, query, ""))
	}
	s.began(ctx, t, slowClients+1)
	// Whoever does not read for half a minute loses the connection, and that may be sooner.
	n, began := first, time.Now()
	for now := map[string]int{"connections": slowClients + 1}; now["dropped_total"] < now["connections"]-1; n++ {
		require.Less(t, n, first+rounds, "%v", now)
		took = append(took, s.round(ctx, t, neighbour, n))
		now = s.live(ctx, t)
	}
	inTime := time.Since(began) < 20*time.Second
	after, _ := s.Memory()
	slices.Sort(alone)
	slices.Sort(took)
	t.Logf("%d rounds of %d; a neighbour hears of its %d after %s, at the most %s, and %s without the slow; RSS from %.1f MiB to at most %.1f", len(took), 2*atOnce, atOnce,
		took[len(took)/2], took[len(took)-1], alone[len(alone)/2], mib(before.RSS), mib(after.Peak))
	require.Less(t, took[len(took)/2], 2*alone[len(alone)/2]+mostSlower)
	require.LessOrEqual(t, mib(after.Peak-before.RSS), mib(mostSlowGrowth))

	all := (n - first) * atOnce
	ends := make([]error, len(slow))
	var reading sync.WaitGroup
	for i, c := range slow {
		reading.Go(func() {
			for ends[i] == nil && len(c.heard) < all {
				ends[i] = c.next(ctx)
			}
		})
	}
	reading.Wait()
	require.True(t, !inTime || slices.ContainsFunc(ends, func(err error) bool { return errors.Is(err, errResync) }), "%v", ends)
	for i, c := range slow {
		require.NotErrorIs(t, ends[i], errSaid)
		kind, query := "a", slowLogs
		if i%2 == 1 {
			kind, query = "r", slowRuns
		}
		var want []string
		for round := first; round < n; round++ {
			for j := range atOnce {
				want = append(want, fmt.Sprintf("%s-%d-%d", kind, round, j))
			}
		}
		require.True(t, !inTime || len(c.heard) < all)
		again := s.subscribe(ctx, t, query, c.cursor)
		again.until(ctx, t, all-len(c.heard))
		require.ElementsMatch(t, want, append(c.heard, again.heard...))
		require.NoError(t, again.conn.CloseNow())
	}
}
