package detection

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/graph"
	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/shape"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// World is a service of one tenant, in this process, with a clock that is moved by hand. It is not for concurrent use.
type World struct {
	now atomic.Int64
	// offered is when the last entry happened that the sampler was offered: its clock, as if each had come at once.
	offered atomic.Int64

	door       *tenant.Door
	auth       *tenant.Authenticator
	tenants    *tenant.Store
	directory  *directory.Store
	journal    *journal.Store
	runs       *run.Store
	statistics *statistics.Store
	catalogues *diagnostics.Catalogues
	detection  *app.Detection
	sampler    *shape.Sampler
	ingest     *ingest.Service
	handler    http.Handler
	tokens     *token.Issuer
	log        *slog.Logger

	account Account
	// tidied and lastPartition are how far compaction and partitions are.
	tidied  time.Time
	madeTo  journal.Day
	closers []func(context.Context) error
	// Took is how long the work took so far, by what was done.
	Took map[string]time.Duration
}

// Account is the tenant of a world, and the API key that sends its events.
type Account struct {
	tenant *tenant.Tenant
	key    string
}

// Open puts the service together over a migrated, empty database, with its clock at start.
func Open(ctx context.Context, databaseURL string, start time.Time, log *slog.Logger) (*World, error) {
	return Resume(ctx, databaseURL, start, Account{}, log)
}

// Resume puts the service together over the database of another world, which was closed, with its clock where that was.
// An account of nobody makes one.
func Resume(ctx context.Context, databaseURL string, start time.Time, account Account, log *slog.Logger) (w *World, err error) {
	w = &World{account: account, log: log, tidied: start, Took: map[string]time.Duration{}}
	w.now.Store(start.UnixMicro())
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close(context.WithoutCancel(ctx)))
		}
	}()
	pool, err := openPool(ctx, databaseURL)
	if err != nil {
		return w, err
	}
	w.onClose(func(context.Context) error { pool.Close(); return nil })
	w.door = tenant.NewDoor(pool)
	w.onClose(func(context.Context) error { return w.door.Close() })
	w.tenants, w.directory = tenant.NewStore(w.door, w.Now), directory.NewStore(w.door, w.Now)
	w.journal, w.runs = journal.NewStore(w.door, journal.Options{Now: w.Now, Logger: log}), run.NewStore(w.door)
	w.statistics = statistics.NewStore(w.door, log)
	if err := w.openAccess(ctx); err != nil {
		return w, err
	}
	return w, w.assemble(ctx)
}

func openPool(ctx context.Context, databaseURL string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 6
	// As the service has it: bun writes its arguments into its statements.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	return pgxpool.NewWithConfig(ctx, config)
}

// openAccess makes what signs tokens, and the tenant and the key that sends where there are none.
func (w *World) openAccess(ctx context.Context) (err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	key, err := token.ParseSigningKey(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		return err
	}
	config := token.Config{SigningKey: key, Now: w.Now, Logger: w.log}
	if w.tokens, err = token.NewIssuer(config); err != nil {
		return err
	}
	verifier, err := token.New(config)
	if err != nil {
		return err
	}
	w.onClose(func(context.Context) error { verifier.Stop(); return nil })
	w.auth = tenant.NewAuthenticator(w.door, verifier, w.Now, w.log)
	w.onClose(func(context.Context) error { w.auth.Stop(); return nil })
	if w.account.tenant != nil {
		return nil
	}
	w.account.tenant, err = w.tenants.CreateTenant(ctx, tenant.CreateTenantInput{Slug: "acme", Name: "Acme", OwnerEmail: "owner@acme.example"})
	if err != nil {
		return err
	}
	ctx = tenant.WithPrincipal(ctx, &tenant.Principal{TenantID: w.account.tenant.ID, Kind: tenant.KindMember, Subject: "owner@acme.example", Role: tenant.RoleOwner})
	_, w.account.key, err = w.tenants.CreateAPIKey(ctx, tenant.CreateAPIKeyInput{Name: "agent", Scopes: []tenant.Scope{tenant.ScopeIngest}})
	return err
}

// assemble makes what takes events in, what finds problems in them, and what answers.
func (w *World) assemble(ctx context.Context) error {
	builtin, err := diagnostics.Builtin()
	if err != nil {
		return err
	}
	w.catalogues = diagnostics.NewCatalogues(builtin, w.tenants, w.Now, w.log)
	w.detection = app.NewDetection(app.Sources{
		Door: w.door, Directory: w.directory, Journal: w.journal, Runs: w.runs, Statistics: w.statistics,
		Catalogues: w.catalogues, Advice: builtin, Now: w.Now, Log: w.log,
	})
	w.sampler = shape.NewSampler(w.door, func() time.Time { return time.UnixMicro(w.offered.Load()).UTC() })
	w.ingest = ingest.NewService(ingest.Deps{
		Door: w.door, Journal: w.journal, Runs: w.runs, Directory: w.directory, Policies: w.tenants, Logger: w.log, Now: w.Now,
		Catalogues: w.catalogues.Of, Offer: w.offer,
	})
	w.onClose(w.ingest.Close)
	mux := http.NewServeMux()
	mux.Handle("/v1/events", ingest.NewHandler(w.ingest))
	mux.Handle("/graphql", graph.NewHandler(graph.Deps{
		Tenants: w.tenants, Directory: w.directory, Journal: w.journal, Runs: w.runs, Logs: journal.NewLogs(w.journal, w.runs),
		Statistics: w.statistics, Catalogues: w.catalogues, Issues: w.detection.Issues, Logger: w.log, Now: w.Now,
	}))
	w.handler = w.authenticated(mux)
	return w.makePartitions(ctx)
}

// offer has the sampler look at the form of an answer, at the time when it came.
func (w *World) offer(tenantID uuid.UUID, e *entry.Entry) {
	w.offered.Store(max(w.offered.Load(), e.OccurredAt().UnixMicro()))
	w.sampler.Offer(tenantID, e)
}

// authenticated puts the principal of the request's credential into its context, as the service does.
func (w *World) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p, err := w.auth.Authenticate(r.Context(), r.Header.Get("Authorization"))
		switch {
		case errs.Is(err, errs.Unauthenticated):
			http.Error(rw, err.Error(), http.StatusUnauthorized)
		case err != nil:
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
		default:
			next.ServeHTTP(rw, r.WithContext(tenant.WithPrincipal(r.Context(), p)))
		}
	})
}

func (w *World) onClose(fn func(context.Context) error) { w.closers = append(w.closers, fn) }

// Close ends the service, the last that was started first.
func (w *World) Close(ctx context.Context) (err error) {
	for i := len(w.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, w.closers[i](ctx))
	}
	w.closers = nil
	return err
}

// Now is the world's time.
func (w *World) Now() time.Time { return time.UnixMicro(w.now.Load()).UTC() }

// Account is whose world it is.
func (w *World) Account() Account { return w.account }

// At moves the clock to a time; time does not go back.
func (w *World) At(at time.Time) {
	if at.After(w.Now()) {
		w.now.Store(at.UnixMicro())
	}
}

// system is a context of Weir's own work for the tenant.
func (w *World) system(ctx context.Context) context.Context {
	return tenant.WithPrincipal(ctx, tenant.System(w.account.tenant.ID))
}

// timed notes how long something took, and says what failed.
func (w *World) timed(what string, do func() error) error {
	began := time.Now()
	err := do()
	w.Took[what] += time.Since(began)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", what, w.Now().Format(time.RFC3339), err)
	}
	return nil
}
