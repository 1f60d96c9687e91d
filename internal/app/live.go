package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/live"
)

// startLive begins to take hints of commits to those who follow, in this process and others.
func (a *App) startLive() error {
	log := a.log.With("component", "live")
	bus, err := a.openBus(log)
	if err != nil {
		return err
	}
	a.hub = live.NewHub(live.Deps{Bus: bus, Metrics: a.metrics, Logger: log})
	a.hub.Start()
	a.onClose(a.hub.Stop)
	return nil
}

// openBus gives the way to other processes: NATS where it is set, else PostgreSQL.
func (a *App) openBus(log *slog.Logger) (live.Bus, error) {
	cfg := &a.cfg.Bus
	if cfg.NATSURL != "" {
		bus, err := live.NewNATS(live.NATSOptions{URL: cfg.NATSURL, Creds: cfg.NATSCreds, Prefix: cfg.NATSPrefix, Logger: log})
		if err != nil {
			return nil, fmt.Errorf("WEIR_NATS_URL, or WEIR_NATS_…, cannot be used: %w", err)
		}
		a.onClose(func(context.Context) error { bus.Close(); return nil })
		return bus, nil
	}
	if cfg.NATSCreds != "" {
		return nil, errors.New("WEIR_NATS_CREDS is set, and WEIR_NATS_URL is not: say where NATS is, or leave both out")
	}
	var connect func(ctx context.Context) (*pgx.Conn, error)
	if a.cfg.Does("api") { // Nobody follows in a process without the API: it only tells the others.
		// A connection that listens is no use to anybody else, so it is none of the pool's.
		connect = func(ctx context.Context) (*pgx.Conn, error) {
			return pgx.ConnectConfig(ctx, a.pool.Config().ConnConfig.Copy())
		}
	}
	return live.NewPostgres(a.pool.Exec, connect, log), nil
}

// hint says how far a stream of a tenant has come, once the hub is there: nothing is committed before.
func (a *App) hint(stream string) func(tenantID uuid.UUID, no int64) {
	return func(tenantID uuid.UUID, no int64) { a.hub.Hint(stream, tenantID, no) }
}
