package directory

import (
	"bytes"
	"encoding/json"

	"github.com/weirhq/weir/internal/stamp"
)

// mergeCustomer brings in what held at the time, in microseconds, and tells whether anything is different now.
func mergeCustomer(c *Customer, s *CustomerState, at int64) (changed bool) {
	if c.Stamps == nil {
		c.Stamps = stamp.Set{}
	}
	if s.Name != nil && c.Stamps.Take("name", at) && c.Name != *s.Name {
		c.Name, changed = *s.Name, true
	}
	if s.Attributes != nil && c.Stamps.Take("attributes", at) && !sameJSON(c.Attributes, s.Attributes) {
		c.Attributes, changed = s.Attributes, true
	}
	return changed
}

// sameJSON tells whether two JSON values are the same, however they are written: PostgreSQL gives jsonb back in its
// own order and spacing.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errX := canonical(a)
	y, errY := canonical(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func canonical(raw json.RawMessage) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	// Numbers keep their digits: ids over 2^53 that differ in the last one are not the same.
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}
