package graph

import (
	"context"

	"github.com/weirhq/weir/explain"
	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
)

// explainRuns says why a flow ran, failed or did not run.
func (r *Resolver) explainRuns(ctx context.Context, in model.ExplainRunsInput) (*model.RunExplanation, error) {
	var f errs.Fields
	question := &explain.Input{
		FlowID:     idsIn(&f, nodeid.Flow, "input.flowId", []string{in.FlowID})[0],
		CustomerID: idsIn(&f, nodeid.Customer, "input.customerId", []string{in.CustomerID})[0],
		Identifier: identifier(&f, "input.identifier", in.Identifier),
	}
	if in.Range != nil {
		question.Range = entry.Range{From: in.Range.From, To: in.Range.To}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	explainer := explain.New(explain.Deps{
		Directory: r.deps.Directory, Journal: r.deps.Journal, Runs: r.deps.Runs, Tenants: r.deps.Tenants, Catalogue: load.From(ctx).Catalogue(), Now: r.deps.Now,
	})
	var found *explain.Explanation
	var err error
	turn.Wait(ctx, func() { found, err = explainer.Explain(ctx, question) })
	if err != nil {
		return nil, err
	}
	return model.NewRunExplanation(found), nil
}
