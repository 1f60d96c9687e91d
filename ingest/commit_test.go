package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/ingest"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/tenant"
)

// admin runs a statement as nobody does but an operator.
func (b *bundle) admin(t *testing.T, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(context.Background())) }()
	_, err = c.Exec(t.Context(), "SET default_transaction_read_only = off")
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	others := []uuid.UUID{uuid.New(), uuid.New()}
	var all sync.WaitGroup
	var mu sync.Mutex
	accepted, duplicates := 0, 0
	for worker := range 8 {
		all.Go(func() {
			for i := range 12 {
				// Half of the ids are sent by two workers.
				mine := internal(fmt.Sprintf("%d-%d", worker, i))
				shared := internal(fmt.Sprintf("shared-%d-%d", worker/2, i))
				a := b.post(t, mine, shared, `{"type":"api_request","customer":"c`+fmt.Sprint(i)+`","integration":"i","data":{"method":"GET","url":"/x"}}`)
				mu.Lock()
				accepted, duplicates = accepted+a.Accepted, duplicates+a.Duplicates
				mu.Unlock()
			}
		})
	}
	for _, id := range others {
		all.Go(func() {
			for range 5 {
				p := &tenant.Principal{TenantID: id, Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}
				b.sendAs(t, p, strings.NewReader(internal("same")))
			}
		})
	}
	all.Wait()
	require.Equal(t, []int{8*12*2 + 4*12, 4 * 12}, []int{accepted, duplicates})
	got := b.entries(t)
	require.Len(t, got, accepted)
	ids := map[string]int{}
	for _, e := range got {
		if e.ExternalID != "" {
			ids[e.ExternalID]++
			require.Equal(t, 1, ids[e.ExternalID], e.ExternalID)
		}
	}
	for _, id := range others {
		page, err := b.journal.Entries(tenant.WithPrincipal(t.Context(), tenant.System(id)), journal.Query{First: 10})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
	}
}

// TestPoisonCostsItself has requests of one batch, of which one cannot be stored for what is in it.
func TestPoisonCostsItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.admin(t, "ALTER TABLE flow_run ADD CHECK (external_id <> 'poison')")
	run := func(id string) string {
		return `{"type":"flow_run","id":"` + id + `","data":{"flow":"f","status":"queued"}},` + internal("with-"+id)
	}
	// A transaction that holds the tenant's lock makes all of them wait for one commit.
	release := b.hold(t)
	answers := make([]answer, 9)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			id := fmt.Sprintf("run-%d", i)
			if i == 4 {
				id = "poison"
			}
			answers[i] = b.post(t, run(id))
		})
	}
	release()
	all.Wait()
	for i, a := range answers {
		if i == 4 {
			require.Equal(t, http.StatusInternalServerError, a.status)
			require.Equal(t, "internal", a.Error.Code)
			require.NotContains(t, a.Error.Message, "check constraint")
			continue
		}
		require.Equal(t, http.StatusAccepted, a.status, "%+v", a.Error)
		require.Equal(t, 2, a.Accepted)
	}
	require.Len(t, b.entries(t), 8, "nothing of the poisoned request is there")
	require.Contains(t, b.log.String(), "23514")
	b.admin(t, "ALTER TABLE flow_run DROP CONSTRAINT flow_run_external_id_check1")
	require.Equal(t, 2, b.post(t, run("poison")).Accepted, "its keys were not claimed")
}

// hold takes the tenant's lock until release is called.
func (b *bundle) hold(t *testing.T) (release func()) {
	t.Helper()
	held, let, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- b.door.Write(b.as(t), func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Pgx().Exec(ctx, `INSERT INTO journal_cursor (tenant_id, commit_no) VALUES ($1, 0)
				ON CONFLICT (tenant_id) DO UPDATE SET commit_no = journal_cursor.commit_no`, tx.TenantID())
			close(held)
			<-let
			return err
		})
	}()
	<-held
	return sync.OnceFunc(func() {
		close(let)
		require.NoError(t, <-done)
	})
}

