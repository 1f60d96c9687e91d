package segment

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

// frameBytes is at what unpacked size a frame is cut, whatever its entries are: large bodies would make reading a single
// one slow.
const frameBytes = 512 << 10

// evenly is how many of n entries each frame gets when none may have more than most: a small one at the end would find
// little to share.
func evenly(n, most int) int {
	count := (n + most - 1) / most
	return (n + count - 1) / count
}

// framesWriter puts compressed frames of entries together. A column of frames is how many entries it has, how many
// frames, of each how many entries, its packed and its unpacked size, and the frames.
type framesWriter struct {
	z *zstd.Encoder
	// words takes frames apart before they are compressed; nil is for frames that are read too often, or hold few texts.
	words *wordCoder
	// Both forms are tried now and then, and the frames between take the one that was better last.
	plain bool // that was compressing the frame as a whole
	// left is how many frames are packed before the next trial, and pause how many there were to be after the last.
	left, pause int

	table  []byte
	packed []byte
	count  int
	over   bool // a frame is larger than a reader takes
	// unpacked is how many bytes all frames were.
	unpacked int
}

func (w *framesWriter) reset() {
	w.table, w.packed, w.count, w.over, w.unpacked = w.table[:0], w.packed[:0], 0, false, 0
}

// What a packed frame begins with, since version 3.
const (
	formEither     = iota // none: of a frame that is still to be packed
	formCompressed        // it is compressed as a whole
	formWords             // a wordCoder took it apart, and it is compressed by streams
)

const (
	// Frames smaller than leastSplit share few words, for more time, and are soon merged; those larger than mostSplit would
	// make the buffers large.
	leastSplit, mostSplit = 64 << 10, 4 << 20
	// Both forms are tried again after trialSoon frames, and after twice as many as the last time, up to trialLate, each time
	// that the answer was the same: a trial costs three times what a frame does.
	trialSoon, trialLate = 16, 256
	// worthwhile is the part of the size that words must save, 1 of so many: taking apart and putting together takes time.
	worthwhile = 25
)

// choose is the form that suits a frame of about so many bytes, or suited the ones before it; formEither is to be tried.
func (w *framesWriter) choose(size int) int {
	if w.words == nil || size < leastSplit || size > mostSplit {
		return formCompressed
	}
	if w.left == 0 {
		return formEither
	}
	w.left--
	if w.plain {
		return formCompressed
	}
	return formWords
}

// add packs a frame in a form; one that does not get smaller is kept as it is.
func (w *framesWriter) add(raw []byte, entries, form int) {
	w.over, w.unpacked = w.over || len(raw) > maxFrame, w.unpacked+len(raw)
	start := len(w.packed)
	switch form {
	case formCompressed:
		w.addCompressed(raw)
	case formWords:
		w.addWords(raw)
	default:
		w.addShorter(raw)
	}
	if len(w.packed)-start >= len(raw) {
		w.packed = append(w.packed[:start], raw...)
	}
	w.table = binary.AppendUvarint(w.table, uint64(entries))
	w.table = binary.AppendUvarint(w.table, uint64(len(w.packed)-start))
	w.table = binary.AppendUvarint(w.table, uint64(len(raw)))
	w.count++
}

func (w *framesWriter) addCompressed(raw []byte) {
	w.packed = w.z.EncodeAll(raw, append(w.packed, formCompressed))
}

func (w *framesWriter) addWords(raw []byte) {
	w.words.split(raw)
	w.packed = w.words.appendPacked(append(w.packed, formWords), w.z)
}

// addShorter tries both forms, and remembers which was better.
func (w *framesWriter) addShorter(raw []byte) {
	start := len(w.packed)
	w.addWords(raw)
	middle := len(w.packed)
	w.addCompressed(raw)
	bySplit, asWhole := middle-start, len(w.packed)-middle
	plain := bySplit > asWhole-asWhole/worthwhile
	if w.pause == 0 || plain != w.plain {
		w.pause = trialSoon
	} else {
		w.pause = min(2*w.pause, trialLate)
	}
	w.plain, w.left = plain, w.pause
	if plain {
		w.packed = append(w.packed[:start], w.packed[middle:]...)
	} else {
		w.packed = w.packed[:middle]
	}
}

func (w *framesWriter) appendTo(b []byte, entries int) []byte {
	b = binary.AppendUvarint(b, uint64(entries))
	b = binary.AppendUvarint(b, uint64(w.count))
	b = append(b, w.table...)
	return append(b, w.packed...)
}

// frame is where a frame is.
type frame struct {
	first, entries int
	packed         []byte
	size           int
	// formless tells that it is of a version in which all packed frames are compressed as a whole.
	formless bool
}

// frames is a column of frames, none of them unpacked.
type frames struct {
	n    int
	list []frame
}

func readFrames(c cursor) (f frames, ok bool) {
	f.n = c.count(MaxEntries)
	f.list = make([]frame, c.count(f.n))
	entries := 0
	sizes := make([]int, len(f.list))
	for i := range f.list {
		f.list[i] = frame{first: entries, entries: c.count(f.n - entries), formless: c.version < 3}
		entries += f.list[i].entries
		sizes[i], f.list[i].size = c.count(len(c.rest)), c.count(maxFrame)
		c.bad = c.bad || f.list[i].entries == 0
	}
	for i := range f.list {
		f.list[i].packed = c.take(sizes[i])
	}
	return f, !c.bad && entries == f.n && f.n > 0 && len(c.rest) == 0
}

// of is the number of the frame that holds an entry.
func (f *frames) of(i int) int {
	for n := range f.list {
		if i < f.list[n].first+f.list[n].entries {
			return n
		}
	}
	return len(f.list) - 1
}

func (f *frame) isPacked() bool { return f.size != len(f.packed) }

// unpack gives the frame's bytes, which are in the buffer if it is large enough and the frame was packed.
func (f *frame) unpack(buffer []byte) ([]byte, error) {
	if !f.isPacked() {
		return f.packed, nil
	}
	if f.formless {
		return decompress(buffer, f.packed, f.size)
	}
	if len(f.packed) == 0 || f.size > maxFrame {
		return nil, damaged("frame", "claims an impossible size")
	}
	switch f.packed[0] {
	case formCompressed:
		return decompress(buffer, f.packed[1:], f.size)
	case formWords:
		return joinWords(buffer, f.packed[1:], f.size)
	}
	return nil, damaged("frame", "is of an unknown form")
}
