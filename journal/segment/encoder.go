package segment

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir/journal/entry"
)

// Encoder packs entries into segments. It keeps its buffers from one segment to the next, some MiB; it is not for
// concurrent use.
type Encoder struct {
	head  headWriter
	list  listWriter
	body  bodyWriter
	words wordSet
	b     []byte
}

// NewEncoder makes an Encoder. Keep it: making one costs more than encoding a small segment.
func NewEncoder() *Encoder { return newEncoder(newCompressor(zstd.SpeedFastest)) }

func newEncoder(z *zstd.Encoder) *Encoder {
	e := &Encoder{}
	e.list.frames.z = z
	e.body.frames = framesWriter{z: z, words: &wordCoder{}}
	return e
}

// Encode packs 1 to MaxEntries entries, of one tenant and one UTC day and sorted by ID, into a segment. The result owns
// its bytes. A nil Detail is stored like an empty one. It fails only when entries are none, too many, not sorted, or
// when one is larger than 64 MiB.
func (e *Encoder) Encode(entries []*entry.Entry) (Encoded, error) {
	if len(entries) == 0 || len(entries) > MaxEntries {
		return Encoded{}, fmt.Errorf("encode segment: %d entries, but 1 to %d are possible", len(entries), MaxEntries)
	}
	enc, err := summarize(entries)
	if err != nil {
		return Encoded{}, err
	}
	e.words.reset()
	for _, it := range entries {
		e.words.addList(it)
	}
	e.b = e.b[:0]
	body := e.column(func(b []byte) []byte { return e.body.write(b, entries, &e.words) })
	head := e.column(func(b []byte) []byte { return e.head.write(b, entries) })
	list := e.column(func(b []byte) []byte { return e.list.write(b, entries) })
	tokens := e.column(e.words.appendTo)
	size := e.body.frames.unpacked + e.list.frames.unpacked
	if e.body.frames.over || e.list.frames.over {
		e.forget(size)
		return Encoded{}, fmt.Errorf("encode segment: an entry is larger than %d bytes", maxFrame)
	}
	// One piece of memory for all four: they are written, and let go of, together.
	b := bytes.Clone(e.b)
	enc.Body, enc.Head, enc.List, enc.Tokens = body.of(b), head.of(b), list.of(b), tokens.of(b)
	enc.Format = Format
	enc.Checksum = checksum(enc.Head, enc.List, enc.Tokens, enc.Body)
	e.forget(size)
	return enc, nil
}

// keptBuffers is for how large a segment, unpacked, buffers are kept.
const keptBuffers = 8 << 20

// forget lets go of the entries' strings, which may point into a whole request, and of what one large segment needed and
// the next will not.
func (e *Encoder) forget(size int) {
	e.head.forget()
	e.list.forget()
	e.body.forget()
	if size > keptBuffers {
		*e = *newEncoder(e.body.frames.z)
	}
}

// column appends a column to e.b, and tells where it is.
func (e *Encoder) column(write func([]byte) []byte) span {
	from := len(e.b)
	e.b = seal(write(begin(e.b)), from)
	return span{from, len(e.b)}
}

// of is the bytes of the span, behind which nothing can be appended.
func (s span) of(b []byte) []byte { return b[s.from:s.to:s.to] }

// summarize fills in what SQL skips segments by.
func summarize(entries []*entry.Entry) (Encoded, error) {
	first, last := entries[0], entries[len(entries)-1]
	enc := Encoded{
		FirstMicros: first.Micros(), LastMicros: last.Micros(),
		FirstID: first.ID, LastID: last.ID, Entries: len(entries),
	}
	for i, it := range entries {
		if i > 0 && bytes.Compare(entries[i-1].ID[:], it.ID[:]) > 0 {
			return Encoded{}, fmt.Errorf("encode segment: entry %d is not sorted by id", i)
		}
		enc.Kinds |= KindBit(it.Kind)
		enc.Statuses |= StatusBit(it.Status)
		enc.Customers |= HashBit(it.CustomerID)
		enc.Integrations |= HashBit(it.IntegrationID)
		if it.Status == entry.StatusFailure {
			enc.Failures++
		}
	}
	return enc, nil
}
