package shape

import (
	"slices"

	"github.com/google/uuid"
)

// What makes a field count as settled, and as lost. Times are in seconds.
const (
	day = 24 * 60 * 60
	// settledAfter is how many samples a field was looked for in, over settledFor, before it can be missed; it was in
	// settledShare percent of them.
	settledAfter = 50
	settledFor   = 2 * day
	settledShare = 99
	// oddAfter is how many samples in a row, over oddFor, are without it, or have it with another type.
	oddAfter = 8
	oddFor   = 5 * 60
	// normalAfter is when the new form is the form.
	normalAfter = 7 * day
	// forgetAfter is when a field is forgotten that no sample has. remembers is how many samples count: what was longer ago
	// says little of how often a field is there now.
	forgetAfter = 30 * day
	remembers   = 1000
	// late is by how much a sample may be older than the last one: what is older is history that is told now.
	late = 10 * 60

	// mostAccounts bounds those that are told apart, and mostFields the fields of a call.
	mostAccounts = 32
	mostFields   = mostPaths + 100
	// quietAccount is when an account makes room for another.
	quietAccount = 3 * day
)

// state is the form of a call's answers, and how it changes.
type state struct {
	samples uint64
	firstAt int64
	lastAt  int64
	// accounts are connected apps whose answers are told apart: many systems have fields of one's own, so what one account
	// has another never had. With more accounts than there is room for, the first ones speak for all.
	accounts []account
	fields   []field
}

// account is one connected app.
type account struct {
	customer, app uuid.UUID
	lastAt        int64
	// good is the last entry with all fields that were settled then; uuid.Nil when there is none.
	good uuid.UUID
}

// field is what is known of a path.
type field struct {
	path, parent uint64
	// kind is its type; kindNone while it was null only. mixed says that it has several, as unions do.
	kind  kind
	mixed bool
	// accounts are those that have shown it, as bits.
	accounts uint32
	// chances is in how many samples, of accounts that have shown it, there was an object to have it. seen is in how many
	// of them it was, not as null. typed is in how many it had its type.
	chances, seen, typed uint32
	firstAt, lastAt      int64
	odd                  odd
}

// odd is a row of samples in which a settled field is not what it was. count is 0 when there is none.
type odd struct {
	// kind is the other type; kindNone when the field is not there at all.
	kind       kind
	count      uint32
	at, lastAt int64
	// entry is the first of them, and slot its account's place, or -1. accounts are all whose samples were odd.
	entry    uuid.UUID
	slot     int
	accounts uint32
}

// settled tells whether the field is one that answers have.
func (f *field) settled(at int64) bool {
	return f.chances >= settledAfter && uint64(f.seen)*100 >= uint64(f.chances)*settledShare && at-f.firstAt >= settledFor
}

// typeSettled tells whether the field is one that has one type.
func (f *field) typeSettled(at int64) bool {
	return !f.mixed && f.kind != kindNone && f.typed >= settledAfter && at-f.firstAt >= settledFor
}

// drifted tells whether the field has changed for good.
func (f *field) drifted() bool {
	return f.odd.count >= oddAfter && f.odd.lastAt-f.odd.at >= oddFor
}

// drifting tells whether any field has.
func (s *state) drifting() bool {
	return slices.ContainsFunc(s.fields, func(f field) bool { return f.drifted() })
}

// apply brings a sample in. Samples come about in their order; one that is much too late is left out.
func (s *state) apply(in *sample) {
	if s.samples == 0 {
		s.firstAt, s.lastAt = in.at, in.at
	}
	if in.at < s.lastAt-late {
		return
	}
	s.samples++
	s.lastAt = max(s.lastAt, in.at)
	t := turn{at: s.lastAt, entry: in.entryID, slot: s.slotOf(in), good: true}
	found, told := make(map[uint64]*found, len(in.found)), make(map[uint64]bool, len(in.told))
	for i := range in.found {
		found[in.found[i].path] = &in.found[i]
	}
	for _, path := range in.told {
		told[path] = true
	}
	kept := s.fields[:0]
	for i := range s.fields {
		f := &s.fields[i]
		if here, ok := found[f.path]; ok {
			f.present(here, &t)
			delete(found, f.path)
		} else if f.parent != 0 && told[f.parent] {
			f.absent(&t)
		}
		if !f.over(t.at) {
			kept = append(kept, *f)
		}
	}
	s.fields = kept
	for i := range in.found {
		if f := &in.found[i]; found[f.path] != nil && len(s.fields) < mostFields {
			s.fields = append(s.fields, newField(f, &t))
		}
	}
	if t.slot >= 0 && t.good {
		s.accounts[t.slot].good = in.entryID
	}
}

