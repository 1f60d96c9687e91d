package statistics

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
)

// Row is packed cells of one UTC day, by ascending minute.
type Row struct {
	// Day counts from 1970, and so do the minutes of the first and the last cell.
	Day, FirstMinute, LastMinute int64
	Packed                       []byte
}

const minutesOfDay = 24 * 60

// A packed row is a byte that says the version of the format, and a zstd frame. In it: how many cells there are, the first
// minute, the values that are numbered (customers, integrations, connected apps, flows, calls, errors, transfers), and the
// columns, each with its length before it: nothing for one that is all zero, else a number a cell.
const (
	version = 1
	// mostBytes bounds what a row unpacks to.
	mostBytes = 64 << 20
)

// ErrDamaged is of a row that cannot be read.
var ErrDamaged = errors.New("packed statistics cannot be read")

var compressor = sync.Pool{New: func() any {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))
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

// pack packs sorted cells of one day.
func (c *Collector) pack(cells []counted) []byte {
	b := binary.AppendUvarint(nil, uint64(len(cells)))
	b = binary.AppendVarint(b, cells[0].minute)
	for _, ids := range [...][]uuid.UUID{c.customers.values, c.integrations.values, c.apps.values, c.flows.values} {
		b = binary.AppendUvarint(b, uint64(len(ids)))
		for i := range ids {
			b = append(b, ids[i][:]...)
		}
	}
	b = c.packTexts(b)
	minute := cells[0].minute
	for _, column := range [...]func(to []byte, cell *counted) []byte{
		func(to []byte, cell *counted) []byte {
			to = binary.AppendUvarint(to, uint64(cell.minute-minute)) //nolint:gosec // They ascend.
			minute = cell.minute
			return to
		},
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.form)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.customer)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.integration)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.app)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.flow)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.call)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.code)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.fault)) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.transfer)) },
		func(to []byte, cell *counted) []byte { return binary.AppendVarint(to, cell.count-1) },
		func(to []byte, cell *counted) []byte { return binary.AppendUvarint(to, uint64(cell.bins())) },
		appendBins,
		appendBinCounts,
	} {
		b = appendColumn(b, cells, column)
	}
	z := compressor.Get().(*zstd.Encoder)
	defer compressor.Put(z)
	return z.EncodeAll(b, []byte{version})
}

func (c *Collector) packTexts(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(c.calls.values)))
	for _, v := range c.calls.values {
		b = appendText(appendText(b, v.Method), v.Endpoint)
	}
	b = binary.AppendUvarint(b, uint64(len(c.errors.values)))
	for _, v := range c.errors.values {
		b = appendText(binary.AppendUvarint(b, uint64(v.Kind)), v.Code)
	}
	b = binary.AppendUvarint(b, uint64(len(c.transfers.values)))
	for _, v := range c.transfers.values {
		b = appendText(appendText(appendText(b, v.From), v.To), v.Operation)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendColumn appends a column. A first byte of zero for its length says that all of it is zero.
func appendColumn(b []byte, cells []counted, of func([]byte, *counted) []byte) []byte {
	column := make([]byte, 0, 2*len(cells))
	for i := range cells {
		column = of(column, &cells[i])
	}
	zero := true
	for _, v := range column {
		zero = zero && v == 0
	}
	if zero {
		column = nil
	}
	return append(binary.AppendUvarint(b, uint64(len(column))), column...)
}

func (c *counted) bins() int {
	if c.first.Count == 0 && len(c.more) == 0 {
		return 0
	}
	return 1 + len(c.more)
}

func appendBins(to []byte, c *counted) []byte {
	if c.bins() == 0 {
		return to
	}
	to = binary.AppendUvarint(to, uint64(c.first.Bin)) //nolint:gosec // Bins count from 1.
	for _, b := range c.more {
		to = binary.AppendUvarint(to, uint64(b.Bin)) //nolint:gosec // As above.
	}
	return to
}

func appendBinCounts(to []byte, c *counted) []byte {
	if c.bins() == 0 {
		return to
	}
	to = binary.AppendVarint(to, c.first.Count-1)
	for _, b := range c.more {
		to = binary.AppendVarint(to, b.Count-1)
	}
	return to
}
