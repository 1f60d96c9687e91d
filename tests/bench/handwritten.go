package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// handwritten answers the customer's page as somebody would who wrote a handler for this one page: without GraphQL and
// without authentication, and otherwise with all that the service does for it. It asks three things: the customer, its
// connected apps, and the last entries of all of them. The first two are SQL that is written here. Entries lie in segments,
// so the third is the store's own read of many pages at once: what is compared is everything around it. It reads no flow
// runs, of which the corpus has none. Each is in a transaction that has entered the tenant, as row-level security demands.
type handwritten struct {
	door    *tenant.Door
	entries *journal.Store
}

// handwrittenEnv makes this command serve the page and nothing else, in a process of its own as the service is one. It is
// the URL of the database, as the service's role.
const handwrittenEnv = "WEIR_BENCH_HANDWRITTEN"

// serveHandwritten serves until the context ends, on an address that it prints.
func serveHandwritten(ctx context.Context, url string) error {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	cfg.MaxConns, cfg.MinConns = handwrittenConns, 2
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	h := &handwritten{door: tenant.NewDoor(pool)}
	h.entries = journal.NewStore(h.door, journal.Options{})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, h.door.Close())
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing of it is worth waiting for
	defer stopped()
	// As much garbage at a time as the service lets come together.
	ballast := make([]byte, 16<<20)
	fmt.Fprintln(os.Stdout, "http://"+listener.Addr().String())
	err = server.Serve(listener)
	runtime.KeepAlive(ballast)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, h.door.Close())
}

// handwrittenConns is what the service has too.
const handwrittenConns = 24

func (h *handwritten) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenantID, err := uuid.Parse(r.URL.Query().Get("tenant"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id, err := nodeid.ParseAs(nodeid.Customer, r.URL.Query().Get("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := h.page(tenant.WithPrincipal(r.Context(), tenant.System(tenantID)), id)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the client may be gone
}

const (
	customerSQL = `SELECT name, external_id, last_activity_at FROM customer WHERE tenant_id = $1 AND id = $2`
	appsSQL     = `SELECT id, external_id, status, account, last_activity_at, customer_id, integration_id
		FROM connected_app WHERE tenant_id = $1 AND customer_id = $2 ORDER BY created_at, id LIMIT $3`
)

func (h *handwritten) page(ctx context.Context, id uuid.UUID) (answer pageAnswer, err error) {
	c := &pageCustomer{ID: nodeid.Format(nodeid.Customer, id)}
	answer.Data.Customer = c
	err = h.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, customerSQL, tx.TenantID(), id)
		if err != nil {
			return err
		}
		if _, err := pgx.ForEachRow(rows, []any{&c.Name, &c.ExternalID, &c.LastActivityAt}, func() error { return nil }); err != nil {
			return err
		}
		if c.ConnectedApps.Nodes, err = readApps(ctx, tx, id); err != nil {
			return err
		}
		return h.fill(ctx, c.ConnectedApps.Nodes)
	})
	return answer, err
}

func readApps(ctx context.Context, tx *tenant.Tx, customer uuid.UUID) ([]*pageApp, error) {
	rows, err := tx.Pgx().Query(ctx, appsSQL, tx.TenantID(), customer, pageApps)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*pageApp, error) {
		a := &pageApp{}
		k := &a.key
		err := row.Scan((*[16]byte)(&k.ID), &a.ExternalID, &a.Status, &a.Account, &a.LastActivityAt, (*[16]byte)(&k.CustomerID), (*[16]byte)(&k.IntegrationID))
		a.ID = nodeid.Format(nodeid.ConnectedApp, k.ID)
		return a, err
	})
}

// fill reads the last entries of all apps.
func (h *handwritten) fill(ctx context.Context, apps []*pageApp) error {
	q := journal.PagesQuery{Query: journal.Query{First: pageEntries}, Of: entry.ParentConnectedApp}
	for _, a := range apps {
		q.Parents = append(q.Parents, a.key)
	}
	pages, err := h.entries.Pages(ctx, q)
	if err != nil {
		return err
	}
	for _, a := range apps {
		p := pages[a.key.ID]
		a.Logs.Nodes = make([]pageEntry, len(p.Items))
		for i, e := range p.Items {
			a.Logs.Nodes[i] = newPageEntry(e)
		}
		a.Logs.PageInfo.HasNextPage = p.HasNext
		if n := len(p.Items); n > 0 {
			last := p.Items[n-1]
			cursor := page.EncodeCursor("logs", strconv.FormatInt(last.Micros(), 10), last.ID.String())
			a.Logs.PageInfo.EndCursor = &cursor
		}
	}
	return nil
}

func newPageEntry(e *entry.Entry) pageEntry {
	out := pageEntry{
		ID: nodeid.Format(e.Kind.NodeKind(), e.ID), Kind: e.Kind.String(), OccurredAt: e.OccurredAt(), Status: e.Status.String(),
		Summary: e.Method + " " + e.Endpoint + " → " + strconv.Itoa(e.StatusCode),
		Method:  e.Method, URL: e.URL, Endpoint: e.Endpoint, StatusCode: &e.StatusCode, DurationMS: &e.DurationMS,
	}
	if e.ErrorKind != entry.ErrorNone {
		out.Error = &pageError{Message: e.Message, Kind: e.ErrorKind.String()}
		if e.ErrorCode != "" {
			out.Error.Code = &e.ErrorCode
		}
	}
	return out
}
