package directory

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
)

// Ref is what one event names, by the sender's own names; "" is what it does not name. A state event names itself: of
// a customer its id in Customer, of a flow its key in Flow, of a connected app or data source likewise, beside the
// customer and integration that it belongs to.
type Ref struct {
	Customer     string
	Integration  string
	ConnectedApp string
	Flow         string
	DataSource   string
	// Use says how the event came through the data source.
	Use Use
	// Cursor is what a pull showed of the data source's cursor.
	Cursor Cursor
	// At is when the event happened: last_activity_at and the like move there, if that is forward.
	At time.Time
}

// Use says how an event came through a data source: that is how one that is seen for the first time gets its mode.
type Use uint8

// The uses of data sources.
const (
	// UseNone is of events that only name the data source, such as its own state.
	UseNone Use = iota
	// UseWebhook is of webhooks.
	UseWebhook
	// UsePull is of pulls.
	UsePull
	// UseEvent is of external events.
	UseEvent
)

// Target is what a Ref stands for; uuid.Nil is what the event does not belong to.
type Target struct {
	CustomerID     uuid.UUID
	IntegrationID  uuid.UUID
	ConnectedAppID uuid.UUID
	FlowID         uuid.UUID
	DataSourceID   uuid.UUID
	// Err says why the event cannot be stored: its Field is the envelope's field at fault. All else is zero then.
	Err *errs.Error
}
