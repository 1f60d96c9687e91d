package app

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/live"
)

// startLive begins to take hints of commits to those who follow. A process without the API has nobody who does: it only
// tells the others.
func (a *App) startLive() {
	deps := live.Deps{Exec: a.pool.Exec, Metrics: a.metrics, Logger: a.log.With("component", "live")}
	if a.cfg.Does("api") {
		// A connection that listens is no use to anybody else, so it is none of the pool's.
		deps.Connect = func(ctx context.Context) (*pgx.Conn, error) {
			return pgx.ConnectConfig(ctx, a.pool.Config().ConnConfig.Copy())
		}
	}
	a.hub = live.NewHub(deps)
	a.hub.Start()
	a.onClose(a.hub.Stop)
}

// hint says how far a stream of a tenant has come, once the hub is there: nothing is committed before.
func (a *App) hint(stream string) func(tenantID uuid.UUID, no int64) {
	return func(tenantID uuid.UUID, no int64) { a.hub.Hint(stream, tenantID, no) }
}