// turn is a sample that is being brought in.
type turn struct {
	at    int64
	entry uuid.UUID
	// slot is the account's, or -1 when there is no room for it.
	slot int
	// good says that no settled field was odd.
	good bool
}

func (t *turn) bit() uint32 {
	if t.slot < 0 {
		return 0
	}
	return 1 << t.slot
}

// slotOf is the place of a sample's account.
func (s *state) slotOf(in *sample) int {
	for i := range s.accounts {
		if a := &s.accounts[i]; a.app == in.app && a.customer == in.customer {
			a.lastAt = max(a.lastAt, s.lastAt)
			return i
		}
	}
	fresh := account{customer: in.customer, app: in.app, lastAt: s.lastAt}
	if len(s.accounts) < mostAccounts {
		s.accounts = append(s.accounts, fresh)
		return len(s.accounts) - 1
	}
	for i := range s.accounts {
		if s.accounts[i].lastAt < s.lastAt-quietAccount {
			s.forget(i)
			s.accounts[i] = fresh
			return i
		}
	}
	return -1
}

// forget makes the place of an account that of nobody.
func (s *state) forget(slot int) {
	s.accounts[slot] = account{}
	for i := range s.fields {
		f := &s.fields[i]
		f.accounts &^= 1 << slot
		f.odd.accounts &^= 1 << slot
		if f.odd.slot == slot {
			f.odd.slot, f.odd.entry = -1, uuid.Nil
		}
	}
}

func newField(here *found, t *turn) field {
	f := field{path: here.path, parent: here.parent, firstAt: t.at, odd: odd{slot: -1}}
	f.present(here, t)
	return f
}

// present takes down that a sample has the field.
func (f *field) present(here *found, t *turn) {
	f.lastAt = t.at
	f.accounts |= t.bit()
	if f.odd.count > 0 && f.odd.kind == kindNone {
		f.back()
	}
	if t.slot >= 0 {
		seen := uint32(0)
		if here.whole {
			seen = 1
		}
		f.count(1, seen)
	}
	if here.kinds == 0 || f.mixed {
		return // Null goes with everything.
	}
	switch k := here.kinds.only(); {
	case k == kindNone:
		f.mixed = true
		f.odd = odd{slot: -1}
	case f.kind == kindNone || f.kind == k:
		f.kind = k
		f.typed++
		if f.odd.count > 0 {
			f.mixed = true // It was another type for a while.
			f.odd = odd{slot: -1}
		}
	case f.odd.count > 0 || f.typeSettled(t.at):
		f.isOdd(k, t)
	default:
		f.mixed = true
	}
}

// absent takes down that a sample has not got the field, though it has the object that would have it.
func (f *field) absent(t *turn) {
	if f.accounts&t.bit() == 0 {
		return // This account never had it.
	}
	switch {
	case f.odd.count > 0 && f.odd.kind != kindNone:
		f.count(1, 0)
	case f.odd.count > 0 || f.settled(t.at):
		f.isOdd(kindNone, t)
	default:
		f.count(1, 0)
	}
}

func (f *field) isOdd(k kind, t *turn) {
	t.good = false
	if f.odd.count == 0 {
		f.odd = odd{at: t.at, entry: t.entry, slot: t.slot}
	}
	f.odd.kind = k
	f.odd.count++
	f.odd.lastAt = t.at
	f.odd.accounts |= t.bit()
}

// back ends a row of samples without the field. However long it was, it counts as a short one: a field that is settled
// soon again can be missed again.
func (f *field) back() {
	f.count(min(f.odd.count, oddAfter), 0)
	f.odd = odd{slot: -1}
}

func (f *field) count(chances, seen uint32) {
	f.chances += chances
	f.seen += seen
	if f.chances > remembers {
		missed := (f.chances - f.seen) / 2
		f.chances /= 2
		f.seen = f.chances - min(missed, f.chances)
	}
}

// over makes what has been odd for long the form that is normal, and tells whether the field is to be forgotten.
func (f *field) over(at int64) bool {
	if f.drifted() && at-f.odd.at >= normalAfter {
		if f.odd.kind == kindNone {
			return true
		}
		f.kind, f.typed, f.firstAt = f.odd.kind, f.odd.count, f.odd.at
		f.odd = odd{slot: -1}
	}
	return at-f.lastAt >= forgetAfter
}
