package statistics

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/klauspost/compress/fse"
	"github.com/klauspost/compress/zstd"
)

// A column is packed by itself: its length unpacked with the way in the lowest two bits, then the bytes. Numbers of one
// column are alike, and codes of their own serve them better than codes for all columns together.
const (
	asIs    = iota // the bytes themselves, of a short column
	repeats        // one byte that all are
	coded          // a length, and that many bytes of finite state entropy
	zipped         // a length, and a zstd frame of that many bytes, for what is larger
)

const (
	// shortColumn is up to how many bytes a table of codes costs more than it saves.
	shortColumn = 64
	// mostCoded is how many bytes are coded at once.
	mostCoded = 256 << 10
	// mostBytes bounds what a row unpacks to.
	mostBytes = 64 << 20
)

var compressor = sync.Pool{New: func() any {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
}}

var decompressor = sync.OnceValue(func() *zstd.Decoder {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(mostBytes))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
})

var scratches = sync.Pool{New: func() any { return &fse.Scratch{} }}

// appendZstd appends a zstd frame with its length before it.
func appendZstd(b, raw []byte) []byte {
	z := compressor.Get().(*zstd.Encoder)
	defer compressor.Put(z)
	return appendBytes(b, z.EncodeAll(raw, nil))
}

func appendBytes[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendColumn packs a column. One that is all zero has no length.
func appendColumn(b, column []byte) []byte {
	same := true
	for _, v := range column {
		same = same && v == column[0]
	}
	size := uint64(len(column)) << 2
	switch {
	case len(column) == 0 || same && column[0] == 0:
		return append(b, 0)
	case same:
		return append(binary.AppendUvarint(b, size|repeats), column[0])
	case len(column) > mostCoded:
		return appendZstd(binary.AppendUvarint(b, size|zipped), column)
	case len(column) > shortColumn:
		s := scratches.Get().(*fse.Scratch)
		defer scratches.Put(s)
		if packed, err := fse.Compress(column, s); err == nil && len(packed) < len(column) {
			return appendBytes(binary.AppendUvarint(b, size|coded), packed)
		}
	}
	return append(binary.AppendUvarint(b, size), column...) // as it is
}

// column gives the bytes of a column; ok is false for one that is all zero.
func (r *reader) column() (column reader, ok bool) {
	if r.version == 1 {
		size := r.count()
		return reader{rest: r.take(size)}, size > 0 && !r.bad
	}
	v := r.uvarint()
	size := v >> 2
	if size == 0 || size > mostBytes {
		if v != 0 {
			r.fail()
		}
		return reader{}, false
	}
	column.rest = r.unpacked(int(size), v&3) //nolint:gosec // At most mostBytes.
	if len(column.rest) != int(size) {       //nolint:gosec // As above.
		r.fail()
	}
	return column, !r.bad
}

// skip passes over columns, packed as they are.
func (r *reader) skip(columns int) {
	for range columns {
		v := r.uvarint()
		switch size := v >> 2; {
		case size == 0 && v == 0:
		case size == 0 || size > mostBytes:
			r.fail()
		case v&3 == asIs:
			r.take(int(size)) //nolint:gosec // At most mostBytes.
		case v&3 == repeats:
			r.take(1)
		default:
			r.take(r.count())
		}
	}
}

func (r *reader) unpacked(size int, way uint64) []byte {
	switch way {
	case asIs:
		return r.take(size)
	case repeats:
		value := r.take(1)
		if r.bad {
			return nil
		}
		column := make([]byte, size)
		for i := range column {
			column[i] = value[0]
		}
		return column
	case zipped:
		return r.zstd()
	}
	packed := r.take(r.count())
	if r.bad || size > mostCoded {
		r.fail()
		return nil
	}
	s := scratches.Get().(*fse.Scratch)
	defer scratches.Put(s)
	s.DecompressLimit = size
	raw, err := fse.Decompress(packed, s)
	if err != nil {
		r.fail()
		return nil
	}
	return slices.Clone(raw)
}

// zstd reads a zstd frame with its length before it.
func (r *reader) zstd() []byte {
	raw, err := decompressor().DecodeAll(r.take(r.count()), nil)
	if err != nil {
		r.fail()
	}
	return raw
}
