package model

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/journal/entry"
)

// Diagnosis is what went wrong, why, and what to do about it.
type Diagnosis struct {
	Category, Title, Cause string
	Confidence             float64
	ResolvedBy             diagnostics.Actor
	Steps                  []*RemediationStep
	References, Signals    []string
}

// RemediationStep is one thing to do.
type RemediationStep struct {
	Position int
	Actor    diagnostics.Actor
	Text     string
	URL      *string
}

// newDiagnosis is nil when nothing is wrong. Signals quote payloads, so they are only for whoever may see those.
func newDiagnosis(ctx context.Context, d *diagnostics.Diagnosis) *Diagnosis {
	if d.Category == diagnostics.None {
		return nil
	}
	out := &Diagnosis{
		Category: categoryName(d.Category), Title: d.Title, Cause: d.Cause, Confidence: d.Confidence, ResolvedBy: d.ResolvedBy,
		References: append([]string{}, d.References...), Signals: []string{},
	}
	if !load.PayloadsHidden(ctx) {
		out.Signals = append(out.Signals, d.Signals...)
	}
	out.Steps = newSteps(d.Steps)
	return out
}

// Diagnosis says what went wrong. It looks at headers and bodies for everybody: what it says of them is what the
// catalogue knows, and no part of them.
func (e Entry) Diagnosis(ctx context.Context) (*Diagnosis, error) {
	if e.of.Status != entry.StatusFailure && e.of.Kind != entry.KindAPIRequest {
		return nil, nil //nolint:nilnil // Nothing is wrong.
	}
	provider, err := providerOf(ctx, e.of.IntegrationID)
	if err != nil {
		return nil, err
	}
	detail, err := e.detail(ctx)
	if err != nil {
		return nil, err
	}
	whole := *e.of
	whole.Detail = detail
	d := load.From(ctx).Catalogue().Diagnose(diagnostics.Observe(&whole, provider))
	return newDiagnosis(ctx, &d), nil
}

// Diagnosis says what went wrong, if the catalogue knows the error that was given. Which application's error it is nobody
// says: that of the flow need not be that of the node that failed.
func (r FlowRun) Diagnosis(ctx context.Context) *Diagnosis {
	e := r.of.Error
	if e == nil {
		return nil
	}
	d := load.From(ctx).Catalogue().Diagnose(diagnostics.ObserveError(e.Code, e.Message))
	if d.Entry == "" {
		return nil
	}
	return newDiagnosis(ctx, &d)
}

// providerOf is the key of an integration, "" when there is none.
func providerOf(ctx context.Context, integrationID uuid.UUID) (string, error) {
	found, err := load.Optional(ctx, load.From(ctx).Integrations, integrationID)
	if err != nil || found == nil {
		return "", err
	}
	return found.Key, nil
}
