package explain

import (
	"slices"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/run"
)

// maxSteps is how many steps are given at most.
const maxSteps = 10

// decide goes through the checklist: the first check that fails gives the verdict. When none does, the flow ran, or what
// is kept does not tell.
func decide(c *checker) *Explanation {
	out := &Explanation{Checks: c.checklist()}
	for i := range out.Checks {
		if failed := &out.Checks[i]; failed.Outcome == Fail {
			out.Verdict, out.Summary = failed.verdict, failed.Detail
			out.NextSteps = distinct(failed.steps)
			if c.Failure != nil && c.Failure.Diagnosis != nil {
				out.NextSteps = distinct(slices.Concat(failed.steps, c.Failure.Diagnosis.Steps))
			}
			return out
		}
	}
	if len(c.Runs) > 0 {
		out.Verdict, out.Summary = Ran, "The flow ran, the last time on "+when(c.Runs[0].At)+"."
		if s := c.Runs[0].Status; s == run.Queued || s == run.Running {
			out.Summary = "The flow is running, since " + when(c.Runs[0].At) + "."
		}
		return out
	}
	out.Verdict, out.Summary = Unknown, "The flow did not run, and what is kept does not tell why."
	out.NextSteps = []diagnostics.Step{
		step(diagnostics.ActorTenant, "Send what the flow's trigger is, and what events, webhooks and pulls there are, so that this can be told."),
	}
	return out
}

// distinct leaves out what was said already, and what is too much.
func distinct(steps []diagnostics.Step) (out []diagnostics.Step) {
	for _, s := range steps {
		said := slices.ContainsFunc(out, func(other diagnostics.Step) bool { return other.Text == s.Text })
		if !said && len(out) < maxSteps {
			out = append(out, s)
		}
	}
	return out
}
