// Command live measures how long it takes from a commit to the client: subscribers follow a service over WebSockets, each a
// customer of its own, while events are sent to it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/weirhq/weir/internal/localpg"
	"github.com/weirhq/weir/tests/harness"
)

type config struct {
	tenants, subscribers, customers, rate, batch int
	duration                                     time.Duration
}

// The limits of what is measured.
const (
	limitP50 = 30 * time.Millisecond
	limitP99 = 150 * time.Millisecond
)

func main() {
	var c config
	flag.IntVar(&c.tenants, "tenants", 10, "tenants")
	flag.IntVar(&c.subscribers, "subscribers", 1000, "subscribers, spread over the tenants")
	flag.IntVar(&c.customers, "customers", 50, "customers of a tenant; each subscriber follows one")
	flag.IntVar(&c.rate, "rate", 2000, "entries a second")
	flag.IntVar(&c.batch, "batch", 20, "entries of a request")
	flag.DurationVar(&c.duration, "duration", 20*time.Second, "how long")
	flag.Parse()
	ok, err := run(context.Background(), c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// watch collects what the subscribers see. An entry counts as committed when its sender heard so, which is a
// little after the commit.
type watch struct {
	mu        sync.Mutex
	committed map[string]time.Time
	seen      map[string][]time.Time
	lost      int
}

func run(ctx context.Context, c config) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "weir-live")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // The server's user has to enter it.
		return false, err
	}
	server, err := localpg.Start(ctx, localpg.Options{DataDir: filepath.Join(dir, "postgres")})
	if err != nil {
		return false, err
	}
	defer func() { _ = server.Stop(ctx) }()
	binary, err := harness.Build(ctx, dir)
	if err != nil {
		return false, err
	}
	env := harness.EnvOf(server).With("WEIR_INGEST_RATE", "0").With("WEIR_LOG_LEVEL", "warn")
	service, err := binary.Serve(ctx, env, "--migrate")
	if err != nil {
		return false, err
	}
	defer func() { _ = service.Stop(ctx) }()

	w := &watch{committed: map[string]time.Time{}, seen: map[string][]time.Time{}}
	var keys []string
	for t := range c.tenants {
		slug := fmt.Sprint("live-", t)
		if _, err := binary.CreateTenant(ctx, env, slug); err != nil {
			return false, err
		}
		key, err := binary.CreateKey(ctx, env, slug, "ingest,read")
		if err != nil {
			return false, err
		}
		keys = append(keys, key.Secret)
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	if err := w.subscribe(following, c, service.URL, keys); err != nil {
		return false, err
	}
	began := time.Now()
	sent := w.send(ctx, c, service.URL, keys)
	took := time.Since(began)
	time.Sleep(2 * time.Second) //nolint:forbidigo // What is on its way may arrive.
	stop()
	memory, _ := service.Memory()
	return w.report(c, sent, took, memory.RSS), nil
}

// subscribe opens the sockets, and returns when all are subscribed: each has been told of an entry of its customer.
func (w *watch) subscribe(ctx context.Context, c config, url string, keys []string) error {
	// The customers have to be there to be filtered by.
	ids := make([][]string, len(keys))
	for t, key := range keys {
		client := &harness.Client{URL: url, Token: key}
		var lines strings.Builder
		for n := range c.customers {
			lines.WriteString(event(n, "first") + "\n")
		}
		if answer, err := client.Events(ctx, []byte(lines.String())); err != nil || answer.Status != http.StatusAccepted {
			return fmt.Errorf("send the first events: %d %s: %w", answer.Status, answer.Body, err)
		}
		var found struct {
			Customers struct{ Nodes []struct{ ID string } }
		}
		if err := client.Query(ctx, fmt.Sprintf(`{ customers(first: %d) { nodes { id } } }`, c.customers), nil, &found); err != nil {
			return err
		}
		for _, n := range found.Customers.Nodes {
			ids[t] = append(ids[t], n.ID)
		}
	}
	ready := make(chan error, c.subscribers)
	for i := range c.subscribers {
		tenant := i % len(keys)
		go func() { w.follow(ctx, url, keys[tenant], ids[tenant][i/len(keys)%c.customers], ready) }()
	}
	for range c.subscribers {
		if err := <-ready; err != nil {
			return err
		}
	}
	time.Sleep(time.Second) //nolint:forbidigo // The last subscriptions are under way.
	return nil
}

