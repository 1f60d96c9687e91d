package ingest

import (
	"context"
	"fmt"
	"regexp/syntax"
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

const (
	// maxRedactors bounds how many tenants' redactors are remembered, and redactorBytes what their patterns take: a
	// dozen KB each as a rule, but MiB where one repeats much.
	maxRedactors  = 10_000
	redactorBytes = 64 << 20
	// stepBytes is about what a step of a compiled pattern takes.
	stepBytes = 128
)

// policies compiles what tenants want, again only when it changes.
type policies struct {
	source Policies

	mu       sync.Mutex
	compiled map[uuid.UUID]compiled
	bytes    int
}

type compiled struct {
	source   *tenant.Redaction
	redactor *redact.Redactor
	bytes    int
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
	p.remember(tenantID, compiled{source: rules, redactor: redactor, bytes: patternBytes(rules.Patterns)})
	return redactor, nil
}

// remember keeps a redactor, and begins anew when all together are too many or too large.
func (p *policies) remember(tenantID uuid.UUID, c compiled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes -= p.compiled[tenantID].bytes
	delete(p.compiled, tenantID)
	if len(p.compiled) >= maxRedactors || p.bytes+c.bytes > redactorBytes {
		clear(p.compiled)
		p.bytes = 0
	}
	p.compiled[tenantID] = c
	p.bytes += c.bytes
}

// patternBytes is about what patterns take when they are compiled, which their length says nothing of.
func patternBytes(patterns []string) (n int) {
	for _, pattern := range patterns {
		parsed, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			continue // It has been compiled: there is no such pattern.
		}
		if program, err := syntax.Compile(parsed.Simplify()); err == nil {
			n += stepBytes * len(program.Inst)
		}
	}
	return n
}

func sameRules(a, b *tenant.Redaction) bool {
	return a == b ||
		slices.Equal(a.Headers, b.Headers) && slices.Equal(a.Fields, b.Fields) && slices.Equal(a.Patterns, b.Patterns)
}
