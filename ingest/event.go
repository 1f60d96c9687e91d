package ingest

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// event is one event that was read: redacted, valid, and of exactly one of four forms. Its texts may share the body
// that it came in.
type event struct {
	// index is the event's place in its request.
	index int
	kind  eventType
	id    string
	at    time.Time
	// dated says that the sender told when it happened.
	dated bool
	ref   directory.Ref
	// key is what makes the event the same as another; keyed is false when nothing does, or when its row is its key.
	key   journal.Key
	keyed bool

	entry *entry.Entry
	run   *run.FlowRunEvent
	node  *run.NodeRunEvent
	state *directory.StateEvent

	// fault says why the event is not stored; of the rest, only kind and id are of use then.
	fault *Rejection
}

// record is an event with the room for its entry: one allocation for most events.
type record struct {
	event
	entry  entry.Entry
	detail entry.Detail
	bodies [2]entry.Body
}

// identify makes the event's key.
func (e *event) identify(tenantID uuid.UUID) {
	if e.keyed = e.entry != nil && e.id != ""; e.keyed {
		e.key = journal.Key{
			Hash: journal.KeyHash(tenantID, e.kind.String(), e.id), Day: journal.DayOf(e.at), OrDayBefore: !e.dated,
		}
	}
}

// settle gives the event the ids of what it names.
func (e *event) settle(t *directory.Target) {
	switch {
	case e.entry != nil:
		e.entry.CustomerID, e.entry.IntegrationID = t.CustomerID, t.IntegrationID
		e.entry.ConnectedAppID, e.entry.DataSourceID = t.ConnectedAppID, t.DataSourceID
	case e.run != nil:
		e.run.CustomerID, e.run.IntegrationID = t.CustomerID, t.IntegrationID
		e.run.ConnectedAppID, e.run.FlowID = t.ConnectedAppID, t.FlowID
	case e.state != nil:
		e.state.Target = *t
	}
}
