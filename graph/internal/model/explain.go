package model

import (
	"context"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/explain"
	"github.com/weirhq/weir/graph/internal/load"
)

// RunExplanation is why a flow ran, failed or did not run.
type RunExplanation struct {
	Verdict   explain.Verdict
	Summary   string
	Checks    []*ExplanationCheck
	NextSteps []*RemediationStep
}

// ExplanationCheck is one question of the checklist, and its answer.
type ExplanationCheck struct {
	Question string
	Outcome  explain.Outcome
	Detail   string
	Evidence []LogEntry
}

// NewRunExplanation gives an explanation the shape of the API.
func NewRunExplanation(ctx context.Context, e *explain.Explanation) *RunExplanation {
	out := &RunExplanation{Verdict: e.Verdict, Summary: e.Summary, NextSteps: newSteps(ctx, e.NextSteps)}
	for i := range e.Checks {
		c := &e.Checks[i]
		check := &ExplanationCheck{Question: c.Question, Outcome: c.Outcome, Detail: c.Detail, Evidence: []LogEntry{}}
		for _, item := range c.Evidence {
			check.Evidence = append(check.Evidence, NewItem(item))
		}
		out.Checks = append(out.Checks, check)
	}
	return out
}

// newSteps numbers what is to be done. What the tenant itself is to do is no customer's business.
func newSteps(ctx context.Context, steps []diagnostics.Step) []*RemediationStep {
	out, customer := make([]*RemediationStep, 0, len(steps)), load.ForCustomer(ctx)
	for _, s := range steps {
		if !customer || s.Actor != diagnostics.ActorTenant {
			out = append(out, &RemediationStep{Position: len(out) + 1, Actor: s.Actor, Text: s.Text, URL: optional(s.URL)})
		}
	}
	return out
}
