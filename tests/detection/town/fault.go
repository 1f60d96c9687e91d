package town

import (
	"slices"
	"time"
)

// Kind is a way in which things go wrong for a while.
type Kind string

// The faults. Those of calls come first; of several that hold at once the first of this list shows.
const (
	Refresh   Kind = "refresh token expired"
	Revoked   Kind = "token revoked"
	Expired   Kind = "token expired and not renewed"
	Suspended Kind = "account suspended"
	Outage    Kind = "provider outage"
	Storm     Kind = "rate limit storm"
	Scope     Kind = "scope missing"
	Invalid   Kind = "validation error after a deploy"
	Retired   Kind = "endpoint retired"
	Mixed     Kind = "errors of all kinds"

	Slow  Kind = "latency regression"
	Drift Kind = "field lost from a response"

	HooksSilent   Kind = "webhooks fall silent"
	HooksRejected Kind = "webhooks rejected"
	PullsStop     Kind = "pull stalled"
	CursorStands  Kind = "cursor stands still"
	ScheduleStops Kind = "schedule missed"
	RhythmStops   Kind = "rhythm missed"
	RunHangs      Kind = "run stuck"
	NotLaunching  Kind = "events launch nothing"
	FlowFails     Kind = "flow failing"
	Expiring      Kind = "credentials expiring"
)

// ofCalls are the faults that make calls fail, and how many of 100 they make fail.
var ofCalls = []struct {
	kind  Kind
	share float64
}{
	{Refresh, 1}, {Revoked, 1}, {Expired, 1}, {Suspended, 1}, {Outage, .9}, {Storm, .75}, {Scope, 1}, {Invalid, 1}, {Retired, 1}, {Mixed, .35},
}

// touches tells whether a fault of calls shows at an endpoint, by its place among those of the provider.
func (k Kind) touches(endpoint int) bool {
	switch k {
	case Scope:
		return endpoint >= toCreate
	case Invalid:
		return endpoint == toCreate
	case Retired, Slow:
		return endpoint == toList
	case Drift:
		return endpoint == toRead
	}
	return true
}

// Fault is something that goes wrong for a while.
type Fault struct {
	Kind        Kind
	Integration string
	// Customers are whom it hits: all that use the integration when there are none.
	Customers []string
	From, To  time.Time

	first  time.Time
	traces []trace
	hung   bool
	pause  time.Duration
}

type trace struct {
	at       time.Time
	customer string
}

// holds tells whether it is there for an app at a time.
func (f *Fault) holds(at time.Time, a *App) bool {
	return f.Integration == a.Integration && !at.Before(f.From) && at.Before(f.To) && (len(f.Customers) == 0 || slices.Contains(f.Customers, a.Customer))
}

// Begins is when it changes anything that is told: that credentials end is told some days ahead.
func (f *Fault) Begins() time.Time {
	if f.Kind == Expiring {
		return f.From.AddDate(0, 0, -3)
	}
	return f.From
}

// trace notes that it showed: an entry that fails, or an expected one that does not come.
func (f *Fault) trace(at time.Time, a *App) {
	if f.first.IsZero() || at.Before(f.first) {
		f.first = at
	}
	f.traces = append(f.traces, trace{at, a.Customer})
}

// First is when its first trace was: the first entry that failed because of it, or the first expected thing that did not
// come. It is zero while there is none.
func (f *Fault) First() time.Time { return f.first }

// Pause is the longest time that usually passed between two of what the fault keeps away, before it did: of webhooks, and
// of events that launch something. It is 0 for other faults.
func (f *Fault) Pause() time.Duration { return f.pause }

// Hit lists the customers with a trace up to a time, sorted.
func (f *Fault) Hit(until time.Time) (out []string) {
	for _, t := range f.traces {
		if !t.at.After(until) && !slices.Contains(out, t.customer) {
			out = append(out, t.customer)
		}
	}
	slices.Sort(out)
	return out
}

// fault finds what holds of a kind; nil when nothing does.
func (t *Town) fault(k Kind, at time.Time, a *App) *Fault {
	for _, f := range t.faults[k] {
		if f.holds(at, a) {
			return f
		}
	}
	return nil
}

// refusing finds the fault that makes a call fail, nil when none does.
func (t *Town) refusing(at time.Time, a *App, endpoint int, draw float64) *Fault {
	for _, o := range ofCalls {
		if f := t.fault(o.kind, at, a); f != nil && o.kind.touches(endpoint) && draw < o.share {
			return f
		}
	}
	return nil
}

// mends tells whether the end of a fault is that the customer connects the app again.
func (k Kind) mends() bool { return k == Refresh || k == Revoked || k == Expired || k == Scope }
