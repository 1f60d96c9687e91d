package simulate

import (
	"strings"
	"sync"
)

const (
	vocabularyBits = 17
	vocabularySize = 16000
)

// lexicon is 16,000 words and a table of 2^17 places, each word on as many as Zipf's law gives it, so
// that a word is drawn by one lookup. Both are kept small: drawing words is most of the work of a
// corpus, and it is bound by the processor's caches.
type lexicon struct {
	places []uint16
	words  []string
}

// newLexicon makes the words; the most frequent are real, the others pronounceable.
var newLexicon = sync.OnceValue(func() *lexicon {
	const places = 1 << vocabularyBits
	var text strings.Builder
	ends := make([]int, vocabularySize)
	for rank := range ends {
		if rank < len(businessWords) {
			text.WriteString(businessWords[rank])
		} else {
			text.WriteString(invented(rank))
		}
		ends[rank] = text.Len()
	}
	z := newZipf(vocabularySize, 0.95)
	l := &lexicon{places: make([]uint16, 0, places), words: make([]string, vocabularySize)}
	from := 0
	for rank, cumulative := range z {
		l.words[rank] = text.String()[from:ends[rank]]
		from = ends[rank]
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

func (l *lexicon) word(r *random) string {
	return l.words[l.places[r.next()>>(64-vocabularyBits)]]
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
