package explain

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// Directory is what an Explainer reads of customers, flows and what is between them; *directory.Store is one.
type Directory interface {
	FlowsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.Flow, error)
	CustomersByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.Customer, error)
	IntegrationsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*directory.Integration, error)
	ConnectedApps(ctx context.Context, filter directory.ConnectedAppFilter, req page.Request) (page.Page[*directory.ConnectedApp], error)
	DataSourcesOf(ctx context.Context, connectedAppIDs []uuid.UUID) (map[uuid.UUID][]*directory.DataSource, error)
}

// Journal is what it reads of log entries; *journal.Store is one.
type Journal interface {
	Entries(ctx context.Context, q journal.Query) (journal.Page, error)
	ByExternalIDs(ctx context.Context, kinds []entry.Kind, externalIDs []string, within entry.Range) (map[string]*entry.Entry, error)
	Details(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*entry.Detail, error)
	Days(ctx context.Context) (first, last journal.Day, ok bool, err error)
}

// Runs is what it reads of flow runs; *run.Store is one.
type Runs interface {
	List(ctx context.Context, query run.Query) (page.Page[*run.FlowRun], error)
	LaunchedBy(ctx context.Context, events []string) (map[string][]*run.FlowRun, error)
	NodeRuns(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID][]*run.NodeRun, error)
}

// Tenants says how long entries are kept; *tenant.Store is one.
type Tenants interface {
	Retention(ctx context.Context) (*tenant.Retention, error)
}

// Catalogue says what is wrong with what failed; *diagnostics.Catalogue is one.
type Catalogue interface {
	Diagnose(o *diagnostics.Observation) diagnostics.Diagnosis
}

// Deps are what an Explainer reads from.
type Deps struct {
	Directory Directory
	Journal   Journal
	Runs      Runs
	Tenants   Tenants
	Catalogue Catalogue
	// Now is the clock.
	Now func() time.Time
}

// Explainer answers questions about runs. It is safe for concurrent use.
type Explainer struct {
	directory Directory
	journal   Journal
	runs      Runs
	tenants   Tenants
	catalogue Catalogue
	now       func() time.Time
}

// New makes an Explainer.
func New(d Deps) *Explainer {
	return &Explainer{directory: d.Directory, journal: d.Journal, runs: d.Runs, tenants: d.Tenants, catalogue: d.Catalogue, now: d.Now}
}

// Explain says why the flow ran, failed or did not run for the customer. Errors: BadInput of the input's fields, NotFound
// of a flow or customer that the context's principal cannot see.
func (x *Explainer) Explain(ctx context.Context, in *Input) (*Explanation, error) {
	if _, err := tenant.FromContext(ctx); err != nil {
		return nil, err
	}
	if err := in.Validate(x.now()); err != nil {
		return nil, err
	}
	f, err := x.gather(ctx, in)
	if err != nil {
		return nil, err
	}
	return decide(newChecker(f, x.catalogue)), nil
}
