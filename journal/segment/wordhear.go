package segment

import "math"

// listener gives the words that a wordCoder comes by to a wordSet, so that texts need not be looked through twice. The words
// of a Bloom filter are runs of letters and digits: most are words of the dictionary, which are given once a frame.
type listener struct {
	found *wordSet // nil while nobody listens
	spans []span   // where the texts lie, in order
}

// listen makes the next split give what it finds in the spans, which are shifted by so many bytes, to the wordSet.
func (c *wordCoder) listen(found *wordSet, spans []span, by int) {
	c.heard.found, c.heard.spans = found, spans
	for i := range spans {
		spans[i].from += by
		spans[i].to += by
	}
}

// next is the span that a run at this place, or behind it, may lie in. It lies behind everything when there is none.
func (h *listener) next(at int) span {
	for len(h.spans) > 0 && at >= h.spans[0].to {
		h.spans = h.spans[1:]
	}
	if len(h.spans) == 0 {
		return span{math.MaxInt, math.MaxInt}
	}
	return h.spans[0]
}

// end gives the words of the dictionary that stood alone, and listens no more.
func (h *listener) end(words []codedWord) {
	if h.found != nil {
		for i := range words {
			if w := &words[i]; w.alone {
				h.found.add(hashLetters(w.low, w.high, int(w.n)))
			}
		}
	}
	*h = listener{}
}
