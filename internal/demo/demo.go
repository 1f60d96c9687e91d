// Package demo makes a tenant whose traffic is simulated: hours of history at once, then live.
//
// The traffic goes in as any tenant's does, by HTTP with an API key, so the demo shows what a newcomer's own first
// event will do.
package demo

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/weirhq/weir/internal/simulate"
)

const (
	// history is how far the story goes back.
	history = 36 * time.Hour
	// liveRate is how many events a second go on after it.
	liveRate = 1.5
	// tick is how often what has happened since is sent.
	tick = 500 * time.Millisecond
	// batch is the most events of one request.
	batch = 2000
)

// Traffic sends the story of one tenant.
type Traffic struct {
	story  *simulate.Story
	client *simulate.Client
	now    func() time.Time
	log    *slog.Logger
}

// NewTraffic makes the story that ends, so far, now, for the service at the address and the tenant of the key.
func NewTraffic(url, key string, seed uint64, now func() time.Time, log *slog.Logger) *Traffic {
	at := now()
	return &Traffic{
		story:  simulate.New(simulate.Options{Seed: seed, Start: at.Add(-history), Now: at, LiveRate: liveRate}),
		client: simulate.NewClient(simulate.ClientConfig{URL: url, Key: key}), now: now, log: log,
	}
}

// History sends what happened until now and tells how many events that were.
func (t *Traffic) History(ctx context.Context) (int, error) {
	var list [][]byte
	t.story.History(func(e simulate.Event) { list = append(list, e.JSON) })
	if err := t.send(ctx, list); err != nil {
		return 0, fmt.Errorf("send the history: %w", err)
	}
	return len(list), nil
}

// Live sends what happens, as it happens, until the context ends.
func (t *Traffic) Live(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		var list [][]byte
		t.story.Advance(t.now(), func(e simulate.Event) { list = append(list, e.JSON) })
		if err := t.send(ctx, list); err != nil && ctx.Err() == nil {
			t.log.WarnContext(ctx, "simulated traffic was not taken", "error", err)
		}
	}
}

func (t *Traffic) send(ctx context.Context, list [][]byte) error {
	for len(list) > 0 {
		step := list[:min(batch, len(list))]
		list = list[len(step):]
		ack, err := t.client.Send(ctx, bytes.Join(step, []byte{'\n'}))
		if err != nil {
			return err
		}
		for _, r := range ack.Rejected {
			t.log.WarnContext(ctx, "a simulated event was rejected", "code", r.Code, "field", r.Field, "message", r.Message)
		}
	}
	return nil
}
