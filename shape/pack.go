package shape

import (
	"encoding/binary"
	"errors"

	"github.com/google/uuid"
)

// packed is the version of a packed state.
const packed = 1

// pack is the state in bytes: about 40 a field, and 50 an account.
func (s *state) pack() []byte {
	p := packer{b: make([]byte, 0, 16+48*len(s.accounts)+48*len(s.fields))}
	p.b = append(p.b, packed)
	p.uint(s.samples)
	p.time(s.firstAt)
	p.time(s.lastAt)
	p.uint(uint64(len(s.accounts)))
	for i := range s.accounts {
		a := &s.accounts[i]
		p.id(a.customer)
		p.id(a.app)
		p.time(a.lastAt)
		p.id(a.good)
	}
	p.uint(uint64(len(s.fields)))
	for i := range s.fields {
		p.field(&s.fields[i])
	}
	return p.b
}

type packer struct{ b []byte }

func (p *packer) uint(n uint64)    { p.b = binary.AppendUvarint(p.b, n) }
func (p *packer) time(at int64)    { p.b = binary.AppendVarint(p.b, at) }
func (p *packer) id(id uuid.UUID)  { p.b = append(p.b, id[:]...) }
func (p *packer) hash(path uint64) { p.b = binary.LittleEndian.AppendUint64(p.b, path) }

func (p *packer) field(f *field) {
	p.hash(f.path)
	p.hash(f.parent)
	mixed := byte(0)
	if f.mixed {
		mixed = 1
	}
	p.b = append(p.b, byte(f.kind), mixed)
	for _, n := range [...]uint32{f.accounts, f.chances, f.seen, f.typed, f.odd.count} {
		p.uint(uint64(n))
	}
	p.time(f.firstAt)
	p.time(f.lastAt)
	if f.odd.count == 0 {
		return
	}
	p.b = append(p.b, byte(f.odd.kind), byte(f.odd.slot+1))
	p.time(f.odd.at)
	p.time(f.odd.lastAt)
	p.id(f.odd.entry)
	p.uint(uint64(f.odd.accounts))
}

var errPacked = errors.New("these are no packed shapes")

// unpack reads what pack wrote.
func unpack(b []byte) (*state, error) {
	u := unpacker{b: b}
	if u.byte() != packed {
		return nil, errPacked
	}
	s := &state{samples: u.uint(), firstAt: u.time(), lastAt: u.time()}
	for range u.size(mostAccounts) {
		s.accounts = append(s.accounts, account{customer: u.id(), app: u.id(), lastAt: u.time(), good: u.id()})
	}
	for range u.size(mostFields) {
		s.fields = append(s.fields, u.field())
	}
	if u.failed || len(u.b) > 0 {
		return nil, errPacked
	}
	return s, nil
}

// unpacker reads until something is not as it should be; from then on it reads zeros.
type unpacker struct {
	b      []byte
	failed bool
}

func (u *unpacker) take(n int) []byte {
	if u.failed || len(u.b) < n {
		u.failed = true
		return make([]byte, n)
	}
	out := u.b[:n]
	u.b = u.b[n:]
	return out
}

func (u *unpacker) skip(n int) {
	if n <= 0 {
		u.failed = true
		return
	}
	u.take(n)
}

func (u *unpacker) byte() byte { return u.take(1)[0] }

func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.b)
	u.skip(n)
	return v
}

func (u *unpacker) small() uint32 {
	v := u.uint()
	if v > 1<<32-1 {
		u.failed = true
	}
	return uint32(v) //nolint:gosec // It is checked.
}

// size is a length of at most so many.
func (u *unpacker) size(most uint64) uint64 {
	n := u.uint()
	if n > most || u.failed {
		u.failed = true
		return 0
	}
	return n
}

func (u *unpacker) time() int64 {
	v, n := binary.Varint(u.b)
	u.skip(n)
	return v
}

func (u *unpacker) id() uuid.UUID { return uuid.UUID(u.take(len(uuid.UUID{}))) }

func (u *unpacker) hash() uint64 { return binary.LittleEndian.Uint64(u.take(8)) }

func (u *unpacker) kind() kind {
	k := kind(u.byte())
	if k > kindArray {
		u.failed = true
		return kindNone
	}
	return k
}

func (u *unpacker) field() field {
	f := field{path: u.hash(), parent: u.hash(), kind: u.kind(), mixed: u.byte() == 1, odd: odd{slot: -1}}
	for _, n := range [...]*uint32{&f.accounts, &f.chances, &f.seen, &f.typed, &f.odd.count} {
		*n = u.small()
	}
	f.firstAt, f.lastAt = u.time(), u.time()
	if f.odd.count == 0 {
		return f
	}
	f.odd.kind, f.odd.slot = u.kind(), int(u.byte())-1
	if f.odd.slot >= mostAccounts {
		u.failed = true
	}
	f.odd.at, f.odd.lastAt, f.odd.entry, f.odd.accounts = u.time(), u.time(), u.id(), u.small()
	return f
}
