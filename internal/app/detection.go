package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/detect"
	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/shape"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// Detection finds problems and keeps them up to date. It is what the jobs do with issues.
type Detection struct {
	Issues   *issues.Store
	Shapes   *shape.Store
	detector *detect.Detector
	now      func() time.Time
}

// Sources are the stores that problems are found in.
type Sources struct {
	Door       *tenant.Door
	Directory  *directory.Store
	Journal    *journal.Store
	Runs       *run.Store
	Statistics *statistics.Store
	Catalogues *diagnostics.Catalogues
	// Told hears of issues and of connected apps that they turn; nil is nobody.
	Told *notify.Store
	// Committed hears how far the changes of a tenant's issues have come; nil is nobody.
	Committed func(tenantID uuid.UUID, no int64)
	// Advice is the catalogue that comes with the service.
	Advice *diagnostics.Catalogue
	Now    func() time.Time
	Log    *slog.Logger
}

// NewDetection puts the keeping of issues and the detectors together.
func NewDetection(from Sources) *Detection {
	deps := issues.Deps{
		Door: from.Door, Now: from.Now, Traffic: from.Statistics, Diagnose: from.diagnose, Advice: from.Advice.Advice, Apps: from.Directory,
		Committed: from.Committed, Log: from.Log.With("component", "issues"),
	}
	told := &news{told: from.Told, entries: from.Journal}
	if from.Told != nil {
		deps.Changed, deps.Apps = told.changed, tellingApps{from.Directory, from.Told}
	}
	d := &Detection{now: from.Now, Issues: issues.NewStore(deps)}
	told.issues = d.Issues
	d.Shapes = shape.NewStore(shape.Deps{Door: from.Door, Body: from.body, Log: from.Log.With("component", "shape")})
	d.detector = detect.New(detect.Deps{
		Door: from.Door, Statistics: from.Statistics, Issues: d.Issues, Entries: from.Journal, Advice: from.Advice.Advice, Now: from.Now,
		Log: from.Log.With("component", "detect"),
	})
	return d
}

// Take counts all that ingestion found.
func (d *Detection) Take(ctx context.Context) error {
	return d.Issues.TakeAll(ctx)
}

// Detect brings all issues of the tenant up to date.
func (d *Detection) Detect(ctx context.Context) error {
	if err := d.Take(ctx); err != nil {
		return err
	}
	// What one of them cannot do keeps the others from nothing.
	failures := []error{d.detector.Detect(ctx), d.detectDrift(ctx)}
	return errors.Join(append(failures, d.Issues.Settle(ctx))...)
}

// detectDrift looks for answers whose form changed.
func (d *Detection) detectDrift(ctx context.Context) error {
	conditions, err := d.Shapes.Conditions(ctx, d.now())
	if err != nil {
		return err
	}
	return d.Issues.Observe(ctx, []diagnostics.Category{diagnostics.SchemaDrift}, conditions)
}

// body is the body that an API request was answered with.
func (s *Sources) body(ctx context.Context, entryID uuid.UUID) (text string, ok bool, err error) {
	details, err := s.Journal.Details(ctx, []uuid.UUID{entryID})
	if err != nil || details[entryID] == nil || details[entryID].ResponseBody == nil {
		return "", false, err
	}
	return details[entryID].ResponseBody.Text, true, nil
}

// diagnose says what is wrong with a log entry of the context's tenant.
func (s *Sources) diagnose(ctx context.Context, e issues.Evidence) (d diagnostics.Diagnosis, ok bool, err error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return d, false, err
	}
	catalogue := s.Catalogues.Of(ctx, p.TenantID)
	if e.Kind == entry.KindFlowRun {
		return s.diagnoseRun(ctx, catalogue, e.ID)
	}
	ids := []uuid.UUID{e.ID}
	found, err := s.Journal.ByIDs(ctx, ids)
	if err != nil || found[e.ID] == nil {
		return d, false, err
	}
	details, err := s.Journal.Details(ctx, ids)
	if err != nil {
		return d, false, err
	}
	whole := *found[e.ID]
	whole.Detail = details[e.ID]
	provider, err := s.provider(ctx, whole.IntegrationID)
	if err != nil {
		return d, false, err
	}
	return catalogue.Diagnose(diagnostics.Observe(&whole, provider)), true, nil
}

func (s *Sources) diagnoseRun(ctx context.Context, catalogue *diagnostics.Catalogue, id uuid.UUID) (d diagnostics.Diagnosis, ok bool, err error) {
	found, err := s.Runs.ByIDs(ctx, []uuid.UUID{id})
	if err != nil || found[id] == nil || found[id].Error == nil {
		return d, false, err
	}
	return catalogue.Diagnose(diagnostics.ObserveError(found[id].Error.Code, found[id].Error.Message)), true, nil
}

// provider is the key of an integration, "" when there is none.
func (s *Sources) provider(ctx context.Context, id uuid.UUID) (string, error) {
	if id == uuid.Nil {
		return "", nil
	}
	found, err := s.Directory.IntegrationsByIDs(ctx, []uuid.UUID{id})
	if err != nil || found[id] == nil {
		return "", err
	}
	return found[id].Key, nil
}
