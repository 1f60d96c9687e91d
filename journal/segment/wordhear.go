package segment

// listener gives the words that a wordCoder comes by to a wordSet, so that texts need not be looked through twice. The words
// of a Bloom filter are runs of letters and digits: most are words of the dictionary, which are given once a frame.
type listener struct {
	found *wordSet // nil while nobody listens
	spans []span   // where the texts lie, in order
}

// heardRun is a run of letters and digits, and the word that it is; -1 if it is none of the dictionary.
type heardRun struct{ from, to, word int }

// listen makes the next split give what it finds in the spans, which are shifted by so many bytes, to the wordSet.
func (c *wordCoder) listen(found *wordSet, spans []span, by int) {
	c.heard.found, c.heard.spans = found, spans
	for i := range spans {
		spans[i].from += by
		spans[i].to += by
	}
}

// follow goes on from a run to what comes next, which continues it if nothing is between.
func (c *wordCoder) follow(raw []byte, run, next heardRun) heardRun {
	if run.to != next.from {
		c.hear(raw, run)
		return next
	}
	return heardRun{run.from, next.to, -1}
}

// hear takes a run that has ended.
func (c *wordCoder) hear(raw []byte, run heardRun) {
	h := &c.heard
	for len(h.spans) > 0 && run.from >= h.spans[0].to {
		h.spans = h.spans[1:]
	}
	if len(h.spans) == 0 || run.from < h.spans[0].from {
		return
	}
	if run.word >= 0 {
		c.words[run.word].alone = true
	} else if n := run.to - run.from; n >= shortestWord && n <= longestWord {
		h.found.add(hashWord(raw, run.from, n))
	}
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