func TestDatabaseThatTakesNoWrites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, 1, b.post(t, internal("before")).Accepted)
	refused := func(why string) {
		a := b.post(t, internal("during"), `{"type":"customer","id":"c","data":{"name":"C"}}`)
		require.Equal(t, http.StatusServiceUnavailable, a.status, why)
		require.Equal(t, "unavailable", a.Error.Code)
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.NotContains(t, a.Error.Message, "SQLSTATE")
	}
	b.admin(t, "ALTER DATABASE "+b.db.Name+" SET default_transaction_read_only = on")
	b.pool.Reset()
	refused("read-only")
	b.admin(t, "ALTER DATABASE "+b.db.Name+" RESET default_transaction_read_only")
	b.pool.Reset()
	a := b.post(t, internal("during"), internal("before"))
	require.Equal(t, []int{1, 1}, []int{a.Accepted, a.Duplicates}, "%+v", a)

	// A server that ends the connection in the middle of a commit.
	release := b.hold(t)
	ended := make(chan answer, 1)
	go func() { ended <- b.post(t, internal("cut off")) }()
	b.waitForLock(t)
	b.admin(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
	got := <-ended
	release()
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, 1, b.post(t, internal("cut off")).Accepted)

	b.pool.Close()
	refused("gone")
}

// waitForLock waits until a commit waits for the tenant's lock.
func (b *bundle) waitForLock(t *testing.T) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), b.db.AdminURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(context.Background())) }()
	for waiting := 0; waiting == 0; {
		require.NoError(t, t.Context().Err())
		require.NoError(t, c.QueryRow(t.Context(),
			`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`).Scan(&waiting))
	}
}

func TestCloseDrains(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.hold(t)
	answers := make(chan answer, 2)
	go func() { answers <- b.post(t, internal("first")) }()
	b.waitForLock(t)
	short, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.service.Close(short), context.Canceled)
	a := b.post(t, internal("late"))
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	release()
	require.NoError(t, b.service.Close(t.Context()))
	require.Equal(t, 1, (<-answers).Accepted)
	require.Len(t, b.entries(t), 1)
}

func TestSenderThatLeavesTearsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.hold(t)
	stays := make(chan answer, 1)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := b.service.Submit(ctx, b.tenantID, strings.NewReader(internal("leaves")), ingest.FormJSON)
		left <- err
	}()
	b.waitForLock(t)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	go func() { stays <- b.post(t, internal("stays")) }()
	release()
	require.Equal(t, 1, (<-stays).Accepted)
	require.Len(t, b.entries(t), 2, "a commit that is under way is finished")
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got, err := b.service.Submit(t.Context(), b.tenantID, strings.NewReader(internal("a")+"\n"+internal("b")), ingest.FormLines)
	require.NoError(t, err)
	require.Equal(t, 2, got.Accepted)
	require.Equal(t, 1, b.metrics.commits)
	_, err = b.service.Submit(t.Context(), b.tenantID, strings.NewReader("{"), ingest.FormJSON)
	require.Error(t, err)
	require.False(t, errs.Is(err, errs.Unavailable))
}

// TestDirectoryChangedByAnotherProcess has two processes that know different things of a customer's connected apps.
func TestDirectoryChangedByAnotherProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const who = `"customer":"acme","integration":"crm",`
	app := func(id string) string {
		return `{"type":"connected_app","id":"` + id + `",` + who + `"data":{"status":"connected"}}`
	}
	event := `{"type":"internal_event",` + who + `"data":{"event_type":"x"}}`
	require.Equal(t, 1, b.post(t, event).Accepted)
	first := b.handler
	b.start(t)
	require.Equal(t, 1, b.post(t, app("one")).Accepted)
	// The first process still takes the connected app for one without a name.
	b.handler = first
	a := b.post(t, app("two"), event)
	require.Equal(t, http.StatusAccepted, a.status, "%+v %s", a.Error, b.log.String())
	require.Equal(t, 2, a.Accepted)
	got := b.entries(t)
	require.Equal(t, got[0].ConnectedAppID, got[1].ConnectedAppID, "the oldest of several")
}
