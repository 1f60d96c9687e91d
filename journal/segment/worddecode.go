package segment

import "sync"

// wordJoiner puts frames together again that a wordCoder took apart. It keeps its buffers.
type wordJoiner struct {
	words   []joinedWord
	streams [wordStreams][]byte
}

// joinedWord is a word of the dictionary.
type joinedWord struct {
	letters [longestCoded]byte
	n       int
}

var joiners = sync.Pool{New: func() any { return new(wordJoiner) }}

// joinWords unpacks a frame of n bytes that a wordCoder packed, into the buffer if that is large enough.
func joinWords(buffer, b []byte, n int) ([]byte, error) {
	j := joiners.Get().(*wordJoiner)
	defer joiners.Put(j)
	if err := j.open(b); err != nil {
		return nil, err
	}
	// A byte of the text is at most a word and a space: what claims more would only make us allocate it.
	if n > len(j.streams[0])*(longestCoded+1) {
		return nil, damaged("frame", "claims an impossible size")
	}
	// Words are copied by their longest length, so there is some room behind the last one.
	if cap(buffer) < n+longestCoded {
		buffer = make([]byte, n+longestCoded)
	}
	out := buffer[:n+longestCoded]
	if !j.join(out, n) {
		return nil, damaged("frame", "has words that cannot be read")
	}
	return out[:n], nil
}

// open unpacks the streams and reads the dictionary.
func (j *wordJoiner) open(b []byte) (err error) {
	c := cursor{rest: b}
	var packed, sizes [wordStreams]int
	for i := range packed {
		packed[i], sizes[i] = c.count(len(b)), c.count(maxFrame)
	}
	for i := range packed {
		stream := c.take(packed[i])
		if c.bad {
			return damaged("frame", "is cut off")
		}
		if packed[i] == sizes[i] {
			j.streams[i] = append(j.streams[i][:0], stream...)
		} else if j.streams[i], err = decompress(j.streams[i], stream, sizes[i]); err != nil {
			return err
		}
	}
	if len(c.rest) > 0 || !j.readDictionary() {
		return damaged("frame", "has a dictionary that cannot be read")
	}
	return nil
}

func (j *wordJoiner) readDictionary() bool {
	c := cursor{rest: j.streams[3]}
	n := c.count(min(mostCoded, len(c.rest)))
	j.words = j.words[:0]
	var before joinedWord
	b := c.rest
	for range n {
		if len(b) == 0 || int(b[0]) > before.n {
			return false
		}
		w := before
		w.n = int(b[0])
		for b = b[1:]; len(b) > 0 && coderClasses[b[0]] == coderLetter; b = b[1:] {
			if w.n == longestCoded {
				return false
			}
			w.letters[w.n] = b[0]
			w.n++
		}
		j.words = append(j.words, w)
		before = w
	}
	return !c.bad && len(b) == 0
}

// join writes n bytes to out, which has longestCoded more, and tells whether the streams held so many, no more and no less.
func (j *wordJoiner) join(out []byte, n int) bool {
	text, second, digits := j.streams[0], j.streams[1], j.streams[2]
	at, afterWord := 0, false
	for i := 0; i < len(text); i++ {
		b := text[i]
		if at >= n {
			return false
		}
		if b < firstWord {
			out[at] = b
			at++
			afterWord = false
			continue
		}
		if b < firstRun {
			number := int(b) - firstWord
			if b >= firstLead {
				if len(second) == 0 {
					return false
				}
				number = shortCodes + (int(b)-firstLead)<<8 + int(second[0])
				second = second[1:]
			}
			if number >= len(j.words) {
				return false
			}
			if afterWord {
				out[at] = ' '
				at++
			}
			w := &j.words[number]
			if at+w.n > n {
				return false
			}
			copy(out[at:at+longestCoded], w.letters[:])
			at += w.n
			afterWord = true
			continue
		}
		afterWord = false
		if b < escapeByte {
			run := int(b) - firstRun + shortestRun
			if run > len(digits) || at+run > n {
				return false
			}
			copy(out[at:], digits[:run])
			digits = digits[run:]
			at += run
			continue
		}
		if i++; b > escapeByte || i == len(text) {
			return false
		}
		out[at] = text[i]
		at++
	}
	return at == n && len(second) == 0 && len(digits) == 0
}
