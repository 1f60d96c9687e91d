package app

import (
	"context"
	"net/http"
	"time"
)

// checkTimeout bounds how long one check of readiness may take.
const checkTimeout = 2 * time.Second

// healthz says that the process lives.
func healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether the service can do its work: what is wrong is named, and why stands in the log.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	checks := map[string]string{}
	ready := true
	note := func(name string, err error) {
		checks[name] = "ok"
		if err != nil {
			checks[name], ready = "failing", false
			a.log.WarnContext(ctx, "not ready", "check", name, "error", err)
		}
	}
	note("database", a.pool.Ping(ctx))
	note("migrations", checkSchema(ctx, a.pool))
	note("partitions", a.checkPartitions(ctx))
	if a.cfg.Does("worker") {
		note("workers", a.checkWorkers())
	}
	if a.stopping.Load() {
		checks["shutdown"], ready = "stopping", false
	}
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]any{"ready": ready, "checks": checks})
}
