package alarm

import (
	"math"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// Metric is what a rule looks at.
type Metric string

// The metrics. An error rate is from 0 to 1; silence is since the end of the last minute that had an entry.
const (
	ErrorRate      Metric = "ERROR_RATE"
	Failures       Metric = "FAILURES"
	Volume         Metric = "VOLUME"
	P95            Metric = "P95_MS"
	SilenceSeconds Metric = "SILENCE_SECONDS"
)

// Comparison says on which side of the threshold it is bad.
type Comparison string

// The comparisons.
const (
	Above Comparison = "ABOVE"
	Below Comparison = "BELOW"
)

// Condition is what a rule watches, and when it fires.
type Condition struct {
	Metric     Metric
	Comparison Comparison
	Threshold  float64
	// WindowSeconds is over what the metric is taken, in whole minutes: it is rounded up.
	WindowSeconds int
	// ForSeconds is for how long it must be beyond the threshold before the rule fires.
	ForSeconds int
	// IntegrationID, CustomerID and FlowID limit what is counted, unless they are uuid.Nil; Kinds unless it is empty.
	IntegrationID, CustomerID, FlowID uuid.UUID
	Kinds                             []entry.Kind
}

// Rule is what to watch, and whom to tell.
type Rule struct {
	Condition
	ID   uuid.UUID
	Name string
	// EndpointIDs are whom to tell; empty for all that ask for alarms.
	EndpointIDs []uuid.UUID
	Enabled     bool
	CreatedAt   time.Time
	// DeletedAt is nil of a rule that is there. One that was deleted is found through its alarms alone.
	DeletedAt *time.Time

	state       State
	evaluatedAt int64 // in minutes
	// What it is limited to, by name.
	integration, customer, flow notify.Thing
}

const ruleList = "alarm_rules"

// Cursor is the rule's place in the list of rules.
func (r *Rule) Cursor() string {
	return page.EncodeCursor(ruleList, tenant.TimeKey(r.CreatedAt), r.ID.String())
}

// Status is whether an alarm is still on.
type Status string

// The statuses.
const (
	Firing   Status = "FIRING"
	Resolved Status = "RESOLVED"
)

// Alarm is a time in which a rule fired.
type Alarm struct {
	ID, RuleID uuid.UUID
	// Value is the metric when the rule fired, Peak the worst since.
	Value, Peak float64
	FiredAt     time.Time
	ResolvedAt  *time.Time
}

// Status is whether it is still on.
func (a *Alarm) Status() Status {
	if a.ResolvedAt == nil {
		return Firing
	}
	return Resolved
}

const alarmList = "alarms"

// Cursor is the alarm's place in the list of alarms.
func (a *Alarm) Cursor() string {
	return page.EncodeCursor(alarmList, tenant.TimeKey(a.FiredAt), a.ID.String())
}

const (
	mostName   = 200
	mostWindow = 24 * 3600
	mostFor    = 24 * 3600
	// mostSilence bounds how far back silence is looked for, in seconds.
	mostSilence   = 7 * 24 * 3600
	mostRules     = 500
	mostEndpoints = 100
)

func checkName(f *errs.Fields, name string) {
	n := utf8.RuneCountInString(name)
	f.Check(n >= 1 && n <= mostName && utf8.ValidString(name), "name", "must have 1 to %d characters", mostName)
}

func (c *Condition) check(f *errs.Fields) {
	switch c.Metric {
	case ErrorRate, Failures, Volume, P95, SilenceSeconds:
	default:
		f.Add("metric", "%q is no metric", c.Metric)
	}
	f.Check(c.Comparison == Above || c.Comparison == Below, "comparison", "must be ABOVE or BELOW")
	f.Check(c.WindowSeconds >= 1 && c.WindowSeconds <= mostWindow, "windowSeconds", "must be from 1 to %d", mostWindow)
	f.Check(c.ForSeconds >= 0 && c.ForSeconds <= mostFor, "forSeconds", "must be from 0 to %d", mostFor)
	switch {
	case math.IsNaN(c.Threshold) || math.IsInf(c.Threshold, 0) || c.Threshold < 0 || c.Threshold > 1e15:
		f.Add("threshold", "must be from 0 to 1e15")
	case c.Metric == ErrorRate && c.Threshold > 1:
		f.Add("threshold", "an error rate is from 0 to 1: write 0.05 for 5 %%")
	case c.Metric == SilenceSeconds && c.Threshold > mostSilence:
		f.Add("threshold", "must be at most %d seconds of silence", mostSilence)
	case c.Comparison == Below && c.Threshold == 0:
		f.Add("threshold", "nothing is below 0")
	}
	for _, kind := range c.Kinds {
		f.Check(kind >= entry.KindAPIRequest && kind < entry.KindLogLine, "kinds", "%d is no kind of log entry", kind)
	}
}

// window is over how many minutes the metric is taken.
func (c *Condition) window() int64 { return minutes(c.WindowSeconds) }

// lookback is how many minutes before a time decide what the metric is then.
func (c *Condition) lookback() int64 {
	if c.Metric == SilenceSeconds {
		return minutes(int(math.Ceil(c.Threshold))) + c.window() + 1
	}
	return c.window()
}

func minutes(seconds int) int64 { return int64((seconds + 59) / 60) }

// beyond tells whether a value is bad. What is not known, NaN, is not.
func (c *Condition) beyond(value float64) bool {
	if c.Comparison == Above {
		return value > c.Threshold
	}
	return value < c.Threshold
}

// within tells whether a value is good again: a tenth of the threshold on the right side of it, so that what wavers about
// it is one alarm. Of counts the tenth is cut to a whole number. What is not known is good.
func (c *Condition) within(value float64) bool {
	margin := c.Threshold / 10
	if c.Metric == Failures || c.Metric == Volume {
		margin = math.Floor(margin)
	}
	if c.Comparison == Above {
		return !(value > c.Threshold-margin)
	}
	return !(value < c.Threshold+margin)
}

// worse is the worse of two values.
func (c *Condition) worse(a, b float64) float64 {
	switch {
	case math.IsNaN(b):
		return a
	case c.Comparison == Above:
		return math.Max(a, b)
	}
	return math.Min(a, b)
}
