package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// noted is an eraser that notes what it was asked for.
type noted struct {
	customers []uuid.UUID
	err       error
}

func (n *noted) EraseCustomer(_ context.Context, _ *tenant.Tx, customerID uuid.UUID) error {
	n.customers = append(n.customers, customerID)
	return n.err
}

func (b *bundle) create(t *testing.T, externalID, title string) *directory.Customer {
	t.Helper()
	c, err := b.store.CreateCustomer(b.ctx, directory.CreateCustomerInput{ExternalID: externalID, Name: title})
	require.NoError(t, err)
	return c
}

// walk reads a whole list, two rows a page.
func walk[T interface{ Cursor() string }](t *testing.T, load func(page.Request) (page.Page[T], error)) (rows []T) {
	t.Helper()
	req := page.Request{Size: 2}
	for {
		p, err := load(req)
		require.NoError(t, err)
		require.Equal(t, req.After != "", p.HasPrevious)
		rows = append(rows, p.Items...)
		if !p.HasNext {
			require.Len(t, rows, p.Total)
			return rows
		}
		require.Len(t, p.Items, req.Size)
		req.After = p.Items[req.Size-1].Cursor()
	}
}

func TestCustomersByNameAndFilter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []string{"Beta", "alpha", "Same", "Same", "100%_\\'; --"} {
		b.create(t, uuid.NewString(), c)
	}
	b.create(t, "Ext-ACME-7", "zeta")
	b.ingest(t, b.store, directory.Ref{Customer: "Ext-ACME-7", Integration: "crm"})
	list := func(f directory.CustomerFilter) (names []string) {
		for _, c := range walk(t, func(r page.Request) (page.Page[*directory.Customer], error) { return b.store.Customers(b.ctx, f, r) }) {
			names = append(names, c.Name)
		}
		return names
	}
	all := list(directory.CustomerFilter{})
	require.Len(t, all, 6)
	require.True(t, slices.Index(all, "Same") < slices.Index(all, "zeta"))
	require.Equal(t, []string{"zeta"}, list(directory.CustomerFilter{Search: " ext-acme "}))
	require.Equal(t, []string{"alpha"}, list(directory.CustomerFilter{Search: "LPH"}))
	require.Equal(t, []string{"100%_\\'; --"}, list(directory.CustomerFilter{Search: "%_\\'"}))
	require.Empty(t, list(directory.CustomerFilter{Search: "nothing"}))
	integration := directory.IntegrationID(b.tenantID, "crm")
	require.Equal(t, []string{"zeta"}, list(directory.CustomerFilter{IntegrationID: integration}))
	require.Empty(t, list(directory.CustomerFilter{IntegrationID: integration, Search: "alpha"}))
}

func TestOtherLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refs := []directory.Ref{}
	for i := range 5 {
		refs = append(refs,
			directory.Ref{Customer: name(i), Integration: "crm", Flow: "flow-" + name(i)},
			directory.Ref{Customer: name(i), Integration: "erp-" + name(i)})
	}
	targets := b.ingest(t, b.store, refs...)
	require.Len(t, walk(t, func(r page.Request) (page.Page[*directory.Integration], error) { return b.store.Integrations(b.ctx, r) }), 6)
	flows := func(f directory.FlowFilter) []*directory.Flow {
		return walk(t, func(r page.Request) (page.Page[*directory.Flow], error) { return b.store.Flows(b.ctx, f, r) })
	}
	require.Len(t, flows(directory.FlowFilter{}), 5)
	require.Len(t, flows(directory.FlowFilter{IntegrationID: targets[0].IntegrationID}), 5)
	require.Empty(t, flows(directory.FlowFilter{IntegrationID: targets[1].IntegrationID}))

	b.apply(t, b.store, refs[:1], []directory.StateEvent{{At: start, ConnectedApp: &directory.ConnectedAppState{Status: directory.NeedsReauth}}})
	apps := func(f directory.ConnectedAppFilter) []*directory.ConnectedApp {
		return walk(t, func(r page.Request) (page.Page[*directory.ConnectedApp], error) {
			return b.store.ConnectedApps(b.ctx, f, r)
		})
	}
	require.Len(t, apps(directory.ConnectedAppFilter{}), 10)
	require.Len(t, apps(directory.ConnectedAppFilter{CustomerID: targets[0].CustomerID}), 2)
	require.Len(t, apps(directory.ConnectedAppFilter{IntegrationID: targets[0].IntegrationID}), 5)
	broken := apps(directory.ConnectedAppFilter{Statuses: []directory.ConnectedAppStatus{directory.NeedsReauth, directory.Disconnected}})
	require.Len(t, broken, 1)
	require.Equal(t, targets[0].ConnectedAppID, broken[0].ID)
}

func TestCursorsOfOtherListsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(t, "acme", "Acme")
	for _, cursor := range []string{"x", "%%%", page.EncodeCursor("customers", "a", "b"), page.EncodeCursor("connected_apps", "x", uuid.NewString()), c.Cursor()} {
		_, err := b.store.ConnectedApps(b.ctx, directory.ConnectedAppFilter{}, page.Request{Size: 1, After: cursor})
		require.True(t, errs.Is(err, errs.BadInput), "%q: %v", cursor, err)
	}
	_, err := b.store.Integrations(b.ctx, page.Request{})
	require.True(t, errs.Is(err, errs.BadInput))
}

func TestNestedPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refs := []directory.Ref{}
	for i := range 3 {
		for j := range i {
			refs = append(refs, directory.Ref{Customer: name(i), Integration: "crm-" + name(j), Flow: name(i) + name(j)})
		}
	}
	refs = append(refs, directory.Ref{Customer: name(0)})
	b.ingest(t, b.store, refs...)
	ids := []uuid.UUID{}
	for i := range 3 {
		ids = append(ids, directory.CustomerID(b.tenantID, name(i)))
	}
	pages, err := b.store.ConnectedAppsOf(b.ctx, append(ids, ids[2], uuid.New()), directory.Head{First: 1, Total: true})
	require.NoError(t, err)
	require.Len(t, pages, 4)
	for i, id := range ids {
		require.Equal(t, i, pages[id].Total)
		require.Len(t, pages[id].Items, min(i, 1))
		require.Equal(t, i > 1, pages[id].HasNext)
	}
	first := pages[ids[2]].Items[0]
	rest, err := b.store.ConnectedApps(b.ctx, directory.ConnectedAppFilter{CustomerID: ids[2]}, page.Request{Size: 1, After: first.Cursor()})
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	require.NotEqual(t, first.ID, rest.Items[0].ID)

	integration := directory.IntegrationID(b.tenantID, "crm-"+name(0))
	apps, err := b.store.ConnectedAppsOfIntegrations(b.ctx, []uuid.UUID{integration}, directory.Head{First: 5, Total: true})
	require.NoError(t, err)
	require.Equal(t, 2, apps[integration].Total)
	require.Len(t, apps[integration].Items, 2)
	flows, err := b.store.FlowsOf(b.ctx, []uuid.UUID{integration}, directory.Head{First: 5, Total: true})
	require.NoError(t, err)
	require.Equal(t, 2, flows[integration].Total)
	require.Len(t, flows[integration].Items, 2)
	require.Less(t, flows[integration].Items[0].Key, flows[integration].Items[1].Key)
}

func TestDataSourcesOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	targets := b.ingest(t, b.store,
		directory.Ref{Customer: "acme", Integration: "crm", DataSource: "b"},
		directory.Ref{Customer: "acme", Integration: "crm", DataSource: "a"},
		directory.Ref{Customer: "acme", Integration: "erp", DataSource: "a"},
	)
	got, err := b.store.DataSourcesOf(b.ctx, []uuid.UUID{targets[0].ConnectedAppID, targets[2].ConnectedAppID, uuid.New()})
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, targets[1].DataSourceID, got[targets[0].ConnectedAppID][0].ID)
	require.Equal(t, targets[0].DataSourceID, got[targets[0].ConnectedAppID][1].ID)
}

