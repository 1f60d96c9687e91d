package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/demo"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

type demoCmd struct {
	Addr       string `env:"WEIR_ADDR" default:"127.0.0.1:8080" help:"Address to listen on."`
	DataDir    string `name:"data-dir" env:"WEIR_DATA_DIR" default:"./weir-data" help:"Where the embedded PostgreSQL and its keys are kept." type:"path"`
	Fresh      bool   `help:"Begin anew: delete what the data directory's database holds."`
	NoTraffic  bool   `help:"An empty service: a tenant and a key, but no traffic."`
	Seed       uint64 `default:"1" help:"The same seed tells the same story."`
	config.Log `embed:""`
}

// demoTenant is the slug of the tenant whose traffic is simulated.
const demoTenant = "demo"

// demoTokenTTL is how long the token that is printed is good for.
const demoTokenTTL = 12 * time.Hour

func (c *demoCmd) Run(ctx context.Context, std streams) error {
	begun := time.Now()
	cfg := &config.Service{
		Database: config.Database{DataDir: c.DataDir}, Log: c.Log, Addr: c.Addr, Roles: []string{"api", "ingest", "worker"}, Detection: true,
		JWT:             config.JWT{Audience: "weir", TenantClaim: "weir_tenant", RoleClaim: "weir_role", CustomerClaim: "weir_customer"},
		ShutdownTimeout: 9 * time.Second,
	}
	log := observe.NewLogger(std.err, config.Log{Level: quieter(c.Level), Format: c.Format})
	fmt.Fprintf(std.err, "Starting PostgreSQL in %s …\n", c.DataDir)
	a, err := app.Start(ctx, cfg, app.Options{Migrate: true, Fresh: c.Fresh, Playground: true, JobsLater: true, Version: version}, log)
	if err != nil {
		return err
	}
	err = c.show(ctx, std, a, cfg, log, begun)
	if err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	defer fmt.Fprintln(std.err, "Stopped. The data is kept; --fresh begins anew.")
	return a.Wait(ctx)
}

// quieter keeps the access log of the simulated traffic out of what the demo prints, unless somebody asked for it.
func quieter(level string) string {
	if level == "info" {
		return "warn"
	}
	return level
}

// show makes the tenant, its key and its history, and says what to do with them.
func (c *demoCmd) show(ctx context.Context, std streams, a *app.App, cfg *config.Service, log *slog.Logger, begun time.Time) error {
	secret, err := c.credentials(ctx, a)
	if err != nil {
		return err
	}
	raw, err := signToken(&cfg.Keys, &cfg.JWT, token.Claims{Subject: "demo", Tenant: demoTenant, Role: "owner"}, demoTokenTTL)
	if err != nil {
		return err
	}
	if !c.NoTraffic {
		fmt.Fprintln(std.err, "Telling the last 36 hours of a company with 40 customers and 12 integrations …")
		traffic := demo.NewTraffic(a.URL(), secret, c.Seed, time.Now, log)
		n, err := traffic.History(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.err, "%d events are in; it goes on live.\n", n)
		go traffic.Live(ctx)
	}
	// Who looks for problems while the history is told takes what is not told yet for something that did not happen.
	if err := a.Work(ctx); err != nil {
		return err
	}
	return c.welcome(std, a.URL(), secret, raw, time.Since(begun))
}

// demoFile remembers the key of the demo's tenant, since its secret cannot be read again.
const demoFile = "demo.json"

type kept struct {
	Secret string `json:"secret"`
}

// credentials makes the demo's tenant and a key of it, or finds those of an earlier start.
func (c *demoCmd) credentials(ctx context.Context, a *app.App) (secret string, err error) {
	store := a.Tenants()
	t, err := store.FindTenant(ctx, demoTenant)
	if errs.Is(err, errs.NotFound) {
		t, err = store.CreateTenant(ctx, tenant.CreateTenantInput{Slug: demoTenant, Name: "Demo"})
	}
	if err != nil {
		return "", err
	}
	path := filepath.Join(c.DataDir, demoFile)
	var k kept
	raw, err := os.ReadFile(path)
	if err == nil && !c.Fresh && json.Unmarshal(raw, &k) == nil && k.Secret != "" {
		return k.Secret, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the demo's key: %w", err)
	}
	_, k.Secret, err = store.CreateAPIKey(tenant.WithPrincipal(ctx, tenant.System(t.ID)), tenant.CreateAPIKeyInput{
		Name: "demo", Scopes: []tenant.Scope{tenant.ScopeIngest, tenant.ScopeRead},
	})
	if err != nil {
		return "", err
	}
	if raw, err = json.Marshal(k); err != nil {
		return "", err
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return "", fmt.Errorf("keep the demo's key: %w", err)
	}
	return k.Secret, nil
}

const welcome = `
Weir is ready (%[4]s).

  Address     %[1]s
  Live        %[1]s/live#token=%[2]s
              (open it in a browser: runs and issues as they change; or in a terminal: weir tail --url %[1]s --key %[2]s)
  GraphiQL    %[1]s/playground#token=%[3]s
  Token       %[3]s
              (an owner of the tenant "demo", good for 12 hours)
  API key     %[2]s

Ask for what failed last:

  curl -s %[1]s/graphql -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' \
    -d '{"query":"{ logs(first: 5, filter: {statuses: [FAILURE]}) { nodes { kind summary occurredAt customer { name } integration { name } error { code message } diagnosis { title resolvedBy steps { actor text } } } } }"}'

Ask what is wrong, for whom, and what to do about it:

  curl -s %[1]s/graphql -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' \
    -d '{"query":"{ issues(first: 5, filter: {statuses: [OPEN]}) { totalCount nodes { title severity firstSeenAt integration { name } customers(first: 3) { nodes { name } } diagnosis { cause steps { actor text } } } } }"}'

Send an event:

  curl -s %[1]s/v1/events -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' \
    -d '{"type":"api_request","customer":"globex","integration":"salesforce","data":{"method":"GET","url":"https://globex.my.salesforce.com/services/data/v60.0/limits","duration_ms":82.5,"response":{"status":200,"body":{"DailyApiRequests":{"Max":15000,"Remaining":14998}}}}}'

Ctrl-C stops it.
`

func (c *demoCmd) welcome(std streams, url, secret, token string, took time.Duration) error {
	_, err := fmt.Fprintf(std.out, welcome, url, secret, token, took.Round(10*time.Millisecond))
	return err
}
