package issues

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/nodeid"
)

// What is packed is made of numbers of varying length, texts with their length before them, and ids as their 16 bytes. What
// occurs more than once stands in a list, and is named by its place there.

// errDamaged is of what was packed and cannot be read.
var errDamaged = errors.New("it cannot be read")

// mostUnpacked bounds what a row unpacks to, far above what a commit's sightings take.
const mostUnpacked = 256 << 20

var (
	packers = sync.Pool{New: func() any {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
		if err != nil {
			panic(err) // the options are constants
		}
		return z
	}}
	unpacker = sync.OnceValue(func() *zstd.Decoder {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(mostUnpacked))
		if err != nil {
			panic(err) // the options are constants
		}
		return z
	})
)

// zip appends a zstd frame.
func zip(b, raw []byte) []byte {
	z := packers.Get().(*zstd.Encoder)
	defer packers.Put(z)
	return z.EncodeAll(raw, b)
}

// numbered numbers values from 0 on, in the order in which they come.
type numbered[T comparable] struct {
	numbers map[T]uint32
	values  []T
}

func (n *numbered[T]) of(v T) uint32 {
	if at, ok := n.numbers[v]; ok {
		return at
	}
	if n.numbers == nil {
		n.numbers = map[T]uint32{}
	}
	at := uint32(len(n.values)) //nolint:gosec // As many as there are sightings.
	n.numbers[v] = at
	n.values = append(n.values, v)
	return at
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendIDs(b []byte, ids []uuid.UUID) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	for i := range ids {
		b = append(b, ids[i][:]...)
	}
	return b
}

// appendKey writes a key, whose integration has a number.
func appendKey(b []byte, k *Key, integration uint32) []byte {
	b = appendText(b, clean(string(k.Category)))
	b = binary.AppendUvarint(b, uint64(integration))
	return appendText(appendText(b, clean(k.Cause)), clean(k.Scope))
}

// clean makes a text one that PostgreSQL keeps.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "") }

// The apps of those whom a problem hits: none, that which follows from customer and integration, or one of a list.
const (
	noApp = iota
	impliedApp
	listedApp
)

// appNumber is how an app is written.
func appNumber(w whom, integration uuid.UUID, apps *numbered[uuid.UUID]) uint32 {
	switch w.app {
	case uuid.Nil:
		return noApp
	case nodeid.ImpliedApp(w.customer, integration):
		return impliedApp
	}
	return listedApp + apps.of(w.app)
}

// unpacking reads from front to back. After the first read that goes wrong all others give zeros, and bad says so.
type unpacking struct {
	rest []byte
	bad  bool
}

func (u *unpacking) fail() { u.rest, u.bad = nil, true }

func (u *unpacking) number() uint64 {
	if len(u.rest) > 0 && u.rest[0] < 0x80 { // as most are
		v := uint64(u.rest[0])
		u.rest = u.rest[1:]
		return v
	}
	v, n := binary.Uvarint(u.rest)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.rest = u.rest[n:]
	return v
}

func (u *unpacking) signed() int64 {
	v := u.number()
	return int64(v>>1) ^ -int64(v&1) //nolint:gosec // zigzag
}

// small reads a number that has 32 bits at most.
func (u *unpacking) small() uint32 {
	v := u.number()
	if v > math.MaxUint32 {
		u.fail()
		return 0
	}
	return uint32(v)
}

// length reads how many things of at least one byte follow.
func (u *unpacking) length() int {
	v := u.number()
	if v > uint64(len(u.rest)) {
		u.fail()
		return 0
	}
	return int(v) //nolint:gosec // Checked above.
}

func (u *unpacking) take(n int) []byte {
	if n > len(u.rest) {
		u.fail()
		return nil
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b
}

func (u *unpacking) text() string { return string(u.take(u.length())) }

func (u *unpacking) id() (id uuid.UUID) {
	copy(id[:], u.take(len(id)))
	return id
}

func (u *unpacking) ids() []uuid.UUID {
	n := u.length()
	if n*len(uuid.UUID{}) > len(u.rest) {
		u.fail()
		return nil
	}
	list := make([]uuid.UUID, n)
	for i := range list {
		list[i] = u.id()
	}
	return list
}

func (u *unpacking) fraction() float64 {
	b := u.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func appendFraction(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}

// one reads a number that is the place of a value in a list.
func one[T any](u *unpacking, list []T) (v T) {
	at := u.number()
	if at >= uint64(len(list)) {
		u.fail()
		return v
	}
	return list[at]
}

func (u *unpacking) key(integrations []uuid.UUID) Key {
	k := Key{Category: diagnostics.Category(u.text())}
	k.IntegrationID = one(u, integrations)
	k.Cause, k.Scope = u.text(), u.text()
	return k
}

// app reads what appNumber wrote of a customer's app.
func (u *unpacking) app(customer, integration uuid.UUID, apps []uuid.UUID) uuid.UUID {
	switch n := u.number(); {
	case n == noApp:
		return uuid.Nil
	case n == impliedApp:
		return nodeid.ImpliedApp(customer, integration)
	case n-listedApp < uint64(len(apps)):
		return apps[n-listedApp]
	}
	u.fail()
	return uuid.Nil
}

func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
