package simulate

import "sync"

const (
	vocabularyBits = 16
	vocabularySize = 16000
	drawsPerRandom = 64 / vocabularyBits
)

// spelled is a word in a fixed width, its length in the last byte, so that it is appended by one copy
// of a constant size.
type spelled [16]byte

// lexicon is 16,000 words and a table of 2^16 places, each word on as many as Zipf's law gives it, so
// that a word is drawn by one lookup. Both are kept small: drawing words is most of the work of a
// corpus, and it is bound by the processor's caches.
type lexicon struct {
	places []uint16
	words  []spelled
}

// newLexicon makes the words; the most frequent are real, the others pronounceable.
var newLexicon = sync.OnceValue(func() *lexicon {
	const places = 1 << vocabularyBits
	z := newZipf(vocabularySize, 0.95)
	l := &lexicon{places: make([]uint16, 0, places), words: make([]spelled, vocabularySize)}
	for rank, cumulative := range z {
		word := invented(rank)
		if rank < len(businessWords) {
			word = businessWords[rank]
		}
		w := &l.words[rank]
		w[len(w)-1] = byte(copy(w[:len(w)-1], word))
		// Every word has a place, however rare.
		until := max(int(cumulative/z[len(z)-1]*places), len(l.places)+1)
		for len(l.places) < min(until, places) {
			l.places = append(l.places, uint16(rank))
		}
	}
	for len(l.places) < places {
		l.places = append(l.places, 0)
	}
	return l
})

// append writes n words with blanks between them.
func (l *lexicon) append(b []byte, r *random, n int) []byte {
	var draw uint64
	for i := range n {
		if i%drawsPerRandom == 0 {
			draw = r.next()
		}
		if i > 0 {
			b = append(b, ' ')
		}
		w := &l.words[l.places[draw&(1<<vocabularyBits-1)]]
		draw >>= vocabularyBits
		end := len(b) + int(w[len(w)-1])
		b = append(b, w[:]...)[:end]
	}
	return b
}

var (
	onsets = [...]string{"b", "br", "c", "ch", "d", "dr", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v", "w", "z"}
	nuclei = [...]string{"a", "e", "i", "o", "u", "ai", "ea", "io"}
	codas  = [...]string{"", "l", "n", "r", "s", "t", "nd", "rk"}
)

// invented spells a number as two or three syllables; different numbers give different words.
func invented(n int) string {
	syllable := func(k int) string {
		return onsets[k%len(onsets)] + nuclei[k/len(onsets)%len(nuclei)] + codas[k/len(onsets)/len(nuclei)%len(codas)]
	}
	const all = len(onsets) * len(nuclei) * len(codas)
	return syllable(n*37%all) + syllable((n/all+n*11)%all)
}
