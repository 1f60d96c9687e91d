package model

import (
	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/explain"
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
func NewRunExplanation(e *explain.Explanation) *RunExplanation {
	out := &RunExplanation{Verdict: e.Verdict, Summary: e.Summary, NextSteps: newSteps(e.NextSteps)}
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

// newSteps numbers what is to be done.
func newSteps(steps []diagnostics.Step) []*RemediationStep {
	out := make([]*RemediationStep, len(steps))
	for i, s := range steps {
		out[i] = &RemediationStep{Position: i + 1, Actor: s.Actor, Text: s.Text, URL: optional(s.URL)}
	}
	return out
}
