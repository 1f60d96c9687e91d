package notify

import "time"

// Payload is what is sent: as it is to webhooks, and what messages are written of. It never holds a secret: all of it is
// from what was redacted before it was stored.
type Payload struct {
	// Type is such as issue.opened.
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Data is what a person needs to know. What does not apply is left out.
type Data struct {
	// ID is of what it is about, as the API gives it: an issue, alarm, connected app, flow run or endpoint.
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
	// Summary says in a sentence what happened.
	Summary string `json:"summary,omitempty"`
	// Severity is INFO, WARNING, ERROR or CRITICAL, and Status what the thing's is now.
	Severity string `json:"severity,omitempty"`
	Status   string `json:"status,omitempty"`
	Previous string `json:"previous_status,omitempty"`
	Category string `json:"category,omitempty"`
	Cause    string `json:"cause,omitempty"`
	// Integration and Flow are where it happened.
	Integration *Named `json:"integration,omitempty"`
	Flow        *Named `json:"flow,omitempty"`
	// Customers are at most ten of those who are affected, of CustomerCount.
	Customers     []Named    `json:"customers,omitempty"`
	CustomerCount int        `json:"customer_count,omitempty"`
	Since         *time.Time `json:"since,omitempty"`
	ResolvedAt    *time.Time `json:"resolved_at,omitempty"`
	Measure       *Measure   `json:"measure,omitempty"`
	// ResolvedBy is who can mend it: CUSTOMER, TENANT or PROVIDER.
	ResolvedBy string     `json:"resolved_by,omitempty"`
	Steps      []Step     `json:"steps,omitempty"`
	Evidence   []Evidence `json:"evidence,omitempty"`
	// URL shows it in the console.
	URL string `json:"url,omitempty"`
	// Counts and Items are of a digest: how many of each type, and the first of them.
	Counts map[string]int `json:"counts,omitempty"`
	Items  []Item         `json:"items,omitempty"`
}

// Named is a thing with its id in the API, the sender's own name of it, and the name to show.
type Named struct {
	ID         string `json:"id"`
	ExternalID string `json:"external_id,omitempty"`
	Name       string `json:"name"`
}

// Measure is what an alarm watches.
type Measure struct {
	Metric        string  `json:"metric"`
	Comparison    string  `json:"comparison"`
	Threshold     float64 `json:"threshold"`
	Value         float64 `json:"value"`
	WindowSeconds int     `json:"window_seconds"`
}

// Step is what to do.
type Step struct {
	// Actor is CUSTOMER, TENANT or PROVIDER.
	Actor string `json:"actor"`
	Text  string `json:"text"`
	URL   string `json:"url,omitempty"`
}

// Evidence is a log entry that shows it.
type Evidence struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Summary string    `json:"summary"`
	// Excerpt is the telling part of what was answered.
	Excerpt string `json:"excerpt,omitempty"`
}

// Item is a notification of a digest.
type Item struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	ID        string    `json:"id,omitempty"`
	Title     string    `json:"title"`
	URL       string    `json:"url,omitempty"`
}

const (
	mostNamed    = 10
	mostEvidence = 3
	// mostExcerpt is in bytes.
	mostExcerpt = 1000
	mostItems   = 50
)
