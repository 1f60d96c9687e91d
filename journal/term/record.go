package term

import (
	"cmp"
	"encoding/binary"
	"errors"
	"sort"
)

// A packed row is a byte that says the version of the format, and records of 9 bytes, sorted: the first 40 bits of the
// hash, and the millisecond of the day in 4 bytes, big-endian. When its highest bit is set, the time is where a span
// begins, and the next record, of the same hash, where it ends. Two hashes that share 40 bits cost a look at entries
// that do not match, and no more.
const (
	version    = 1
	hashBits   = 40
	recordSize = 9
	spanBit    = 1 << 31
)

// ErrDamaged is of a row that cannot be read.
var ErrDamaged = errors.New("packed terms cannot be read")

// record is a span of a term in milliseconds of a day.
type record struct {
	day         int64
	hash        uint64
	first, last uint32
}

func keptHash(hash int64) uint64 {
	return uint64(hash) >> (64 - hashBits) //nolint:gosec // Its bits are what counts.
}

func compareRecords(a, b record) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.hash, b.hash), cmp.Compare(a.first, b.first))
}

func pack(list []record) []byte {
	b := make([]byte, 1, 1+recordSize*len(list))
	b[0] = version
	for i := range list {
		r := &list[i]
		if r.first == r.last {
			b = appendRecord(b, r.hash, r.first)
			continue
		}
		b = appendRecord(b, r.hash, r.first|spanBit)
		b = appendRecord(b, r.hash, r.last)
	}
	return b
}

func appendRecord(b []byte, hash uint64, at uint32) []byte {
	b = append(b, byte(hash>>32))                      //nolint:gosec // The first of 40 bits.
	b = binary.BigEndian.AppendUint32(b, uint32(hash)) //nolint:gosec // The other 32 of them.
	return binary.BigEndian.AppendUint32(b, at)
}

// records is a packed row without its version.
type records []byte

func open(packed []byte) (records, error) {
	if len(packed) == 0 || packed[0] != version || (len(packed)-1)%recordSize != 0 {
		return nil, ErrDamaged
	}
	return packed[1:], nil
}

func (r records) len() int { return len(r) / recordSize }

func (r records) hash(i int) uint64 {
	b := r[i*recordSize:]
	return uint64(b[0])<<32 | uint64(binary.BigEndian.Uint32(b[1:]))
}

func (r records) time(i int) uint32 { return binary.BigEndian.Uint32(r[i*recordSize+5:]) }

// span reads what begins at record i, and tells where the next begins.
func (r records) span(i int) (first, last uint32, next int, err error) {
	first = r.time(i)
	if first&spanBit == 0 {
		return first, first, i + 1, nil
	}
	if i+1 == r.len() || r.hash(i+1) != r.hash(i) || r.time(i+1)&spanBit != 0 {
		return 0, 0, 0, ErrDamaged
	}
	if first, last = first&^spanBit, r.time(i+1); first > last {
		return 0, 0, 0, ErrDamaged
	}
	return first, last, i + 2, nil
}

// Check tells whether a row can be read. Errors: ErrDamaged.
func Check(packed []byte) error {
	_, err := appendRecords(nil, 0, packed)
	return err
}

func appendRecords(list []record, day int64, packed []byte) ([]record, error) {
	r, err := open(packed)
	if err != nil {
		return nil, err
	}
	for i := 0; i < r.len(); {
		first, last, next, err := r.span(i)
		if err != nil {
			return nil, err
		}
		list = append(list, record{day: day, hash: r.hash(i), first: first, last: last})
		i = next
	}
	return list, nil
}

// Find appends the spans that a row of the day has of the term. Errors: ErrDamaged.
func Find(spans []Span, day int64, packed []byte, hash int64) ([]Span, error) {
	r, err := open(packed)
	if err != nil {
		return spans, err
	}
	wanted := keptHash(hash)
	i := sort.Search(r.len(), func(i int) bool { return r.hash(i) >= wanted })
	for i < r.len() && r.hash(i) == wanted {
		first, last, next, err := r.span(i)
		if err != nil {
			return spans, err
		}
		spans = append(spans, Span{First: day + int64(first)*1000, Last: day + int64(last)*1000 + 999})
		i = next
	}
	return spans, nil
}
