package tests

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/migrations"
	"github.com/weirhq/weir/tests/harness"
)

// oneEvent is an event of a customer, without an id.
const oneEvent = `{"type":"internal_event","customer":"acme","data":{"event_type":"order.created","payload":{"order":1}}}`

func post(t *testing.T, c *harness.Client, events string) harness.Answer {
	t.Helper()
	answer, err := c.Events(within(t, patience), []byte(events))
	require.NoError(t, err)
	return answer
}

func TestRevokedKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "revoked")
	require.Equal(t, http.StatusAccepted, post(t, a.Client, oneEvent).Status)
	_, err := w.binary.Output(within(t, patience), w.env, "apikey", "revoke", "--tenant", a.Slug, a.Key.ID)
	require.NoError(t, err)
	took := eventually(t, 5*time.Second, "the revoked key is refused", func(ctx context.Context) bool {
		answer, err := a.Events(ctx, []byte(oneEvent))
		return err == nil && answer.Status == http.StatusUnauthorized
	})
	t.Logf("refused after %s", took)
	var refused *harness.GraphQLError
	require.ErrorAs(t, a.Query(within(t, patience), `{ viewer { kind } }`, nil, &struct{}{}), &refused)
	require.Equal(t, "UNAUTHENTICATED", refused.Errors[0].Extensions.Code)
}

func TestScopesAndRolesDecideWhatACredentialMayDo(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "scopes")
	ctx := within(t, patience)
	require.Equal(t, http.StatusAccepted, post(t, a.Client, oneEvent).Status)
	require.Equal(t, http.StatusAccepted, post(t, a.Client, strings.ReplaceAll(oneEvent, "acme", "globex")).Status)

	sender, err := w.binary.CreateKey(ctx, w.env, a.Slug, "ingest")
	require.NoError(t, err)
	reader, err := w.binary.CreateKey(ctx, w.env, a.Slug, "read")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, post(t, &harness.Client{URL: a.URL, Token: reader.Secret}, oneEvent).Status)
	require.Equal(t, http.StatusUnauthorized, post(t, &harness.Client{URL: a.URL, Token: sender.Secret + "x"}, oneEvent).Status)
	require.Equal(t, http.StatusUnauthorized, post(t, &harness.Client{URL: a.URL}, oneEvent).Status)
	var refused *harness.GraphQLError
	blind := &harness.Client{URL: a.URL, Token: sender.Secret}
	require.ErrorAs(t, blind.Query(ctx, `{ customers { nodes { externalId } } }`, nil, &struct{}{}), &refused)
	require.Equal(t, "FORBIDDEN", refused.Errors[0].Extensions.Code)

	token := func(args ...string) *harness.Client {
		out, err := w.binary.Output(ctx, w.env, append([]string{"token", "--tenant", a.Slug}, args...)...)
		require.NoError(t, err)
		return &harness.Client{URL: a.URL, Token: strings.TrimSpace(out)}
	}
	var seen struct {
		Viewer    struct{ Kind, Role string }
		Customers struct {
			Nodes []struct{ ID, ExternalID string }
		}
		Logs struct {
			Nodes []struct {
				Customer keyed
				Payload  *body
			}
		}
	}
	const all = `{ viewer { kind role } customers { nodes { id externalId } } logs { nodes { customer { externalId } ... on InternalEvent { payload { text } } } } }`
	require.NoError(t, token("--role", "support").Query(ctx, all, nil, &seen))
	require.Equal(t, []string{"MEMBER", "SUPPORT"}, []string{seen.Viewer.Kind, seen.Viewer.Role})
	require.Len(t, seen.Customers.Nodes, 2)
	require.Len(t, seen.Logs.Nodes, 2)
	require.NotNil(t, seen.Logs.Nodes[0].Payload)
	require.NoError(t, token("--role", "viewer").Query(ctx, all, nil, &seen))
	require.Nil(t, seen.Logs.Nodes[0].Payload, "a viewer does not read bodies")

	one := token("--role", "viewer", "--customer", seen.Customers.Nodes[0].ID)
	name := seen.Customers.Nodes[0].ExternalID
	require.NoError(t, one.Query(ctx, all, nil, &seen))
	require.Equal(t, "CUSTOMER", seen.Viewer.Kind)
	require.Len(t, seen.Customers.Nodes, 1)
	require.Len(t, seen.Logs.Nodes, 1)
	require.Equal(t, name, seen.Logs.Nodes[0].Customer.ExternalID)
}

