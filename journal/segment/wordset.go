package segment

import (
	"math/bits"
	"slices"
)

// wordSet collects the different words of a segment, by their hashes. It keeps its memory.
//
// Whether a word is new takes a look into a table that is far larger than the processor's nearest memory, and cannot be
// predicted. So words wait until there are many, and are looked up in the order of the table.
type wordSet struct {
	waiting []uint32 // hashes that were added, of which n are to be looked up
	n       int
	ordered []uint32 // the same, sorted by their highest bits

	slots []uint32 // different hashes by their highest bits, 0 is free
	list  []uint32 // the same, one after the other
	zero  bool     // the hash 0 is in the set
	full  []byte   // the filter, once there are too many words to keep
	word  []byte
}

const (
	// leastWaiting is enough for a search, and mostWaiting for most segments; what is looked up at once is 64 KiB.
	leastWaiting, mostWaiting = 64, 16 << 10
	// orderedBits is by how many bits the hashes are sorted before they are looked up.
	orderedBits = 8
	// keptSlots is how many slots are kept for the next segment.
	keptSlots = 1 << 18
)

// reset forgets all words.
func (w *wordSet) reset() {
	if cap(w.slots) > keptSlots {
		w.slots, w.list = nil, nil
	}
	w.n, w.slots, w.list, w.zero, w.full = 0, w.slots[:0], w.list[:0], false, nil
}

// add takes a word, which may be in the set.
func (w *wordSet) add(hash uint32) {
	if w.n == len(w.waiting) {
		w.makeRoom()
	}
	w.waiting[w.n] = hash
	w.n++
}

func (w *wordSet) makeRoom() {
	if size := len(w.waiting); size < mostWaiting {
		waiting := make([]uint32, max(leastWaiting, 4*size))
		copy(waiting, w.waiting)
		w.waiting = waiting
		return
	}
	w.settle()
}

// settle looks up the words that wait.
func (w *wordSet) settle() {
	waiting := w.order()
	w.n = 0
	if w.full == nil {
		w.grow(len(w.list) + len(waiting))
		w.insert(waiting)
		if len(w.list) <= mostWords {
			return
		}
		w.full = make([]byte, mostWords*bitsPerWord/8)
		waiting = w.list
	}
	for _, hash := range waiting {
		setBits(w.full, hash)
	}
}

// order is the hashes that wait, sorted by their highest bits.
func (w *wordSet) order() []uint32 {
	var next [1 << orderedBits]uint32
	waiting := w.waiting[:w.n]
	for _, hash := range waiting {
		next[hash>>(32-orderedBits)]++
	}
	sum := uint32(0)
	for i := range next {
		next[i], sum = sum, sum+next[i]
	}
	w.ordered = room(w.ordered, len(waiting))
	for _, hash := range waiting {
		at := &next[hash>>(32-orderedBits)]
		w.ordered[*at] = hash
		*at++
	}
	return w.ordered
}

// grow makes the table large enough for so many words. It is never more than half full.
func (w *wordSet) grow(words int) {
	if 2*words <= len(w.slots) {
		return
	}
	size := max(256, len(w.slots))
	for size < 2*words {
		size *= 2
	}
	if cap(w.slots) < size {
		w.slots = make([]uint32, size)
	} else {
		w.slots = w.slots[:size]
		clear(w.slots)
	}
	known := w.list
	w.list = w.list[:0]
	w.insert(known)
}

// insert adds the hashes that are not in the table.
func (w *wordSet) insert(hashes []uint32) {
	mask := uint32(len(w.slots) - 1)
	shift := bits.LeadingZeros32(mask)
	n := len(w.list)
	w.list = slices.Grow(w.list, len(hashes))[:n+len(hashes)]
	for _, hash := range hashes {
		if hash == 0 {
			w.zero = true
			continue
		}
		at := hash >> shift
		for w.slots[at] != 0 && w.slots[at] != hash {
			at = (at + 1) & mask
		}
		// The word is written in any case, so that nothing is to be predicted, and counted when it is new.
		fresh := 0
		if w.slots[at] == 0 {
			fresh = 1
		}
		w.slots[at] = hash
		w.list[n] = hash
		n += fresh
	}
	w.list = w.list[:n]
}

// appendTo appends the filter.
func (w *wordSet) appendTo(b []byte) []byte {
	w.settle()
	start := len(b)
	if w.full != nil {
		b = append(b, w.full...)
	} else {
		b = append(b, make([]byte, max(8, len(w.list)*bitsPerWord/8))...)
		for _, hash := range w.list {
			setBits(b[start:], hash)
		}
	}
	if w.zero {
		setBits(b[start:], 0)
	}
	return b
}

// all is the hashes in the set.
func (w *wordSet) all() (list []uint32) {
	w.settle()
	if w.zero {
		list = append(list, 0)
	}
	return append(list, w.list...)
}
