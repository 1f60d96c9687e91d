package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

const (
	// MaxEntries is how many entries a trial looks at: the last ones.
	MaxEntries = 1000
	// MaxExamples is how many changes it shows, and perEntry how many of one entry.
	MaxExamples = 20
	perEntry    = 3
	// batch is how many entries are read with their bodies at once: each may have 128 KiB of them.
	batch = 50
	// budget is how long a trial looks at entries.
	budget = 5 * time.Second
)

// Logs lists entries and runs; *journal.Logs does.
type Logs interface {
	List(ctx context.Context, q journal.Query) (journal.ItemPage, error)
}

// Details reads what lists leave out; *journal.Store does.
type Details interface {
	Details(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*entry.Detail, error)
}

// Runs reads what runs and their nodes took in and gave out; *run.Store does.
type Runs interface {
	NodeRuns(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID][]*run.NodeRun, error)
	Payloads(ctx context.Context, runIDs []uuid.UUID) (map[uuid.UUID]*run.Payload, error)
	NodePayloads(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*run.Payload, error)
}

// Trial tries policies on the entries of the context's tenant.
type Trial struct {
	Logs    Logs
	Details Details
	Runs    Runs
	// Now is the clock that the time is taken by.
	Now func() time.Time
}

// Result is what a policy would have done.
type Result struct {
	// Looked is how many entries were looked at: all of the last MaxEntries when Complete.
	Looked   int
	Changed  int
	Complete bool
	// Examples are at most MaxExamples, of the newest entries first.
	Examples []Change
}

// Change is one place of an entry that a policy would have changed. The texts are excerpts.
type Change struct {
	Item journal.Item
	// Where is the place, such as responseBody or requestHeaders.X-Internal.
	Where         string
	Before, After string
}

// Run tries a policy. It is BadInput as saving the policy would be. It needs the role ADMIN.
func (t *Trial) Run(ctx context.Context, in tenant.RedactionInput) (*Result, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Require(tenant.RoleAdmin); err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	redactor, err := redact.Compile(redact.Policy{Headers: in.Headers, Fields: in.Fields, Patterns: in.Patterns})
	if err != nil {
		return nil, fmt.Errorf("compile the redaction policy: %w", err)
	}
	out := &Result{Examples: []Change{}}
	end := t.Now().Add(budget)
	query := journal.Query{First: batch}
	for {
		found, err := t.Logs.List(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("read the last entries: %w", err)
		}
		items := found.Items[:min(len(found.Items), MaxEntries-out.Looked)]
		looked, err := t.look(ctx, redactor, items, end, out)
		if err != nil || !looked {
			return out, err
		}
		query.After = found.Resume
		if !found.HasNext || out.Looked == MaxEntries || query.After == nil {
			out.Complete = true
			return out, nil
		}
	}
}

// look tries the policy on some items. It tells whether there was time for all.
func (t *Trial) look(ctx context.Context, redactor *redact.Redactor, items []journal.Item, end time.Time, out *Result) (bool, error) {
	texts, err := t.read(ctx, items)
	if err != nil {
		return false, err
	}
	for i := range items {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !t.Now().Before(end) {
			return false, nil
		}
		c := comparison{redactor: redactor}
		texts(i, &c)
		out.Looked++
		if len(c.changes) == 0 {
			continue
		}
		out.Changed++
		for _, change := range c.changes[:min(len(c.changes), perEntry, MaxExamples-len(out.Examples))] {
			change.Item = items[i]
			out.Examples = append(out.Examples, change)
		}
	}
	return true, nil
}

// read reads what lists leave out of some items, and gives a function that has the i-th compared.
func (t *Trial) read(ctx context.Context, items []journal.Item) (func(i int, c *comparison), error) {
	var entries, runs, nodes []uuid.UUID
	for _, item := range items {
		if item.Run != nil {
			runs = append(runs, item.Run.ID)
		} else {
			entries = append(entries, item.Entry.ID)
		}
	}
	details, err := t.Details.Details(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	payloads, err := t.Runs.Payloads(ctx, runs)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	of, err := t.Runs.NodeRuns(ctx, runs)
	if err != nil {
		return nil, fmt.Errorf("read nodes of runs: %w", err)
	}
	for _, list := range of {
		for _, n := range list {
			nodes = append(nodes, n.ID)
		}
	}
	inside, err := t.Runs.NodePayloads(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("read what nodes of runs had: %w", err)
	}
	return func(i int, c *comparison) {
		if e := items[i].Entry; e != nil {
			c.entry(e, details[e.ID])
			return
		}
		r := items[i].Run
		c.run(r, payloads[r.ID])
		for _, n := range of[r.ID] {
			c.node(n, inside[n.ID])
		}
	}, nil
}
