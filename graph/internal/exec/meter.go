package exec

import (
	"context"
	"encoding/json"
	"sync/atomic"
)

// fieldSize is what a field takes in an answer beside its name and value: quotes, colon, comma.
const fieldSize = 4

// Meter adds up how large an answer becomes, in bytes of JSON, about.
type Meter struct {
	size atomic.Int64
	most int64
	stop func()
}

// NewMeter makes a meter that calls stop, each time that it counts a field, once an answer is over most bytes.
func NewMeter(most int64, stop func()) *Meter { return &Meter{most: most, stop: stop} }

type meterKey struct{}

// WithMeter has whatever is answered in the context counted.
func WithMeter(ctx context.Context, m *Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// Count adds a field to the answer of the context.
func Count(ctx context.Context, name string, value any) {
	m, _ := ctx.Value(meterKey{}).(*Meter)
	if m == nil {
		return
	}
	n := len(name) + fieldSize
	switch v := value.(type) {
	case string:
		n += len(v)
	case *string:
		if v != nil {
			n += len(*v)
		}
	case json.RawMessage:
		n += len(v)
	}
	if m.size.Add(int64(n)) > m.most {
		m.stop()
	}
}
