// Package issues keeps problems: one for each category, integration and cause, however many customers it hits. What is
// seen of them comes in two ways. A failed entry that was diagnosed is a Sighting: ingestion enqueues it in its commit,
// Take counts it, and opens an issue when it is more than what always happens. A Condition is what a detector sees at a
// time, such as a run that hangs: it opens an issue when it is there, and resolves it when it is gone.
//
// Most problems are only watched: watched.go keeps what was seen of them in packed sheets (sheet.go), and watch.go holds what
// those of a tenant add up to. What opens gets the rows that issues have.
//
// An issue's life is in lifecycle.go, what opens one in triage.go, and the health that follows from it in health.go.
package issues
