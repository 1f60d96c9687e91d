package main

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/simulate"
)

type simulateCmd struct {
	URL      string        `required:"" env:"WEIR_URL" help:"Address of a running service, such as http://127.0.0.1:8080."`
	Key      string        `required:"" env:"WEIR_API_KEY" help:"An API key with the scope ingest."`
	Rate     float64       `help:"Events a second of a story that unfolds as it is sent; 0 sends plain API requests as fast as they are acknowledged."`
	Duration time.Duration `help:"When to stop, such as 30s; without it, at Ctrl-C."`
	Senders  int           `default:"4" help:"How many requests are open at once."`
	Batch    int           `default:"500" help:"The most events of one request."`
	Seed     uint64        `default:"1" help:"The same seed sends the same traffic."`
	Gzip     bool          `help:"Compress what is sent."`
}

func (c *simulateCmd) Run(ctx context.Context, std streams) error {
	_, err := simulate.Run(ctx, simulate.Config{
		URL: c.URL, Key: c.Key, Rate: c.Rate, Duration: c.Duration, Senders: c.Senders, Batch: c.Batch, Seed: c.Seed, Gzip: c.Gzip, Out: std.out,
	})
	return err
}
