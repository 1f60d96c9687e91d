package tests

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/harness"
)

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	b := binary(t)
	for _, command := range []string{
		"", "demo", "serve", "migrate", "migrate up", "migrate down", "migrate status", "tenant", "tenant create", "tenant list", "tenant delete",
		"apikey", "apikey create", "apikey list", "apikey revoke", "token", "retention", "simulate", "db", "db url", "version",
	} {
		r, err := b.Run(within(t, patience), harness.Env{}, append(strings.Fields(command), "--help")...)
		require.NoError(t, err)
		require.Zero(t, r.Code, "weir %s --help: %s", command, r.Stderr)
		require.True(t, strings.HasPrefix(r.Stdout, "Usage: weir "+command), "weir %s --help: %s", command, r.Stdout)
		require.Empty(t, r.Stderr)
	}
	out, err := b.Output(within(t, patience), harness.Env{}, "version")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "weir "), out)
}

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	b := binary(t)
	const usage, failure = 2, 1
	for name, one := range map[string]struct {
		args string
		env  harness.Env
		code int
		says string
	}{
		"unknown setting":   {"serve", harness.Env{"WEIR_ADRR": ":1"}, usage, "WEIR_ADRR"},
		"unknown flag":      {"serve --adr :1", nil, usage, "--adr"},
		"unknown command":   {"server", nil, usage, "server"},
		"no number":         {"serve", harness.Env{"WEIR_INGEST_RATE": "many"}, usage, "ingest-rate"},
		"no level":          {"serve", harness.Env{"WEIR_LOG_LEVEL": "loud"}, usage, "log-level"},
		"unknown role":      {"serve --roles api,king", nil, usage, "roles"},
		"no keys":           {"serve", harness.Env{"DATABASE_URL": "postgres://weir_service@127.0.0.1:1/weir"}, failure, "WEIR_SIGNING_KEY"},
		"no such database":  {"tenant list", harness.Env{"DATABASE_URL": "postgres://weir_service:hush@127.0.0.1:1/weir"}, failure, "127.0.0.1"},
		"no URL":            {"tenant list", harness.Env{"WEIR_DATABASE_URL": "postgres://weir:hush@[::1"}, failure, "WEIR_DATABASE_URL"},
		"no slug":           {"tenant create --name Acme", nil, usage, "--slug"},
		"no owner's URL":    {"migrate up", harness.Env{"DATABASE_URL": "postgres://weir_service:hush@127.0.0.1:1/weir"}, failure, "WEIR_MIGRATE_DATABASE_URL"},
		"a key of no bytes": {"serve", harness.Env{"WEIR_ENCRYPTION_KEY": "?", "WEIR_SIGNING_KEY": "?"}, failure, "_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append(strings.Fields(one.args), "--data-dir", filepath.Join(t.TempDir(), "data"))
			if one.env["DATABASE_URL"]+one.env["WEIR_DATABASE_URL"] != "" || one.args == "server" {
				args = strings.Fields(one.args)
			}
			r, err := b.Run(within(t, patience), one.env, args...)
			require.NoError(t, err)
			require.Equal(t, one.code, r.Code, r.Stderr)
			require.Equal(t, 1, strings.Count(r.Stderr, "\n"), r.Stderr)
			require.Contains(t, r.Stderr, one.says)
			require.NotContains(t, r.Stderr, "hush")
			require.Empty(t, r.Stdout)
		})
	}
}

// TestServeOnAnEmbeddedDatabase goes through a life of a service that was given no database.
func TestServeOnAnEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	b := binary(t)
	dir := filepath.Join(t.TempDir(), "data")
	here := harness.Env{"WEIR_DATA_DIR": dir}
	ctx := within(t, 2*patience)
	first, err := b.Serve(ctx, here, "--migrate")
	require.NoError(t, err)
	made, err := b.CreateTenant(ctx, here, "acme")
	require.NoError(t, err)
	key, err := b.CreateKey(ctx, here, "acme", "ingest,read")
	require.NoError(t, err)
	token, err := b.Output(ctx, here, "token", "--tenant", "acme", "--role", "admin")
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, post(t, &harness.Client{URL: first.URL, Token: key.Secret}, oneEvent).Status)

	listed, err := b.Output(ctx, here, "tenant", "list")
	require.NoError(t, err)
	require.Contains(t, listed, made.ID)
	listed, err = b.Output(ctx, here, "apikey", "list", "--tenant", "acme")
	require.NoError(t, err)
	require.Contains(t, listed, key.ID)
	require.NotContains(t, listed, key.Secret)
	said := struct {
		AuditLog struct {
			Nodes []struct{ Actor, Action, Target, Address string }
		}
	}{}
	eventually(t, patience, "the audit log tells of commands and of the key's use", func(ctx context.Context) bool {
		admin := &harness.Client{URL: first.URL, Token: strings.TrimSpace(token)}
		err := admin.Query(ctx, `{ auditLog { nodes { actor action target address } } }`, nil, &said)
		return err == nil && len(said.AuditLog.Nodes) == 4
	})
	told := map[string]string{}
	for _, e := range said.AuditLog.Nodes {
		told[e.Action] = e.Target + " " + e.Address
		require.True(t, e.Actor == key.ID || strings.HasPrefix(e.Actor, "command line"), e.Actor)
	}
	require.Equal(t, map[string]string{
		"weir tenant create": made.ID + " ", "weir apikey create": key.ID + " ", "weir token": " ", "useApiKey": key.ID + " 127.0.0.1",
	}, told)
	r, err := b.Run(ctx, here, "tenant", "create", "--slug", "acme", "--name", "Again")
	require.NoError(t, err)
	require.Equal(t, 1, r.Code, "a slug is taken once")

	require.NoError(t, first.Stop(ctx))
	require.Zero(t, first.Code(), first.Stderr())
	second, err := b.Serve(ctx, here)
	require.NoError(t, err)
	owner := &harness.Client{URL: second.URL, Token: strings.TrimSpace(token)}
	var seen struct {
		Tenant struct{ Slug string }
		Logs   struct{ Nodes []struct{ ID string } }
	}
	require.NoError(t, owner.Query(ctx, `{ tenant { slug } logs { nodes { id } } }`, nil, &seen), "the keys outlive a restart")
	require.Equal(t, "acme", seen.Tenant.Slug)
	require.Len(t, seen.Logs.Nodes, 1)

	_, err = b.Output(ctx, here, "tenant", "delete", "acme", "--yes")
	require.NoError(t, err)
	eventually(t, patience, "the deleted tenant's credentials are refused", func(ctx context.Context) bool {
		answer, err := owner.Send(ctx, http.MethodPost, "/graphql", mustJSON(t, map[string]string{"query": "{ tenant { slug } }"}), "Content-Type", "application/json")
		return err == nil && !strings.Contains(string(answer.Body), "acme")
	})
	require.NoError(t, second.Stop(ctx))
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}
