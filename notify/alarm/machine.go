package alarm

import "time"

// State is what a rule was when it was last evaluated. Times are in minutes since 1970; 0 is none.
type State struct {
	// BeyondSince is since when the metric is beyond the threshold, of a rule that does not fire yet.
	BeyondSince int64 `json:"beyond_since,omitempty"`
	// FiredAt is when it fired; 0 when it does not. WithinSince is since when it is good again.
	FiredAt     int64   `json:"fired_at,omitempty"`
	WithinSince int64   `json:"within_since,omitempty"`
	Value       float64 `json:"value,omitempty"`
	Peak        float64 `json:"peak,omitempty"`
	// ResolvedAt is when it last resolved, and Again how often it has fired again soon after that.
	ResolvedAt int64 `json:"resolved_at,omitempty"`
	Again      int   `json:"again,omitempty"`
}

// change is what a step did.
type change uint8

const (
	nothing change = iota
	fired
	resolved
)

const (
	// leastRecovery is for how long the metric must be good before an alarm resolves, if the rule does not say longer, in
	// seconds.
	leastRecovery = 120
	// soon is within how many minutes a rule that fires again is one that flaps: each time, its recovery must last twice
	// as long, up to 2^mostAgain times.
	soon      = 30
	mostAgain = 4
)

// step goes on to a time, at which the metric is value, or NaN when that is not known. Times come in order.
func (s *State) step(c *Condition, at int64, value float64) change {
	if s.FiredAt == 0 {
		return s.calm(c, at, value)
	}
	s.Peak = c.worse(s.Peak, value)
	if !c.within(value) {
		s.WithinSince = 0
		return nothing
	}
	if s.WithinSince == 0 {
		s.WithinSince = at
	}
	if (at-s.WithinSince)*60 < s.recovery(c) {
		return nothing
	}
	s.FiredAt, s.WithinSince, s.ResolvedAt = 0, 0, at
	return resolved
}

// calm is a step of a rule that does not fire.
func (s *State) calm(c *Condition, at int64, value float64) change {
	if !c.beyond(value) {
		s.BeyondSince = 0
		return nothing
	}
	if s.BeyondSince == 0 {
		s.BeyondSince = at
	}
	if (at-s.BeyondSince)*60 < int64(c.ForSeconds) {
		return nothing
	}
	s.Again++
	if s.ResolvedAt == 0 || at-s.ResolvedAt > soon {
		s.Again = 0
	}
	s.Again = min(s.Again, mostAgain)
	s.FiredAt, s.BeyondSince, s.Value, s.Peak = at, 0, value, value
	return fired
}

// recovery is for how long the metric must be good, in seconds.
func (s *State) recovery(c *Condition) int64 {
	return int64(max(c.ForSeconds, leastRecovery)) << s.Again
}

func timeOf(minute int64) time.Time { return time.Unix(minute*60, 0).UTC() }
