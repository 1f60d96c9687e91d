package issues

import (
	"math"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// add adds a packed sheet, with the entries that show its problems if those are wanted. Errors: errDamaged.
func (s *sheet) add(packed []byte, shown bool) error {
	u := &unpacking{rest: packed}
	if version := u.number(); version != sheetVersion {
		return errDamaged
	}
	raw, err := unpacker().DecodeAll(u.take(u.length()), nil)
	if err != nil || u.bad {
		return errDamaged
	}
	r := &readingSheet{unpacking: unpacking{rest: raw}, sheet: s}
	list := r.problems()
	if r.bad || len(r.rest) > 0 {
		return errDamaged
	}
	if !shown || len(u.rest) == 0 {
		return nil
	}
	if raw, err = unpacker().DecodeAll(u.rest, nil); err != nil {
		return errDamaged
	}
	e := &unpacking{rest: raw}
	for i := range list {
		e.evidence(list[i].problem, list[i].first)
	}
	if e.bad || len(e.rest) > 0 {
		return errDamaged
	}
	return nil
}

type readingSheet struct {
	unpacking
	sheet        *sheet
	integrations []uuid.UUID
	// whoms are the numbers, in the sheet that is added to, of those of the row.
	whoms []uint32
}

// readProblem is one of the sheet, and when it was first seen by the row.
type readProblem struct {
	*problem
	first int64
}

func (r *readingSheet) problems() []readProblem {
	r.integrations = r.ids()
	customers, apps := r.ids(), r.ids()
	r.whoms = make([]uint32, r.length())
	for i := range r.whoms {
		w := whom{customer: one(&r.unpacking, customers)}
		w.app = r.app(w.customer, one(&r.unpacking, r.integrations), apps)
		r.whoms[i] = r.sheet.whoms.of(w)
	}
	list := make([]readProblem, r.length())
	for i := range list {
		if list[i] = r.problem(); r.bad {
			return nil
		}
	}
	return list
}

func (r *readingSheet) problem() readProblem {
	key := r.key(r.integrations)
	first := r.signed()
	last := first + r.signed()
	confidence, kinds := r.fraction(), r.small()
	if r.bad {
		return readProblem{}
	}
	p := r.sheet.problem(key.ID(r.sheet.tenantID), key, first, last)
	p.confidence, p.kinds = max(p.confidence, confidence), p.kinds|kinds
	minute := int64(0)
	for range r.length() {
		minute += int64(r.small())
		c := cell{minute: int32(minute), whom: one(&r.unpacking, r.whoms), n: r.small(), last: r.small()} //nolint:gosec // Checked below.
		if r.bad || minute > math.MaxInt32 {
			r.fail()
			return readProblem{}
		}
		r.sheet.count(p, c)
	}
	for range r.length() {
		hour, n := r.small(), r.number()
		if r.bad || hour > math.MaxInt32/60 || n > math.MaxInt64 {
			r.fail()
			return readProblem{}
		}
		p.addHour(int32(hour), int64(n))
	}
	return readProblem{p, first}
}

func (u *unpacking) evidence(p *problem, first int64) {
	for range u.length() {
		var e exhibit
		e.Kind = entry.Kind(u.small()) //nolint:gosec // It was one when it was packed.
		e.At = timeOf(first + u.signed())
		e.ID, e.customer = u.id(), u.id()
		if u.bad {
			return
		}
		p.evidence = append(p.evidence, e)
	}
}