func TestCustomerMutations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.store.CreateCustomer(b.ctx, directory.CreateCustomerInput{
		ExternalID: "", Name: strings.Repeat("x", 501), Attributes: json.RawMessage(`[1]`),
	})
	fields := []string{}
	for _, e := range errs.All(err) {
		require.Equal(t, errs.BadInput, e.Code)
		fields = append(fields, strings.Join(e.Field, "."))
	}
	require.Equal(t, []string{"externalId", "name", "attributes"}, fields)

	c, err := b.store.CreateCustomer(b.ctx, directory.CreateCustomerInput{
		ExternalID: "acme", Name: "Acme", Attributes: json.RawMessage(`{"plan":"gold"}`),
	})
	require.NoError(t, err)
	_, err = b.store.CreateCustomer(b.ctx, directory.CreateCustomerInput{ExternalID: "acme", Name: "Other"})
	require.True(t, errs.Is(err, errs.Conflict))

	updated, err := b.store.UpdateCustomer(b.ctx, directory.UpdateCustomerInput{ID: c.ID, Name: ptr("Acme Inc")})
	require.NoError(t, err)
	require.Equal(t, "Acme Inc", updated.Name)
	read, err := b.store.CustomerByExternalID(b.ctx, "acme")
	require.NoError(t, err)
	require.Equal(t, "Acme Inc", read.Name)
	require.JSONEq(t, `{"plan":"gold"}`, string(read.Attributes))
	_, err = b.store.UpdateCustomer(b.ctx, directory.UpdateCustomerInput{ID: c.ID, Name: ptr(" ")})
	require.True(t, errs.Is(err, errs.BadInput))
	_, err = b.store.UpdateCustomer(b.ctx, directory.UpdateCustomerInput{ID: uuid.New(), Name: ptr("x")})
	require.True(t, errs.Is(err, errs.NotFound))

	// What is older than the change does not undo it; what is newer does.
	state := func(title string, at int) bool {
		_, changed := b.apply(t, b.store, []directory.Ref{{Customer: "acme"}}, []directory.StateEvent{
			{At: start.AddDate(0, 0, at), Customer: &directory.CustomerState{Name: ptr(title)}},
		})
		return changed[0]
	}
	require.False(t, state("Old", -1))
	require.True(t, state("New", 1))
}

func TestDeleteCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	target := b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", DataSource: "d"})[0]
	require.Error(t, b.store.DeleteCustomer(b.ctx, target.CustomerID), "nobody would erase its entries")
	eraser := &noted{err: errors.New("no queue")}
	b.store.EraseWith(eraser)
	require.ErrorIs(t, b.store.DeleteCustomer(b.ctx, target.CustomerID), eraser.err)
	b.app(t, target.ConnectedAppID)

	eraser.err = nil
	require.NoError(t, b.store.DeleteCustomer(b.ctx, target.CustomerID))
	require.Equal(t, []uuid.UUID{target.CustomerID, target.CustomerID}, eraser.customers)
	require.True(t, errs.Is(b.store.DeleteCustomer(b.ctx, target.CustomerID), errs.NotFound))
	rows, err := b.store.DataSourcesByIDs(b.ctx, []uuid.UUID{target.DataSourceID})
	require.NoError(t, err)
	require.Empty(t, rows)
	require.Equal(t, target, b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", DataSource: "d"})[0])
}