func (w *watch) follow(ctx context.Context, url, key, customer string, ready chan<- error) {
	conn, answer, err := websocket.Dial(ctx, url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		ready <- err
		return
	}
	defer func() { _ = conn.CloseNow() }()
	say := func(text string) error { return conn.Write(ctx, websocket.MessageText, []byte(text)) }
	query, _ := json.Marshal(fmt.Sprintf(`subscription { logAdded(filter: {customerIds: [%q]}) { id externalId kind status occurredAt summary } }`, customer))
	if err = say(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + key + `"}}`); err == nil {
		if _, _, err = conn.Read(ctx); err == nil {
			err = say(`{"type":"subscribe","id":"1","payload":{"query":` + string(query) + `}}`)
		}
	}
	ready <- err
	for err == nil {
		var raw []byte
		if _, raw, err = conn.Read(ctx); err != nil {
			break
		}
		now := time.Now()
		var m struct {
			Type    string
			Payload struct {
				Data struct{ LogAdded struct{ ExternalID string } }
			}
		}
		if json.Unmarshal(raw, &m) != nil || m.Type != "next" {
			err = fmt.Errorf("heard %.200s", raw)
			break
		}
		w.mu.Lock()
		w.seen[key+m.Payload.Data.LogAdded.ExternalID] = append(w.seen[key+m.Payload.Data.LogAdded.ExternalID], now)
		w.mu.Unlock()
	}
	if ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		w.mu.Lock()
		w.lost++
		w.mu.Unlock()
	}
}

func event(customer int, id string) string {
	return fmt.Sprintf(`{"type":"internal_event","id":"%s-%d","customer":"customer-%d","data":{"event_type":"order.created","payload":{"order":"%s","lines":[1,2,3],"note":"as it comes"}}}`, id, customer, customer, id)
}

// send sends at an even pace, and gives how many entries were taken.
func (w *watch) send(ctx context.Context, c config, url string, keys []string) int {
	every := time.Second * time.Duration(c.batch) / time.Duration(c.rate)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var open sync.WaitGroup
	var mu sync.Mutex
	sent := 0
	began := time.Now()
	for n := 0; time.Since(began) < c.duration; n++ {
		<-ticker.C
		key := keys[n%len(keys)]
		open.Go(func() {
			var lines strings.Builder
			var ids []string
			for i := range c.batch {
				customer := (n/len(keys)*c.batch + i) % c.customers
				id := fmt.Sprintf("b%d.%d", n, i)
				ids = append(ids, fmt.Sprintf("%s%s-%d", key, id, customer))
				lines.WriteString(event(customer, id) + "\n")
			}
			answer, err := (&harness.Client{URL: url, Token: key}).Events(ctx, []byte(lines.String()))
			now := time.Now()
			if err != nil || answer.Status != http.StatusAccepted {
				return
			}
			mu.Lock()
			sent += c.batch
			mu.Unlock()
			w.mu.Lock()
			for _, id := range ids {
				w.committed[id] = now
			}
			w.mu.Unlock()
		})
	}
	open.Wait()
	return sent
}

// report prints the figures, and tells whether they are within the limits.
func (w *watch) report(c config, sent int, took time.Duration, memory int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	var delays []time.Duration
	missing := 0
	each := c.subscribers / c.tenants / c.customers
	for id, at := range w.committed {
		missing += max(0, each-len(w.seen[id]))
		for _, seen := range w.seen[id] {
			delays = append(delays, max(0, seen.Sub(at)))
		}
	}
	if len(delays) == 0 {
		fmt.Println("nothing was seen")
		return false
	}
	slices.Sort(delays)
	at := func(q float64) time.Duration {
		return delays[int(q*float64(len(delays)-1))].Round(100 * time.Microsecond)
	}
	fmt.Printf("%d subscribers in %d tenants, %d entries in %s (%.0f/s), %d messages, %d missing, %d subscribers lost\n",
		c.subscribers, c.tenants, sent, took.Round(time.Millisecond), float64(sent)/took.Seconds(), len(delays), missing, w.lost)
	fmt.Printf("from the answer to the sender to the client: p50 %s, p90 %s, p99 %s, max %s (limits: p50 %s, p99 %s)\n", at(0.5), at(0.9), at(0.99), at(1), limitP50, limitP99)
	fmt.Printf("memory of the service: %d MiB\n", memory>>20)
	return missing == 0 && w.lost == 0 && at(0.5) < limitP50 && at(0.99) < limitP99
}