func TestASecondProcessServesTheSame(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "two-processes")
	ctx := within(t, patience)
	second, err := w.binary.Serve(ctx, w.env, "--roles", "api,ingest")
	require.NoError(t, err)
	there := &harness.Client{URL: second.URL, Token: a.Token}
	require.JSONEq(t, `{"accepted":4,"duplicates":0,"rejected":[]}`, string(post(t, a.Client, string(exampleOfYesterday())).Body))
	require.JSONEq(t, `{"accepted":1,"duplicates":3,"rejected":[]}`, string(post(t, there, string(exampleOfYesterday())).Body), "what one process has taken is a duplicate to the other")
	for _, c := range []*harness.Client{a.Client, there} {
		var got struct {
			Logs struct{ Nodes []struct{ ID string } }
		}
		require.NoError(t, c.Query(ctx, `{ logs { nodes { id } } }`, nil, &got))
		require.Len(t, got.Logs.Nodes, 4)
	}
	require.NoError(t, second.Stop(ctx))
	require.Zero(t, second.Code(), second.Stderr())
}

func TestServicesRoleSeesNothingWithoutATenant(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "isolation")
	require.Equal(t, http.StatusAccepted, post(t, a.Client, string(exampleOfYesterday())).Status)
	ctx := within(t, patience)
	connect := func(args ...string) *pgx.Conn {
		out, err := w.binary.Output(ctx, harness.Env{}, append([]string{"db", "url", "--data-dir", w.dir}, args...)...)
		require.NoError(t, err)
		conn, err := pgx.Connect(ctx, strings.TrimSpace(out))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
		return conn
	}
	service, admin := connect(), connect("--role", "admin")
	filled := 0
	for _, table := range migrations.Tables {
		count := "SELECT count(*) FROM " + table.Name
		var seen, there int
		require.NoError(t, admin.QueryRow(ctx, count).Scan(&there))
		err := service.QueryRow(ctx, count).Scan(&seen)
		if table.Placement == migrations.Local {
			refused, ok := errors.AsType[*pgconn.PgError](err)
			require.True(t, ok, "%s can be read: %v", table.Name, err)
			require.Equal(t, "42501", refused.Code, "%s: no rights", table.Name)
			continue
		}
		require.NoError(t, err, table.Name)
		require.Zero(t, seen, table.Name)
		if there > 0 {
			filled++
		}
		tx, err := service.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, "SELECT enter_tenant($1)", uuid.New())
		require.NoError(t, err)
		require.NoError(t, tx.QueryRow(ctx, count).Scan(&seen))
		require.Zero(t, seen, "%s as another tenant", table.Name)
		require.NoError(t, tx.Rollback(ctx))
	}
	require.Greater(t, filled, 8, "the tables that were looked at have rows")
}

func TestPagesForMachines(t *testing.T) {
	t.Parallel()
	w := ourWorld(t)
	a := w.tenant(t, "pages")
	require.Equal(t, http.StatusAccepted, post(t, a.Client, oneEvent).Status)
	ctx := within(t, patience)
	c := &harness.Client{URL: w.service.URL}
	for path, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/playground/": 404, "/live": 404, "/nothing": 404} {
		answer, err := c.Send(ctx, http.MethodGet, path, nil)
		require.NoError(t, err)
		require.Equal(t, status, answer.Status, path)
	}
	answer, err := c.Send(ctx, http.MethodGet, "/metrics", nil)
	require.NoError(t, err)
	for _, metric := range []string{
		`weir_ingest_events_total{outcome="accepted",type="internal_event"}`, "weir_ingest_commit_duration_seconds_count",
		"weir_db_pool_connections", "weir_http_request_duration_seconds_bucket", "go_goroutines",
	} {
		require.Contains(t, string(answer.Body), metric)
	}
	require.NotContains(t, string(answer.Body), a.ID, "no tenant in the metrics")
}
