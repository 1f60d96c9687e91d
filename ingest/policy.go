package ingest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// Policies says what the context's tenant wants done with its events. It is asked for each request, so it remembers.
// tenant.Store is one.
type Policies interface {
	Redaction(ctx context.Context) (*tenant.Redaction, error)
	Retention(ctx context.Context) (*tenant.Retention, error)
}

// policy is what a request is read by.
type policy struct {
	redactor *redact.Redactor
	// days is for how many days entries of a kind are kept.
	days [entry.KindLogLine + 1]int
}

// maxRedactors bounds how many tenants' redactors are remembered.
const maxRedactors = 10_000

// policies compiles what tenants want, again only when it changes.
type policies struct {
	source Policies

	mu       sync.Mutex
	compiled map[uuid.UUID]compiled
}

type compiled struct {
	source   *tenant.Redaction
	redactor *redact.Redactor
}

func newPolicies(source Policies) *policies {
	return &policies{source: source, compiled: map[uuid.UUID]compiled{}}
}

// of gives the policy of the context's tenant.
func (p *policies) of(ctx context.Context, tenantID uuid.UUID) (*policy, error) {
	rules, err := p.source.Redaction(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the redaction policy: %w", err)
	}
	kept, err := p.source.Retention(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the retention policies: %w", err)
	}
	out := &policy{}
	for k := entry.KindAPIRequest; k < entry.KindLogLine; k++ {
		out.days[k] = kept.Of(k.String()).Days
	}
	// Lines belong to their runs.
	out.days[entry.KindLogLine] = out.days[entry.KindFlowRun]
	out.redactor, err = p.redactor(tenantID, rules)
	return out, err
}

func (p *policies) redactor(tenantID uuid.UUID, rules *tenant.Redaction) (*redact.Redactor, error) {
	p.mu.Lock()
	had, ok := p.compiled[tenantID]
	p.mu.Unlock()
	if ok && sameRules(had.source, rules) {
		return had.redactor, nil
	}
	redactor, err := redact.Compile(redact.Policy{Headers: rules.Headers, Fields: rules.Fields, Patterns: rules.Patterns})
	if err != nil {
		return nil, fmt.Errorf("compile the redaction policy: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.compiled) >= maxRedactors {
		clear(p.compiled)
	}
	p.compiled[tenantID] = compiled{source: rules, redactor: redactor}
	return redactor, nil
}

func sameRules(a, b *tenant.Redaction) bool {
	return a == b ||
		slices.Equal(a.Headers, b.Headers) && slices.Equal(a.Fields, b.Fields) && slices.Equal(a.Patterns, b.Patterns)
}
