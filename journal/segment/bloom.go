package segment

import (
	"encoding/binary"
	"hash/crc32"
)

// The Bloom filter has 12 bits a word, of which each sets 8: of the words that are not in it, three in a thousand seem to
// be. These numbers are of the format.
const (
	bitsPerWord = 12
	bitsSet     = 8
	// mostWords bounds the filter at 1.5 MiB. Beyond it the filter fills up, and sees words that are not there.
	mostWords = 1 << 20
)

// wordSet collects the different words of a segment, by their hashes. It keeps its memory.
type wordSet struct {
	slots []uint32 // hashes, 0 is free
	count int
	zero  bool // the hash 0 is in the set
	full  []byte
	word  []byte
}

// reset forgets all words; how many bytes of text are to come says about how many words.
func (w *wordSet) reset(coming int) {
	size := 256
	for size < coming/32 && size < 1<<16 {
		size *= 2
	}
	if cap(w.slots) < size || cap(w.slots) > 1<<18 {
		w.slots = make([]uint32, size)
	}
	w.slots = w.slots[:size]
	clear(w.slots)
	w.count, w.zero, w.full = 0, false, nil
}

func (w *wordSet) add(hash uint32) {
	if hash == 0 {
		w.zero = true
		return
	}
	if w.full != nil {
		setBits(w.full, hash)
		return
	}
	mask := uint32(len(w.slots) - 1)
	at := hash & mask
	for w.slots[at] != 0 {
		if w.slots[at] == hash {
			return
		}
		at = (at + 1) & mask
	}
	w.slots[at] = hash
	w.count++
	if 2*w.count > len(w.slots) {
		w.grow()
	}
}

func (w *wordSet) grow() {
	if w.count >= mostWords {
		w.full = make([]byte, mostWords*bitsPerWord/8)
		w.setAll(w.full)
		return
	}
	old := w.slots
	w.slots = make([]uint32, 2*len(old))
	mask := uint32(len(w.slots) - 1)
	for _, hash := range old {
		if hash == 0 {
			continue
		}
		at := hash & mask
		for w.slots[at] != 0 {
			at = (at + 1) & mask
		}
		w.slots[at] = hash
	}
}

func (w *wordSet) setAll(filter []byte) {
	for _, hash := range w.slots {
		if hash != 0 {
			setBits(filter, hash)
		}
	}
}

// appendTo appends the filter.
func (w *wordSet) appendTo(b []byte) []byte {
	start := len(b)
	if w.full != nil {
		b = append(b, w.full...)
	} else {
		b = append(b, make([]byte, max(8, w.count*bitsPerWord/8))...)
		w.setAll(b[start:])
	}
	if w.zero {
		setBits(b[start:], 0)
	}
	return b
}

func setBits(filter []byte, hash uint32) {
	h := mix(uint64(hash) ^ 0xe7037ed1a0b428db)
	at, step, size := uint32(h), uint32(h>>32)|1, uint64(len(filter))*8
	for range bitsSet {
		bit := uint64(at) * size >> 32
		filter[bit>>3] |= 1 << (bit & 7)
		at += step
	}
}

func hasBits(filter []byte, hash uint32) bool {
	h := mix(uint64(hash) ^ 0xe7037ed1a0b428db)
	at, step, size := uint32(h), uint32(h>>32)|1, uint64(len(filter))*8
	for range bitsSet {
		bit := uint64(at) * size >> 32
		if filter[bit>>3]>>(bit&7)&1 == 0 {
			return false
		}
		at += step
	}
	return true
}

// filterOf is the Bloom filter in a segment's tokens, without checking their sum: that would take longer than looking
// up the words. ok is false for what is none.
func filterOf(tokens []byte) (filter []byte, ok bool) {
	if len(tokens) <= envelopeSize || !known(tokens[0]) {
		return nil, false
	}
	return tokens[1 : len(tokens)-crc32.Size], true
}

func appendChecksum(b []byte, column []byte) []byte {
	return append(b, column[len(column)-crc32.Size:]...)
}

// checksum ties four sealed columns together, by their own sums.
func checksum(columns ...[]byte) int64 {
	var sums [16]byte
	b := sums[:0]
	for _, column := range columns {
		b = appendChecksum(b, column)
	}
	high := mix(binary.LittleEndian.Uint64(sums[:8]) ^ 0x9e3779b97f4a7c15)
	return int64(mix(high ^ binary.LittleEndian.Uint64(sums[8:])))
}

// all is the hashes in the set.
func (w *wordSet) all() (list []uint32) {
	if w.zero {
		list = append(list, 0)
	}
	for _, hash := range w.slots {
		if hash != 0 {
			list = append(list, hash)
		}
	}
	return list
}
