package isolation

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/shape"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tenant/token"
)

// patience is how long a test waits for what takes a moment on a busy machine.
const patience = 20 * time.Second

// world is one service on one database, with the four tenants.
type world struct {
	db     *pgtest.DB
	url    string
	tokens token.Config
	schema *schema
	start  time.Time

	a, b, c, d *company
	// seenOfA is what a's owner sees of it before anybody else does anything.
	seenOfA *crawl
	// aloneOfB is what b's owner sees of it before tenant a is there.
	aloneOfB *crawl
}

// company is a tenant with its credentials.
type company struct {
	w      *world
	letter string
	tenant *tenant.Tenant
	// founder is the member that the tenant was made with.
	founder uuid.UUID
	// owner stands for the credential of the role OWNER, ingest for a key that sends.
	owner, ingest *caller
	// callers are all kinds of credentials, by name.
	callers map[string]*caller
	// order is in which the names are gone through.
	order []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{db: pgtest.New(t), start: time.Now().UTC().Truncate(time.Second).Add(-2 * time.Hour)}
	cfg := &config.Service{
		Database: config.Database{DatabaseURL: w.db.ServiceURL, MigrateDatabaseURL: w.db.OwnerURL},
		Keys:     config.Keys{SigningKey: newKey('s'), EncryptionKey: newKey('e')},
		JWT:      config.JWT{Audience: "weir"},
		// No worker: what detectors find changes with the time, and the victim must not.
		Addr: "127.0.0.1:0", Roles: []string{"api", "ingest"}, Detection: true, ShutdownTimeout: patience,
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	service, err := app.Start(t.Context(), cfg, app.Options{Version: "isolation"}, log)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, service.Stop(context.WithoutCancel(t.Context()))) })
	w.url = service.URL()
	signing, err := token.ParseSigningKey(cfg.SigningKey)
	require.NoError(t, err)
	w.tokens = app.TokenConfig(&cfg.JWT, signing, log)
	w.schema = introspect(t, &caller{url: w.url})

	tenants := service.Tenants()
	w.b = w.found(t, tenants, "b")
	w.c = w.found(t, tenants, "c")
	w.d = w.found(t, tenants, "d")
	w.aloneOfB = w.crawl(t, w.b.owner)
	w.a = w.found(t, tenants, "a")
	w.seenOfA = w.crawl(t, w.a.owner)
	return w
}

func newKey(fill byte) string {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = fill
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// found makes a tenant and fills it with something of everything that there is.
func (w *world) found(t *testing.T, tenants *tenant.Store, letter string) *company {
	t.Helper()
	co := &company{w: w, letter: letter, callers: map[string]*caller{}}
	var err error
	co.tenant, err = tenants.CreateTenant(t.Context(), tenant.CreateTenantInput{
		Slug: "tenant-" + letter, Name: co.mark(shared, "name"), OwnerEmail: "tenant-" + letter + "-owner@example.com",
	})
	require.NoError(t, err)
	members, err := tenants.Members(tenant.WithPrincipal(t.Context(), tenant.System(co.tenant.ID)), page.Request{Size: 1})
	require.NoError(t, err)
	co.founder = members.Items[0].ID
	for _, role := range []tenant.Role{tenant.RoleOwner, tenant.RoleAdmin, tenant.RoleDeveloper, tenant.RoleSupport, tenant.RoleViewer} {
		co.add(role.String(), w.sign(t, w.tokens, token.Claims{Subject: co.letter, Tenant: co.tenant.Slug, Role: role.String()}))
	}
	co.owner = co.callers["OWNER"]
	co.settle(t)
	for _, scope := range []tenant.Scope{tenant.ScopeIngest, tenant.ScopeRead, tenant.ScopeAdmin} {
		co.add("key "+string(scope), co.createKey(t, scope, time.Time{}).secret)
	}
	co.ingest = co.callers["key INGEST"]
	co.send(t, co.events())
	co.rollUp(t)
	co.shape(t)
	co.raise(t)
	co.nameIntegrations(t)
	co.watch(t)
	co.add("customer", co.customerToken(t, "customer-1"))
	co.add("nobody", "")
	return co
}

// rollUp does what the job would do after the day, and counts one entry more, so that figures are of what is rolled up and
// of what came later.
func (co *company) rollUp(t *testing.T) {
	t.Helper()
	door := tenant.NewDoor(co.w.db.Pool(t))
	defer func() { require.NoError(t, door.Close()) }()
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(co.tenant.ID))
	done, err := statistics.NewStore(door, nil).Compact(ctx, time.Now().Add(48*time.Hour))
	require.NoError(t, err)
	require.Positive(t, done.After)
	late := statistics.NewCollector()
	late.AddEntry(&entry.Entry{Head: entry.Head{ID: nodeid.New(co.w.start), Kind: entry.KindInternalEvent, Status: entry.StatusSuccess, DurationMS: -1}})
	require.NoError(t, door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if err := run.KeepChanges(ctx, tx, 1, co.w.start, nil); err != nil { // All commits are still in the log.
			return err
		}
		_, err := tx.Pgx().Exec(ctx, statistics.SQLAppend, statistics.Columns(co.tenant.ID, 1<<40, late.Pack())...)
		return err
	}))
}

