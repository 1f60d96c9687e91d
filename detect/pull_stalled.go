package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
)

const (
	// fewestStill is how many pulls in a row must have seen records and left the cursor where it was.
	fewestStill = 4
	// fewestPulls is how many gaps between pulls say how often a source is pulled that does not say it itself.
	fewestPulls = 7
)

// stalledAfter is how long a source may go without a pull.
func stalledAfter(interval time.Duration) time.Duration {
	return max(3*interval, interval+5*time.Minute)
}

// interval is how often a source is pulled: what it says, or the median of what lay between the last pulls of its app, when
// that app has no other such source. It is 0 when nobody knows.
func (p *picture) interval(s *pullSource) (interval time.Duration, learned bool) {
	if s.PullIntervalS != nil {
		return time.Duration(*s.PullIntervalS) * time.Second, false
	}
	known := p.history.pulls[s.ConnectedAppID]
	if s.Siblings != 1 {
		return 0, true
	}
	var r ring
	if known != nil {
		r.minutes = slices.Clone(known.minutes)
	}
	if counts := p.recent.pulls[s.ConnectedAppID]; counts != nil {
		r.takeAll(p.recent.tally, counts, place{})
	}
	gaps := r.gaps()
	if len(gaps) < fewestPulls {
		return 0, true
	}
	return time.Duration(median(gaps) * float64(time.Minute)), true
}

// findStalled finds data sources that are not pulled, or are pulled in vain.
func findStalled(p *picture) (found []finding) {
	late, still := map[uuid.UUID]*finding{}, map[uuid.UUID]*finding{}
	of := func(all map[uuid.UUID]*finding, s *pullSource, cause string) *finding {
		f := all[s.IntegrationID]
		if f == nil {
			f = &finding{key: issues.Key{Category: diagnostics.PullStalled, IntegrationID: s.IntegrationID, Cause: cause}, severity: issues.Error}
			all[s.IntegrationID] = f
		}
		return f
	}
	slices.SortFunc(p.sources, func(a, b *pullSource) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for _, s := range p.sources {
		who := whom{s.ConnectedAppID, s.CustomerID}
		interval, learned := p.interval(s)
		if s.LastPullAt != nil && interval > 0 && p.now.Sub(*s.LastPullAt) > stalledAfter(interval) {
			f := of(late, s, "interval")
			f.hit(who, s.LastPullAt.Add(interval))
			if silent := p.now.Sub(*s.LastPullAt); f.title == "" {
				f.title = fmt.Sprintf("%s is not being pulled for {customers}: last %s ago", p.called(s.IntegrationID), lasting(silent))
				f.cause = fmt.Sprintf("The data source %q is pulled every %s%s, and was last pulled on %s.", s.Key, lasting(interval), usually(learned), moment(*s.LastPullAt))
			}
			continue
		}
		if s.CursorStillPulls >= fewestStill && s.CursorStillSince != nil {
			f := of(still, s, "cursor")
			f.hit(who, *s.CursorStillSince)
			if f.title == "" {
				f.title = fmt.Sprintf("The cursor of %s stands still for {customers}", p.called(s.IntegrationID))
				f.cause = fmt.Sprintf("The last %d pulls of the data source %q saw records, and all left the cursor where it was since %s.",
					s.CursorStillPulls, s.Key, moment(*s.CursorStillSince))
			}
		}
	}
	return append(sorted(late), sorted(still)...)
}

func usually(learned bool) string {
	if learned {
		return " as a rule"
	}
	return ""
}

// sorted gives findings in the order of their integrations.
func sorted(all map[uuid.UUID]*finding) (list []finding) {
	for _, f := range all {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b finding) int { return slices.Compare(a.key.IntegrationID[:], b.key.IntegrationID[:]) })
	return list
}
