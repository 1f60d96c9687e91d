package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

const (
	// slowLevel is how improbable as many slow calls must be, if one of 20 is slow as it was.
	slowLevel = 1e-6
	slowPart  = 0.05
	// fewestRecent calls must have been made in half an hour, and fewestBefore in the last week on at least fewestDays days.
	fewestRecent = 20
	fewestBefore = 200
	fewestDays   = 2
	// Beside that the p95 must be slowTimes as long, and by slowMore milliseconds.
	slowTimes = 1.5
	slowMore  = 100
)

// isSlow tells whether calls are slower than they were: usual is what 95 % of so many calls did not exceed. Of few calls that
// is not known well: a larger part than one of 20 may really be longer, by three standard errors of it.
func (c *calls) isSlow(usual float64, before int64) bool {
	n := c.sketch.Len()
	if n < fewestRecent || usual <= 0 {
		return false
	}
	p95 := c.sketch.Quantile(0.95)
	part := slowPart + 3*math.Sqrt(slowPart*(1-slowPart)/float64(before))
	return p95 >= slowTimes*usual && p95 >= usual+slowMore && binomialTail(c.slow, n, part) < slowLevel
}

// staysSlow tells whether calls that were slow are so still, be there few of them or many: it does not end in a lull.
func (c *calls) staysSlow(usual float64) bool {
	p95 := c.sketch.Quantile(0.95)
	return c.sketch.Len() > 0 && p95 >= slowTimes*usual && p95 >= usual+slowMore
}

// findSlow finds endpoints that are slower than they were, twice in a row. After a restart it cannot tell the first time.
func findSlow(p *picture) (found []finding, ok bool) {
	before := p.memory.slow
	slow := map[endpoint]bool{}
	for e, c := range p.recent.calls {
		usual, days, calls := p.history.p95(e)
		if days < fewestDays || calls < fewestBefore || !c.isSlow(usual, calls) && !(before[e] && c.staysSlow(usual)) {
			continue
		}
		if slow[e] = true; !before[e] {
			continue
		}
		f := finding{
			key:      issues.Key{Category: diagnostics.LatencyRegression, IntegrationID: e.integration, Cause: "latency", Scope: e.Method + " " + e.Endpoint},
			severity: issues.Warning,
		}
		p95, n := c.sketch.Quantile(0.95), c.sketch.Len()
		f.title = fmt.Sprintf("%s %s of %s takes %s instead of %s", e.Method, e.Endpoint, p.called(e.integration), milliseconds(p95), milliseconds(usual))
		f.cause = fmt.Sprintf("In the last %d minutes %d of %d calls took longer than %s, which in the last week 19 of 20 did not; the slowest of 20 takes %s now. It hits {customers}.",
			slowMinutes, c.slow, n, milliseconds(usual), milliseconds(p95))
		f.shows = &entry.Filter{
			Kinds: []entry.Kind{entry.KindAPIRequest}, IntegrationIDs: []uuid.UUID{e.integration}, Methods: []string{e.Method}, EndpointPrefix: e.Endpoint,
			DurationMS: entry.FloatRange{Min: &usual},
		}
		hitAll(&f, c.hit, timeOf(p.minute-slowMinutes))
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(slices.Compare(a.key.IntegrationID[:], b.key.IntegrationID[:]), cmp.Compare(a.key.Scope, b.key.Scope))
	})
	p.memory.slow = slow
	return found, before != nil
}