// shape keeps the form of an answer of each integration, as ingestion does of a few.
func (co *company) shape(t *testing.T) {
	t.Helper()
	door := tenant.NewDoor(co.w.db.Pool(t))
	defer func() { require.NoError(t, door.Close()) }()
	ctx := tenant.WithPrincipal(t.Context(), tenant.System(co.tenant.ID))
	list, err := directory.NewStore(door, time.Now).Integrations(ctx, page.Request{Size: 1})
	require.NoError(t, err)
	require.NotEmpty(t, list.Items)
	sampler := shape.NewSampler(door, time.Now)
	sampler.Offer(co.tenant.ID, &entry.Entry{
		Head: entry.Head{
			ID: nodeid.New(time.Now()), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, StatusCode: 200, Method: "GET", Endpoint: "/",
			IntegrationID: list.Items[0].ID,
		},
		Detail: &entry.Detail{ResponseBody: &entry.Body{Text: `{"name":1}`}},
	})
	require.NoError(t, sampler.Flush(ctx))
}

func (co *company) add(name, credential string) {
	co.callers[name] = &caller{url: co.w.url, credential: credential, name: co.letter + "'s " + name, own: strings.NewReplacer(
		ownFlow, nodeid.Format(nodeid.Flow, directory.FlowID(co.tenant.ID, "flow-1")),
		ownIssue, nodeid.Format(nodeid.Issue, co.failing().ID(co.tenant.ID)), ownMember, nodeid.Format(nodeid.Member, co.founder),
		ownRule, nodeid.Format(nodeid.AlarmRule, co.rule()),
		ownCustomer, nodeid.Format(nodeid.Customer, directory.CustomerID(co.tenant.ID, "customer-1")),
	)}
	co.order = append(co.order, name)
}

// customerToken is what the API gives the tenant for its customer.
func (co *company) customerToken(t *testing.T, externalID string) string {
	t.Helper()
	var made struct{ CreateCustomerToken struct{ Token string } }
	co.owner.must(t, &made, `mutation($id: ID!) { createCustomerToken(input: {customerId: $id}) { token userErrors { message } } }`,
		map[string]any{"id": nodeid.Format(nodeid.Customer, directory.CustomerID(co.tenant.ID, externalID))})
	require.NotEmpty(t, made.CreateCustomerToken.Token)
	return made.CreateCustomerToken.Token
}

// limited signs a token that is limited to one customer.
func (co *company) limited(t *testing.T, customer string) string {
	t.Helper()
	return co.w.sign(t, co.w.tokens, token.Claims{Subject: co.letter, Tenant: co.tenant.Slug, Customer: customer, Role: "owner"})
}

func (w *world) sign(t *testing.T, cfg token.Config, claims token.Claims) string {
	t.Helper()
	issuer, err := token.NewIssuer(cfg)
	require.NoError(t, err)
	raw, _, err := issuer.Sign(claims, time.Hour)
	require.NoError(t, err)
	return raw
}

// key is an API key that was just made.
type key struct{ id, secret string }

func (co *company) createKey(t *testing.T, scope tenant.Scope, expires time.Time) key {
	t.Helper()
	input := map[string]any{"name": co.mark(own, "key"), "scopes": []tenant.Scope{scope}}
	if !expires.IsZero() {
		input["expiresAt"] = expires.UTC().Format(time.RFC3339Nano)
	}
	var made struct {
		CreateAPIKey struct {
			APIKey struct{ ID string }
			Secret string
		}
	}
	co.owner.must(t, &made, `mutation($i: CreateApiKeyInput!) {
		createApiKey(input: $i) { apiKey { id } secret userErrors { message } } }`, map[string]any{"i": input})
	require.NotEmpty(t, made.CreateAPIKey.Secret)
	return key{made.CreateAPIKey.APIKey.ID, made.CreateAPIKey.Secret}
}

// nameIntegrations gives names to the integrations, which events only mention.
func (co *company) nameIntegrations(t *testing.T) {
	t.Helper()
	var found struct {
		Integrations struct{ Nodes []struct{ ID string } }
	}
	co.owner.must(t, &found, `{ integrations { nodes { id } } }`, nil)
	require.NotEmpty(t, found.Integrations.Nodes)
	for _, i := range found.Integrations.Nodes {
		co.owner.must(t, nil, `mutation($i: UpdateIntegrationInput!) { updateIntegration(input: $i) { userErrors { message } } }`,
			map[string]any{"i": map[string]any{"id": i.ID, "name": co.mark(shared, "integration"), "provider": co.mark(shared, "provider")}})
	}
}

// settle makes what an administrator makes: members, keys that no longer work, policies.
func (co *company) settle(t *testing.T) {
	t.Helper()
	revoked := co.createKey(t, tenant.ScopeRead, time.Now().Add(time.Hour))
	quoted := `"` + co.mark(own, "rule") + `"`
	co.owner.must(t, nil, `mutation {
		revokeApiKey(input: {id: "`+revoked.id+`"}) { userErrors { message } }
		inviteMember(input: {email: "tenant-`+co.letter+`-admin@example.com", name: "`+co.mark(own, "member")+`", role: ADMIN}) { userErrors { message } }
		updateRetention(input: {policies: [{kind: API_REQUEST, days: 80, payloadDays: 20}]}) { userErrors { message } }
		updateRedaction(input: {headers: [`+quoted+`], fields: [`+quoted+`], patterns: [`+quoted+`]}) { userErrors { message } } }`, nil)
	co.owner.must(t, nil, `mutation($yaml: String!) { updateCatalogue(input: {yaml: $yaml}) { userErrors { message } } }`,
		map[string]any{"yaml": "version: 1\nentries:\n  - {id: " + co.mark(own, "rule") + ", when: {text: [no such words]}, category: rate_limited, confidence: 1}\n"})
}