func TestIntegrationMutations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	i, err := b.store.CreateIntegration(b.ctx, directory.CreateIntegrationInput{Key: "crm", Name: "CRM", Provider: ptr("salesforce")})
	require.NoError(t, err)
	require.Equal(t, i.ID, b.ingest(t, b.store, directory.Ref{Integration: "crm"})[0].IntegrationID)
	_, err = b.store.CreateIntegration(b.ctx, directory.CreateIntegrationInput{Key: "crm", Name: "CRM"})
	require.True(t, errs.Is(err, errs.Conflict))
	_, err = b.store.CreateIntegration(b.ctx, directory.CreateIntegrationInput{Provider: ptr(strings.Repeat("x", 201))})
	require.Len(t, errs.All(err), 3)
	_, err = b.store.UpdateIntegration(b.ctx, directory.UpdateIntegrationInput{ID: i.ID, Provider: ptr("")})
	require.NoError(t, err)
	read, err := b.store.IntegrationByKey(b.ctx, "crm")
	require.NoError(t, err)
	require.Equal(t, "CRM", read.Name)
	require.Nil(t, read.Provider)
	_, err = b.store.UpdateIntegration(b.ctx, directory.UpdateIntegrationInput{ID: uuid.New()})
	require.True(t, errs.Is(err, errs.NotFound))
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.EraseWith(&noted{})
	mine := b.ingest(t, b.store, directory.Ref{Customer: "acme", Integration: "crm", DataSource: "d"})[0]
	theirs := b.ingest(t, b.store, directory.Ref{Customer: "umbrella", Integration: "crm", DataSource: "d"})[0]
	as := func(p tenant.Principal) context.Context {
		p.TenantID = b.tenantID
		return tenant.WithPrincipal(t.Context(), &p)
	}
	writes := func(ctx context.Context) []error {
		_, create := b.store.CreateCustomer(ctx, directory.CreateCustomerInput{})
		_, update := b.store.UpdateCustomer(ctx, directory.UpdateCustomerInput{})
		_, makes := b.store.CreateIntegration(ctx, directory.CreateIntegrationInput{})
		_, changes := b.store.UpdateIntegration(ctx, directory.UpdateIntegrationInput{})
		return []error{create, update, makes, changes, b.store.DeleteCustomer(ctx, uuid.New())}
	}
	for _, p := range []tenant.Principal{
		{Kind: tenant.KindMember, Role: tenant.RoleViewer},
		{Kind: tenant.KindMember, Role: tenant.RoleSupport},
		{Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}},
		{Kind: tenant.KindCustomer, CustomerID: mine.CustomerID},
		{Kind: tenant.KindCustomer, CustomerID: mine.CustomerID, Role: tenant.RoleOwner},
	} {
		for i, err := range writes(as(p)) {
			require.True(t, errs.Is(err, errs.Forbidden), "%+v may do %d: %v", p, i, err)
		}
	}
	for i, err := range writes(as(tenant.Principal{Kind: tenant.KindMember, Role: tenant.RoleDeveloper})) {
		require.False(t, errs.Is(err, errs.Forbidden), "%d", i)
	}

	_, err := b.store.Customers(as(tenant.Principal{Kind: tenant.KindAPIKey, Scopes: []tenant.Scope{tenant.ScopeIngest}}), directory.CustomerFilter{}, page.Request{Size: 1})
	require.True(t, errs.Is(err, errs.Forbidden))
	_, err = b.store.Customers(t.Context(), directory.CustomerFilter{}, page.Request{Size: 1})
	require.True(t, errs.Is(err, errs.Unauthenticated))

	// A customer sees itself and what is its own.
	ctx := as(tenant.Principal{Kind: tenant.KindCustomer, CustomerID: mine.CustomerID})
	list, err := b.store.Customers(ctx, directory.CustomerFilter{}, page.Request{Size: 10})
	require.NoError(t, err)
	require.Equal(t, 1, list.Total)
	require.Equal(t, mine.CustomerID, list.Items[0].ID)
	apps, err := b.store.ConnectedAppsByIDs(ctx, []uuid.UUID{mine.ConnectedAppID, theirs.ConnectedAppID})
	require.NoError(t, err)
	require.Len(t, apps, 1)
	sources, err := b.store.DataSourcesByIDs(ctx, []uuid.UUID{mine.DataSourceID, theirs.DataSourceID})
	require.NoError(t, err)
	require.Len(t, sources, 1)
	_, _, err = b.store.Resolver().Resolve(ctx, []directory.Ref{{Customer: "acme"}})
	require.True(t, errs.Is(err, errs.Forbidden))

	// Another tenant sees nothing.
	stranger := tenant.WithPrincipal(t.Context(), tenant.System(uuid.New()))
	rows, err := b.store.CustomersByIDs(stranger, []uuid.UUID{mine.CustomerID})
	require.NoError(t, err)
	require.Empty(t, rows)
	require.True(t, errs.Is(b.store.DeleteCustomer(stranger, mine.CustomerID), errs.NotFound))
}
