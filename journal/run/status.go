package run

import "github.com/weirhq/weir/journal/entry"

// Status is how far a flow run or a node run has come.
type Status uint8

// The statuses. Those from Succeeded on are final.
const (
	Queued Status = iota + 1
	Running
	Succeeded
	Failed
	Canceled
	Skipped
)

var statusNames = [...]string{"", "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"}

// String is the status's name in the API and in the database.
func (s Status) String() string { return statusNames[s] }

// ParseStatus reads a status's name in capitals.
func ParseStatus(name string) (Status, bool) { return parse[Status](statusNames[:], name) }

// Final tells whether nothing comes after the status.
func (s Status) Final() bool { return s >= Succeeded }

// rank orders statuses by progress: a later one replaces an earlier one whatever the order of arrival, and of two
// final ones the newer counts.
func (s Status) rank() int64 {
	if s.Final() {
		return int64(Succeeded)
	}
	return int64(s)
}

// LogStatus is the status of the log entry that a run with the status stands for.
func (s Status) LogStatus() entry.Status {
	switch s {
	case Succeeded, Skipped:
		return entry.StatusSuccess
	case Failed:
		return entry.StatusFailure
	case Queued, Running:
		return entry.StatusPending
	}
	return entry.StatusUnknown
}

// Trigger is what launched a run.
type Trigger uint8

// The triggers.
const (
	TriggerExternalEvent Trigger = iota + 1
	TriggerInternalEvent
	TriggerSchedule
	TriggerAPI
	TriggerManual
)

var triggerNames = [...]string{"", "EXTERNAL_EVENT", "INTERNAL_EVENT", "SCHEDULE", "API", "MANUAL"}

// String is the trigger's name in the API and in the database.
func (t Trigger) String() string { return triggerNames[t] }

// ParseTrigger reads a trigger's name in capitals.
func ParseTrigger(name string) (Trigger, bool) { return parse[Trigger](triggerNames[:], name) }

func parse[T ~uint8](names []string, name string) (T, bool) {
	for i, n := range names {
		if i > 0 && n == name {
			return T(i), true
		}
	}
	return 0, false
}
