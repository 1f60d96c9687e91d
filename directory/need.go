package directory

import (
	"time"

	"github.com/google/uuid"
)

// Need is what a commit must make sure of before it can store what names it: rows that may not be there yet, and times
// of activity that moved. It may hold strings of the request that it came from.
type Need struct {
	customers    map[uuid.UUID]*customerNeed
	integrations map[uuid.UUID]string
	apps         map[uuid.UUID]*appNeed
	flows        map[uuid.UUID]*flowNeed
	sources      map[uuid.UUID]*sourceNeed
}

// Made tells which rows a commit made.
type Made map[uuid.UUID]struct{}

func (m Made) has(id uuid.UUID) bool {
	_, ok := m[id]
	return ok
}

type customerNeed struct {
	externalID string
	// missing says that the row may not be there.
	missing bool
	// activity is in microseconds since 1970; 0 is for none that is worth writing.
	activity int64
}

type appNeed struct {
	customerID    uuid.UUID
	integrationID uuid.UUID
	externalID    string
	implicit      bool
	missing       bool
	activity      int64
}

type flowNeed struct {
	key           string
	integrationID uuid.UUID
}

type sourceNeed struct {
	appID      uuid.UUID
	customerID uuid.UUID
	key        string
	missing    bool
	pull       bool
	pulledAt   int64
	eventAt    int64
	pulls      []pulled
}

// NewNeed makes a Need of nothing.
func NewNeed() *Need {
	return &Need{
		customers:    map[uuid.UUID]*customerNeed{},
		integrations: map[uuid.UUID]string{},
		apps:         map[uuid.UUID]*appNeed{},
		flows:        map[uuid.UUID]*flowNeed{},
		sources:      map[uuid.UUID]*sourceNeed{},
	}
}

// Empty tells whether there is nothing to make sure of.
func (n *Need) Empty() bool {
	return len(n.customers)+len(n.integrations)+len(n.apps)+len(n.flows)+len(n.sources) == 0
}

// Add makes n need what other needs too. Both must be of one tenant.
func (n *Need) Add(other *Need) {
	for id, o := range other.customers {
		c := n.customer(id, o.externalID)
		c.missing = c.missing || o.missing
		c.activity = max(c.activity, o.activity)
	}
	for id, key := range other.integrations {
		n.integrations[id] = key
	}
	for id, o := range other.apps {
		a := n.app(id, o)
		a.missing = a.missing || o.missing
		a.activity = max(a.activity, o.activity)
	}
	for id, o := range other.flows {
		if had := n.flows[id]; had == nil || had.integrationID == uuid.Nil {
			n.flows[id] = o
		}
	}
	for id, o := range other.sources {
		s := n.source(id, o)
		s.missing = s.missing || o.missing
		s.pull = s.pull || o.pull
		s.pulledAt = max(s.pulledAt, o.pulledAt)
		s.eventAt = max(s.eventAt, o.eventAt)
		s.pulls = append(s.pulls, o.pulls...)
	}
}

func (n *Need) customer(id uuid.UUID, externalID string) *customerNeed {
	c := n.customers[id]
	if c == nil {
		c = &customerNeed{externalID: externalID}
		n.customers[id] = c
	}
	return c
}

// app is the need of the connected app. One that names itself comes before the implicit one whose place it takes.
func (n *Need) app(id uuid.UUID, like *appNeed) *appNeed {
	a := n.apps[id]
	if a == nil {
		a = &appNeed{
			customerID: like.customerID, integrationID: like.integrationID,
			externalID: like.externalID, implicit: like.implicit,
		}
		n.apps[id] = a
	}
	if a.implicit && !like.implicit {
		a.externalID, a.implicit = like.externalID, false
	}
	return a
}

func (n *Need) source(id uuid.UUID, like *sourceNeed) *sourceNeed {
	s := n.sources[id]
	if s == nil {
		s = &sourceNeed{appID: like.appID, customerID: like.customerID, key: like.key}
		n.sources[id] = s
	}
	return s
}

func fromMicros(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	at := time.UnixMicro(micros).UTC()
	return &at
}
