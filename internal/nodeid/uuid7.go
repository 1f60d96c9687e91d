package nodeid

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Maker makes UUIDv7s whose order within one microsecond is the order in which they were made by this process, and
// which do not collide with those of other processes. It is safe for concurrent use.
type Maker struct {
	counter atomic.Uint32
	node    uint64
}

const (
	counterBits = 28
	nodeBits    = 34
)

// NewMaker makes a Maker. One for the process is enough.
func NewMaker() *Maker {
	var random [12]byte
	// The reader never fails: it ends the process instead.
	_, _ = rand.Read(random[:])
	m := &Maker{node: binary.BigEndian.Uint64(random[:8]) >> (64 - nodeBits)}
	m.counter.Store(binary.BigEndian.Uint32(random[8:]))
	return m
}

var process = NewMaker()

// New makes a UUIDv7 of the time, cut to the microsecond.
func New(at time.Time) uuid.UUID { return process.New(at) }

// New makes a UUIDv7 of the time, cut to the microsecond: 48 bits of milliseconds, 12 of the fraction, then a counter
// of 28 bits that begins anywhere and keeps ids of one microsecond in order, then 34 random bits of the process. These
// are the same in all its ids (RFC 9562, section 6.4), so that they take no room where many are stored together.
func (m *Maker) New(at time.Time) uuid.UUID {
	counter := uint64(m.counter.Add(1)) & (1<<counterBits - 1)
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], timeBits(at.UnixMicro()))
	binary.BigEndian.PutUint64(id[8:], 1<<63|counter<<nodeBits|m.node)
	return id
}

func timeBits(micros int64) uint64 {
	millis, fraction := uint64(micros/1000), uint64(micros%1000)
	// Rounded up, so that reading it back, rounded down, gives the same microsecond.
	scaled := (fraction*4096 + 999) / 1000
	return millis<<16 | 7<<12 | scaled
}

// Micros reads the time of a UUIDv7 that New made, in microseconds since 1970.
func Micros(id uuid.UUID) int64 {
	hi := binary.BigEndian.Uint64(id[:8])
	return int64(hi>>16)*1000 + int64(hi&0xfff)*1000/4096
}

// Time reads the time of a UUIDv7 that New made.
func Time(id uuid.UUID) time.Time { return time.UnixMicro(Micros(id)).UTC() }

// First is the smallest id that New can make of the time: a bound for ranges.
func First(at time.Time) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], timeBits(at.UnixMicro()))
	id[8] = 0x80
	return id
}
