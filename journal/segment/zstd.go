package segment

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxFrame bounds what a frame unpacks to. It is far above what Encode makes: see frameBytes.
	maxFrame = 64 << 20
	// window is how far back the compressor looks. A frame is seldom longer.
	window = 512 << 10
)

// newCompressor makes a compressor of one goroutine. zstd.SpeedFastest, for what arrives, takes two thirds of the time of
// zstd.SpeedDefault, for what is packed again, and 2 to 4 % more bytes. A dictionary of common headers and keys would
// save 8 % of the bodies of segments of 20 entries, which compaction merges anyway, and would be part of the format for
// good. Frames have no checksum of their own, since columns have one.
func newCompressor(level zstd.EncoderLevel) *zstd.Encoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true),
		zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
}

// decompressor is for all segments: it keeps one decoder for each processor, made when first needed.
var decompressor = sync.OnceValue(func() *zstd.Decoder {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxFrame), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return z
})

// decompress unpacks what must have n bytes, into the buffer if that is large enough.
func decompress(buffer, b []byte, n int) ([]byte, error) {
	// A block of at most 128 KiB takes at least four bytes: what claims more would only make us allocate it.
	if n > maxFrame || n > (len(b)/4+1)<<17 {
		return nil, damaged("frame", "claims an impossible size")
	}
	if cap(buffer) < n {
		buffer = make([]byte, 0, n)
	}
	out, err := decompressor().DecodeAll(b, buffer[:0])
	if err != nil || len(out) != n {
		return nil, damaged("frame", "cannot be unpacked")
	}
	return out, nil
}
