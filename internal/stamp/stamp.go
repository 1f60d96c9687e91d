// Package stamp merges state that arrives in any order: of each field it remembers when the newest value held, and
// lets only a value in that held later. The result does not depend on the order of arrival, except between values
// that say that they held in the same microsecond, of which the later to arrive wins.
package stamp

// Set is when the value of each field held, in microseconds since 1970, by the field's name.
type Set map[string]int64

// Take tells whether a value of the field that held at the time replaces what is there, and notes it if so.
func (s Set) Take(field string, at int64) bool {
	if had, ok := s[field]; ok && had > at {
		return false
	}
	s[field] = at
	return true
}
