package detection

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/tests/detection/town"
)

// grace is how long after the end of a fault an issue may open and still be of it: what was under way ends, and what is
// looked for in windows is found late.
const grace = time.Hour

// Finding is what was found of an incident.
type Finding struct {
	*Incident
	// Issue is nil when it was not found.
	Issue   *Issue
	Episode Episode
	// Missing and Extra are customers: those hit that the issue did not have, and those that it had and who were not hit.
	Missing, Extra []string
}

// Found tells whether there was an issue of it.
func (f *Finding) Found() bool { return f.Issue != nil }

// Took is the time to detect.
func (f *Finding) Took() time.Duration { return f.Episode.OpenedAt.Sub(f.First()) }

// Expected is the interval that the time to detect a silence is compared with.
func (f *Finding) Expected() time.Duration {
	if f.Interval > 0 {
		return f.Interval
	}
	return f.Pause()
}

// False is an issue that opened for no fault.
type False struct {
	Issue *Issue
	Episode
}

// Outcome is what a month came to.
type Outcome struct {
	Findings []*Finding
	False    []False
	// Echoes are issues that are true of an incident beside its own.
	Echoes []False
	// Flaps are resolutions after which the same issue opened again while its fault was there; Hasty are openings within ten
	// minutes of a resolution.
	Flaps, Hasty int
	Issues       int
	Events       int
	Simulated    time.Duration
	Took         map[string]time.Duration
}

// matches tells whether an issue that opened at a time may be of an incident, and whether it is its own.
func (i *Incident) matches(issue *Issue, at time.Time) (own, also bool) {
	if issue.Of() != i.Integration || i.First().IsZero() || at.Before(i.First()) || at.After(i.To.Add(grace)) {
		return false, false
	}
	category := diagnostics.Category(issue.Category)
	return slices.Contains(i.Want, category), slices.Contains(i.Also, category)
}

// look notes how an incident's issue stands now.
func (i *Incident) look(standing []*Issue) {
	for _, issue := range standing {
		if own, _ := i.matches(issue, issue.OpenedAt()); own && (i.standing == nil || issue.OpenedAt().Before(i.standing.OpenedAt())) {
			i.standing = issue
		}
	}
}

// judge compares what was found with what was planted.
func judge(incidents []*Incident, all []*Issue) *Outcome {
	o := &Outcome{Issues: len(all)}
	for _, i := range incidents {
		o.Findings = append(o.Findings, find(i, all))
	}
	for _, issue := range all {
		episodes := issue.Episodes()
		for n, e := range episodes {
			o.explain(incidents, issue, e)
			if n > 0 && episodes[n-1].ResolvedAt != nil && e.OpenedAt.Sub(*episodes[n-1].ResolvedAt) < 10*time.Minute {
				o.Hasty++
			}
			if n > 0 && slices.ContainsFunc(incidents, func(i *Incident) bool {
				own, _ := i.matches(issue, e.OpenedAt)
				before, _ := i.matches(issue, episodes[n-1].OpenedAt)
				return own && before && e.OpenedAt.Before(i.To)
			}) {
				o.Flaps++
			}
		}
	}
	return o
}

// explain puts an episode where it belongs.
func (o *Outcome) explain(incidents []*Incident, issue *Issue, e Episode) {
	echo := false
	for _, i := range incidents {
		own, also := i.matches(issue, e.OpenedAt)
		if own {
			return
		}
		echo = echo || also
	}
	if echo {
		o.Echoes = append(o.Echoes, False{issue, e})
		return
	}
	o.False = append(o.False, False{issue, e})
}

// find takes the episode of an incident that opened first.
func find(i *Incident, all []*Issue) *Finding {
	f := &Finding{Incident: i}
	for _, issue := range all {
		for _, e := range issue.Episodes() {
			if own, _ := i.matches(issue, e.OpenedAt); own && (f.Issue == nil || e.OpenedAt.Before(f.Episode.OpenedAt)) {
				f.Issue, f.Episode = issue, e
			}
		}
	}
	if i.standing != nil {
		has, hit := i.standing.Who(), i.Hit(i.To)
		f.Missing, f.Extra = without(hit, has), without(has, hit)
	}
	return f
}

func without(list, others []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(others, s) {
			out = append(out, s)
		}
	}
	return out
}

// closely is for how long from the beginning of a fault time is followed as a service does.
const closely = 90 * time.Minute

// moments are the times at which the pace changes, and at which an incident is looked at, in order.
func moments(incidents []*Incident, end time.Time, step time.Duration) (out []moment) {
	for _, i := range incidents {
		out = append(out, moment{at: i.From, until: i.From.Add(closely)}, moment{at: i.From.Add(closely)})
		// The last whole step in which the fault is there.
		out = append(out, moment{at: i.To.Add(-step), look: i})
	}
	out = append(out, moment{at: end})
	slices.SortStableFunc(out, func(a, b moment) int { return a.at.Compare(b.at) })
	return out
}

// moment is one of these: from it on time is followed closely until another, or an incident is looked at.
type moment struct {
	at, until time.Time
	look      *Incident
}

// everything lists all issues that were ever open, parts of providers' incidents too, which are listed when they are asked for.
func (w *World) everything(ctx context.Context) ([]*Issue, error) {
	all, err := w.Issues(ctx, nil)
	if err != nil {
		return nil, err
	}
	parts, err := w.Issues(ctx, map[string]any{"categories": []string{"PROVIDER_UNAVAILABLE", "PROVIDER_INTERNAL_ERROR", "NETWORK_TIMEOUT", "NETWORK_UNREACHABLE", "TLS_CERTIFICATE_ERROR"}})
	for _, p := range parts {
		if !slices.ContainsFunc(all, func(i *Issue) bool { return i.ID == p.ID }) {
			all = append(all, p)
		}
	}
	return all, err
}

// liveThrough plays a month, or the part of it up to the end, with the incidents given.
func liveThrough(ctx context.Context, w *World, t *town.Town, incidents []*Incident, end time.Time, pace Pace, tell func(at time.Time, done string)) (*Outcome, error) {
	began, closeUntil := w.Now(), time.Time{}
	for _, m := range moments(incidents, end, pace.Step) {
		now := pace
		if w.Now().Before(closeUntil) {
			now = Live
		}
		if err := w.Play(ctx, t, m.at, now); err != nil {
			return nil, err
		}
		if m.until.After(closeUntil) {
			closeUntil = m.until
		}
		if m.look == nil {
			continue
		}
		standing, err := w.Standing(ctx)
		if err != nil {
			return nil, err
		}
		m.look.look(standing)
		state := "not found yet"
		if m.look.standing != nil {
			state = "found"
		}
		tell(w.Now(), fmt.Sprintf("%s of %s: %s", m.look.Kind, m.look.Integration, state))
	}
	all, err := w.everything(ctx)
	if err != nil {
		return nil, err
	}
	o := judge(incidents, all)
	o.Events, o.Simulated, o.Took = t.Events, w.Now().Sub(began), w.Took
	return o, nil
}
