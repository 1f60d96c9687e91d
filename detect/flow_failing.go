package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

const (
	// fewestFailed runs, the last of a day, all failed; or of at least manyRuns in sixHours as large a part as mostlyFailed.
	fewestFailed  = 3
	failingWithin = 24 * time.Hour
	manyRuns      = 10
	// enoughFine of the last runs in a row that did not fail tell that it is over.
	enoughFine   = 3
	sixHours     = 6 * time.Hour
	mostlyFailed = 0.6
)

// failing are the failed runs that say that a flow fails, the newest first, and of how many; nil when it does not. The runs
// are those of one customer in the last day that ended, the newest first.
func failing(runs []*failedRun, now time.Time) (failed []*failedRun, of int) {
	streak := slices.IndexFunc(runs, func(r *failedRun) bool { return r.Status != "FAILED" })
	if streak < 0 {
		streak = len(runs)
	}
	if streak >= fewestFailed {
		return runs[:streak], streak
	}
	if !slices.ContainsFunc(runs[:min(len(runs), enoughFine)], func(r *failedRun) bool { return r.Status == "FAILED" }) {
		return nil, 0
	}
	for _, r := range runs {
		if r.At.Before(now.Add(-sixHours)) {
			break
		}
		if of++; r.Status == "FAILED" {
			failed = append(failed, r)
		}
	}
	if of >= manyRuns && float64(len(failed)) >= mostlyFailed*float64(of) {
		return failed, of
	}
	return nil, 0
}

// findFailing finds flows that fail for a customer again and again, where no problem of the customer's app explains it.
func findFailing(p *picture) (found []finding) {
	byRunner := map[runner][]*failedRun{}
	var order []runner
	for _, r := range p.failed {
		of := runner{r.FlowID, r.CustomerID.UUID}
		if byRunner[of] == nil {
			order = append(order, of)
		}
		byRunner[of] = append(byRunner[of], r)
	}
	slices.SortFunc(order, func(a, b runner) int {
		if c := slices.Compare(a.flow[:], b.flow[:]); c != 0 {
			return c
		}
		return slices.Compare(a.customer[:], b.customer[:])
	})
	errors, counts, totals := map[uuid.UUID]map[string]int{}, map[uuid.UUID]int{}, map[uuid.UUID]int{}
	index := map[uuid.UUID]int{}
	for _, of := range order {
		flow := p.flows[of.flow]
		if flow == nil {
			continue
		}
		newest := byRunner[of][0]
		who := whom{newest.ConnectedAppID.UUID, of.customer}
		integration := integrationOf(flow)
		if newest.IntegrationID.Valid {
			integration = newest.IntegrationID.UUID
		}
		// What failed while another problem hit the app was that.
		unexplained := slices.DeleteFunc(slices.Clone(byRunner[of]), func(r *failedRun) bool {
			return r.Status == "FAILED" && who != (whom{}) && p.wasKnown(integration, who, r.At)
		})
		failed, n := failing(unexplained, p.now)
		if len(failed) == 0 || who != (whom{}) && p.explained(integration, "", who) {
			continue
		}
		i, ok := index[of.flow]
		if !ok {
			i = len(found)
			index[of.flow], errors[of.flow] = i, map[string]int{}
			found = append(found, finding{key: keyOfFlow(diagnostics.FlowFailing, "flow", flow), severity: issues.Error})
		}
		counts[of.flow], totals[of.flow] = counts[of.flow]+len(failed), totals[of.flow]+n
		evidence := make([]issues.Evidence, len(failed))
		for k, r := range failed {
			evidence[k] = issues.Evidence{ID: r.ID, Kind: entry.KindFlowRun}
			if text := r.says(); text != "" {
				errors[of.flow][text]++
			}
		}
		found[i].hit(who, failed[len(failed)-1].At, evidence...)
	}
	for id, i := range index {
		f := &found[i]
		f.title = fmt.Sprintf("%s fails for {customers}: %d of the last %s failed", p.flows[id].Name, counts[id], counted(totals[id], "run"))
		if text, n := mostOf(errors[id]); n > 0 {
			f.cause = fmt.Sprintf("Most often the error was: %s.", text)
		}
	}
	return found
}

// mostText is how much of an error is repeated.
const mostText = 200

func (r *failedRun) says() string {
	text := ""
	if r.ErrorMessage != nil {
		text = *r.ErrorMessage
	}
	if r.ErrorCode != nil && *r.ErrorCode != "" && text != "" {
		text = *r.ErrorCode + ": " + text
	} else if r.ErrorCode != nil && text == "" {
		text = *r.ErrorCode
	}
	if runes := []rune(text); len(runes) > mostText {
		text = string(runes[:mostText]) + "…"
	}
	return text
}
