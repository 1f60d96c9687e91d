package workload

import (
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/journal/entry"
)

// Question is one kind of query: how its parameters are drawn from an entry that is there. That entry makes an answer
// hold at least 1.
type Question struct {
	Name string
	Most Most
	// draw makes parameters; false when the entry has none of that kind.
	draw func(d *Drawing) (Parameters, bool)
}

// Most is what a question takes at most, in milliseconds, 0 being no limit: at the median over GraphQL, and in the store at
// the median and in 95 of 100.
type Most struct{ GraphQL, Store, Store95 float64 }

// Parameters are one query, as GraphQL and as the store have them.
type Parameters struct {
	// Tenant is an index into those of Held.
	Tenant  int
	Filter  entry.Filter
	GraphQL map[string]any
	// Buckets asks for a histogram instead of a list.
	Buckets int
}

// Held is what a service holds and is asked about: a corpus of so many days until End, whose tenants have these ids.
type Held struct {
	Corpus  *simulate.Corpus
	Tenants []uuid.UUID
	Days    int
	End     time.Time
	// Words are of the corpus.
	Words *Words
}

// Drawing draws parameters from what is held. It is not for concurrent use.
type Drawing struct {
	held *Held
	*rand.Rand
	simulate.Entry
}

// Draw begins to draw; the same seed and stream draw the same.
func (h *Held) Draw(seed, stream uint64) *Drawing {
	return &Drawing{held: h, Rand: rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // Parameters, not secrets
}

// Questions are those that every benchmark asks.
func Questions() []Question {
	return []Question{
		{"Q1 newest 50 of a customer with a status, one day", Most{3, 1.2, 0}, (*Drawing).customerDay},
		{"Q2 a word of one entry's body, all days", Most{0, 5, 12}, (*Drawing).reference},
		{"Q2 a word of some dozen bodies, all days", Most{}, (*Drawing).rareWord},
		{"Q2 an identifier, all days", Most{0, 2, 0}, (*Drawing).identifier},
		{"Q3 hourly counts of an integration, all days", Most{}, (*Drawing).hourly},
	}
}

// Next draws parameters, from as many entries as it takes.
func (d *Drawing) Next(q Question) Parameters {
	for {
		tenant := d.IntN(len(d.held.Tenants))
		d.held.Corpus.Fill(&d.Entry, tenant, d.IntN(d.held.Corpus.Len()))
		if p, ok := q.draw(d); ok {
			return p
		}
	}
}

// within sets the range in both forms.
func (p Parameters) within(from, to time.Time) Parameters {
	p.Filter.Range = entry.Range{From: from, To: to}
	p.GraphQL["range"] = map[string]any{"from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)}
	return p
}

// ever is the range of all that is held, in whole hours.
func (p Parameters) ever(h *Held) Parameters {
	return p.within(h.End.Add(-time.Duration(h.Days)*24*time.Hour).Truncate(time.Hour), h.End.Truncate(time.Hour).Add(time.Hour))
}

func (d *Drawing) customerDay() (Parameters, bool) {
	// As many lists of failures as of successes, though only 3 % fail.
	if d.Status == "success" && d.IntN(33) > 0 {
		return Parameters{}, false
	}
	status, name := entry.StatusSuccess, "SUCCESS"
	if d.Status == "failure" {
		status, name = entry.StatusFailure, "FAILURE"
	}
	customer := directory.CustomerID(d.held.Tenants[d.Tenant], d.Customer)
	day := d.OccurredAt.Truncate(24 * time.Hour)
	p := Parameters{Tenant: d.Tenant}
	p.Filter.CustomerIDs, p.Filter.Statuses = append(p.Filter.CustomerIDs, customer), []entry.Status{status}
	p.GraphQL = map[string]any{"customerIds": []string{nodeid.Format(nodeid.Customer, customer)}, "statuses": []string{name}}
	return p.within(day, day.AddDate(0, 0, 1)), true
}

func (d *Drawing) search(text string) (Parameters, bool) {
	p := Parameters{Tenant: d.Tenant, Filter: entry.Filter{Search: text}, GraphQL: map[string]any{"search": text}}
	return p.ever(d.held), text != ""
}

func (d *Drawing) rareWord() (Parameters, bool) { return d.search(d.held.Words.rarest(d.Document)) }

func (d *Drawing) reference() (Parameters, bool) { return d.search(referenceOf(d.Document)) }

func (d *Drawing) identifier() (Parameters, bool) {
	if d.IdentifierValue == "" {
		return Parameters{}, false
	}
	p := Parameters{Tenant: d.Tenant, GraphQL: map[string]any{"identifier": map[string]any{"key": d.IdentifierKey, "value": d.IdentifierValue}}}
	p.Filter.Identifier = &entry.IdentifierFilter{Key: d.IdentifierKey, Value: d.IdentifierValue}
	return p.ever(d.held), true
}

// mostBuckets is how many buckets GraphQL gives at most.
const mostBuckets = 1000

func (d *Drawing) hourly() (Parameters, bool) {
	integration := directory.IntegrationID(d.held.Tenants[d.Tenant], d.Integration)
	p := Parameters{Tenant: d.Tenant, Buckets: min(24*d.held.Days, mostBuckets)}
	p.Filter.IntegrationIDs = append(p.Filter.IntegrationIDs, integration)
	p.GraphQL = map[string]any{"integrationIds": []string{nodeid.Format(nodeid.Integration, integration)}}
	return p.ever(d.held), true
}
