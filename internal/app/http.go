package app

import (
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/weirhq/weir/graph"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/live"
)

// handler is everything that the service answers, by the roles that this process has.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("GET /metrics", a.metrics.Handler())
	if a.cfg.Does("api") {
		a.api = graph.NewHandler(graph.Deps{
			Tenants: a.stores.tenants, Directory: a.stores.directory, Journal: a.stores.journal, Runs: a.stores.runs,
			Logs: a.stores.logs, Statistics: a.stores.statistics, Catalogues: a.stores.catalogues,
			Alarms: a.stores.alarms, Notifications: a.stores.notifications, Issues: a.stores.issues, Logger: a.log,
			Live: live.NewJournal(a.hub, a.stores.journal, a.stores.logs), LiveIssues: live.NewIssues(a.hub, a.stores.issues),
			LiveAlarms: live.NewAlarms(a.hub, a.stores.alarms), Authenticate: a.auth.Authenticate, Connections: a.metrics.Connections,
		})
		mux.Handle("/graphql", a.traced("graphql", authenticate(a.auth, a.log, refuseGraphQL, a.api)))
		if a.opt.Playground {
			mux.Handle("GET /playground", graph.Playground())
			mux.Handle("GET /playground/", graph.Playground())
			mux.Handle("GET /live", graph.LivePage())
			mux.Handle("GET /live/", graph.LivePage())
			mux.Handle("GET /{$}", http.RedirectHandler("/playground", http.StatusFound))
		}
	}
	if a.cfg.Does("ingest") {
		events := ingest.NewHandler(a.ingest)
		mux.Handle("/v1/events", a.traced("events", authenticate(a.auth, a.log, refuseREST, events)))
		a.routeTransactions(mux)
	}
	return observe.Middleware(a.log, a.metrics, mux)
}

// traced gives each request a span where traces are sent somewhere. The instrumentation costs 20 µs a request, whether
// anybody asks for spans or not.
func (a *App) traced(name string, next http.Handler) http.Handler {
	if a.cfg.OTLPEndpoint == "" {
		return next
	}
	return otelhttp.NewHandler(next, name)
}

const (
	// headerTimeout ends connections that dawdle over their first bytes.
	headerTimeout = 10 * time.Second
	// idleTimeout is longer than that of the usual load balancers (60 s), so that they close first.
	idleTimeout = 75 * time.Second
	// readTimeout is what the largest body may take on a slow line: 8 MiB at 70 KiB/s.
	readTimeout = 2 * time.Minute
	// maxHeaderBytes leaves room for a token of 8 KiB and its neighbours.
	maxHeaderBytes = 32 << 10
)

func (a *App) newServer() *http.Server {
	return &http.Server{
		Handler: a.handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
}
