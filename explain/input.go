package explain

import (
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal/entry"
)

// MaxRange is how long a span of time may be explained at once.
const MaxRange = 31 * 24 * time.Hour

// maxText is how long an identifier's key and value may be, in bytes.
const maxText = 800

// Input is the question.
type Input struct {
	FlowID     uuid.UUID
	CustomerID uuid.UUID
	// Range is at most MaxRange long. It may end in the future: what is to come is left out.
	Range entry.Range
	// Identifier narrows to one event or record: a business id or, without a key, the sender's id of an event.
	Identifier *entry.IdentifierFilter
}

// Validate reports every bad field, as BadInput with its path in the input.
func (in *Input) Validate(now time.Time) error {
	var f errs.Fields
	switch r := in.Range; {
	case !r.From.Before(r.To):
		f.Add("input.range", "from must be earlier than to")
	case r.To.Sub(r.From) > MaxRange:
		f.Add("input.range", "is longer than 31 days")
	case !r.From.Before(now):
		f.Add("input.range", "lies in the future")
	}
	if i := in.Identifier; i != nil {
		f.Check(i.Value != "" && len(i.Value) <= maxText, "input.identifier.value", "must have 1 to %d bytes", maxText)
		f.Check(len(i.Key) <= maxText, "input.identifier.key", "must have at most %d bytes", maxText)
	}
	return f.Err()
}
