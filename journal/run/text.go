package run

import (
	"fmt"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
)

func micros(m int64) time.Time { return time.UnixMicro(m).UTC() }

// text is a run as an entry that can be searched: its error is the message, its input and output the bodies.
func text(externalID string, failure *Error, identifiers []entry.Identifier, p *Payload) *entry.Entry {
	e := &entry.Entry{Head: entry.Head{Kind: entry.KindFlowRun}, Detail: &entry.Detail{}}
	e.ExternalID, e.Identifiers = externalID, identifiers
	if failure != nil {
		e.ErrorCode, e.Message = failure.Code, failure.Message
	}
	if p != nil {
		e.Detail.RequestBody, e.Detail.ResponseBody = body(p.Input), body(p.Output)
		e.Detail.Metadata = p.Metadata
	}
	return e
}

func body(text []byte) *entry.Body {
	if text == nil {
		return nil
	}
	return &entry.Body{Text: string(text)}
}

var encoders = sync.Pool{New: func() any { return segment.NewEncoder() }}

// tokens is the filter of the words in a run: what a search looks at before it unpacks the payload. It is that of a
// segment with the run as its only entry.
func tokens(r *runRow) ([]byte, error) {
	e := text(r.ExternalID, r.err, r.Identifiers, &r.payload)
	e.ID = nodeid.First(r.At)
	encoder := encoders.Get().(*segment.Encoder)
	defer encoders.Put(encoder)
	encoded, err := encoder.Encode([]*entry.Entry{e})
	if err != nil {
		return nil, fmt.Errorf("index the words of flow run %s: %w", r.ID, err)
	}
	return encoded.Tokens, nil
}
