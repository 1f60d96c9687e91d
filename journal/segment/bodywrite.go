package segment

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/journal/entry"
)

const (
	// bodyColumns is how many columns a frame of details has, in the order of bodyWriter.frame.
	bodyColumns = 14
	// frameEntries is how many entries a frame of details has at most: larger ones pack a little better, and cost more to
	// read a single entry of.
	frameEntries = 384
)

// What is known of a body, in bits; 0 is no body.
const (
	bodyPresent = 1 << iota
	bodyRedacted
	bodyTruncated
	bodyBase64
)

var noDetail entry.Detail

func detailOf(e *entry.Entry) *entry.Detail {
	if e.Detail == nil {
		return &noDetail
	}
	return e.Detail
}

// header is a header's value, and which of the frame's names it has.
type header struct {
	name  int
	value string
}

// bodyWriter writes bodies, and gives the words in them to a wordSet. It keeps its buffers.
type bodyWriter struct {
	headWriter
	frames  framesWriter
	raw     []byte
	names   distinct[string]
	headers distinct[header]
	refs    []byte
	// lastRequest and lastResponse may be of the frame before, and then are not what is looked for, or by chance.
	lastRequest, lastResponse headersBefore
	found                     *wordSet
	// listens tells that the frame is taken apart into words, which the wordSet gets then; spans is where in the table the
	// texts lie.
	listens bool
	spans   []span
}

// span is a stretch of bytes, from one up to another.
type span struct{ from, to int }

func (w *bodyWriter) write(b []byte, entries []*entry.Entry, found *wordSet) []byte {
	w.frames.reset()
	w.found = found
	most := evenly(len(entries), frameEntries)
	for rest := entries; len(rest) > 0; {
		n, size := 0, 0
		for n < len(rest) && n < most && (n == 0 || size < frameBytes) {
			size += detailSize(detailOf(rest[n]))
			n++
		}
		w.frame(rest[:n], size)
		rest = rest[n:]
	}
	return w.frames.appendTo(b, len(entries))
}

// forget lets go of all strings.
func (w *bodyWriter) forget() {
	w.headWriter.forget()
	w.names.reset(0)
	w.headers.reset(0)
	w.found = nil
}

// detailSize is about how large a detail is: what has no small bound of its own.
func detailSize(d *entry.Detail) int {
	size := len(d.Metadata) + 32*(len(d.RequestHeaders)+len(d.ResponseHeaders))
	if d.RequestBody != nil {
		size += len(d.RequestBody.Text)
	}
	if d.ResponseBody != nil {
		size += len(d.ResponseBody.Text)
	}
	return size
}

// frame writes a frame's columns, headers last: among them are ids, and the compressor passes over what follows a stretch
// without repetitions in ever larger steps.
func (w *bodyWriter) frame(entries []*entry.Entry, size int) {
	form := w.frames.choose(size)
	w.listens, w.spans = form != formCompressed && !slices.ContainsFunc(entries, hasBase64), w.spans[:0]
	w.table.reset()
	w.writeBodies(entries, func(d *entry.Detail) *entry.Body { return d.RequestBody })
	w.writeBodies(entries, func(d *entry.Detail) *entry.Body { return d.ResponseBody })
	w.words = w.words[:0]
	for _, e := range entries {
		metadata := text(detailOf(e).Metadata)
		w.findWords(metadata, true)
		w.words = append(w.words, metadata)
	}
	w.endTexts()
	w.writeHeaders(entries)
	w.raw = w.table.appendTo(w.raw[:0], len(entries))
	if w.listens {
		w.frames.words.listen(w.found, w.spans, len(w.raw)-padding-len(w.table.b))
	}
	w.frames.add(w.raw, len(entries), form)
}

func hasBase64(e *entry.Entry) bool {
	d := detailOf(e)
	return orZero(d.RequestBody).Base64 || orZero(d.ResponseBody).Base64
}

// findWords gives the words of a text to the wordSet, or leaves that to the wordCoder if it finds the same ones: it finds
// those of letters and digits, and knows neither where a text ends nor what is escaped.
func (w *bodyWriter) findWords(s string, json bool) {
	if !w.listens || !isPlain(s) {
		w.found.eachWord(s, json)
	}
}

// isPlain tells whether a text is ASCII without a backslash, and begins and ends with what is no part of a word.
func isPlain(s string) bool {
	if s == "" {
		return true
	}
	if classes[s[0]] != byteGap || classes[s[len(s)-1]] != byteGap || strings.IndexByte(s, '\\') >= 0 {
		return false
	}
	b := bytesOf(s)
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&highBits != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// endTexts writes w.words as the next column, and notes where the texts lie.
func (w *bodyWriter) endTexts() {
	size := 0
	for _, s := range w.words {
		size += len(s)
	}
	w.endStrings()
	w.spans = append(w.spans, span{len(w.table.b) - size, len(w.table.b)})
}

// writeHeaders writes five columns: how many headers each request and each response has; which these are, as numbers of
// headers of the frame plus one, 0 being the next one that did not occur before; the frame's header names; and its
// headers: the number of each one's name, and the values, those of the first name before those of the second, since the
// values of one name are alike. Most headers of most entries did occur before.
func (w *bodyWriter) writeHeaders(entries []*entry.Entry) {
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(len(detailOf(e).RequestHeaders)) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(len(detailOf(e).ResponseHeaders)) })
	w.names.reset(64)
	w.headers.reset(4 * len(entries))
	w.refs = w.refs[:0]
	for _, e := range entries {
		d := detailOf(e)
		w.refer(d.RequestHeaders, &w.lastRequest)
		w.refer(d.ResponseHeaders, &w.lastResponse)
	}
	w.table.b = append(w.table.b, w.refs...)
	w.table.end()
	if len(w.headers.values) == 0 {
		w.table.end()
		w.table.end()
		return
	}
	w.table.b = binary.AppendUvarint(w.table.b, uint64(len(w.names.values)))
	w.table.b = appendStrings(w.table.b, w.names.values)
	w.table.end()
	w.table.b = binary.AppendUvarint(w.table.b, uint64(len(w.headers.values)))
	for i := range w.headers.values {
		w.table.b = binary.AppendUvarint(w.table.b, uint64(w.headers.values[i].name))
	}
	w.table.b = appendStrings(w.table.b, w.valuesByName())
	w.table.end()
}

// valuesByName is the values of the frame's headers, sorted by the number of their names.
func (w *bodyWriter) valuesByName() []string {
	next := make([]int, len(w.names.values)+1)
	for i := range w.headers.values {
		next[w.headers.values[i].name+1]++
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	w.words = slices.Grow(w.words[:0], len(w.headers.values))[:len(w.headers.values)]
	for i := range w.headers.values {
		h := &w.headers.values[i]
		w.words[next[h.name]] = h.value
		next[h.name]++
	}
	return w.words
}

// headersBefore are the numbers of the last headers at each place among an entry's.
type headersBefore [8]int

// refer writes the numbers of headers. Most are those of the entry before, at the same place: comparing them takes less
// than hashing.
func (w *bodyWriter) refer(headers []entry.Header, before *headersBefore) {
	for i := range headers {
		h := &headers[i]
		at := i % len(before)
		if n := before[at]; n < len(w.headers.values) {
			if known := &w.headers.values[n]; known.value == h.Value && w.names.values[known.name] == h.Name {
				w.refs = binary.AppendUvarint(w.refs, uint64(n+1))
				continue
			}
		}
		name, fresh := w.names.number(h.Name, hashText(h.Name))
		if fresh {
			w.found.eachWord(h.Name, false)
		}
		n, fresh := w.headers.number(header{name, h.Value}, hashText(h.Value)+uint32(name)*0x9e3779b1)
		before[at] = n
		if fresh {
			w.found.eachWord(h.Value, false)
			w.refs = append(w.refs, 0)
			continue
		}
		w.refs = binary.AppendUvarint(w.refs, uint64(n+1))
	}
}

// writeBodies writes four columns: what is known of the bodies, their content types, by how much they were longer when
// they were sent, and their texts.
func (w *bodyWriter) writeBodies(entries []*entry.Entry, of func(*entry.Detail) *entry.Body) {
	w.numbers(entries, func(e *entry.Entry) uint64 { return bodyFlags(of(detailOf(e))) })
	w.texts(entries, func(e *entry.Entry) string { return orZero(of(detailOf(e))).ContentType })
	w.numbers(entries, func(e *entry.Entry) uint64 {
		if body := of(detailOf(e)); body != nil {
			return zigzag(int64(body.SizeBytes - len(body.Text)))
		}
		return 0
	})
	w.words = w.words[:0]
	for _, e := range entries {
		body := of(detailOf(e))
		if body == nil {
			w.words = append(w.words, "")
			continue
		}
		if !body.Base64 {
			w.findWords(body.Text, isJSON(body.Text))
		}
		w.words = append(w.words, body.Text)
	}
	w.endTexts()
}

func bodyFlags(b *entry.Body) uint64 {
	if b == nil {
		return 0
	}
	flags := uint64(bodyPresent)
	if b.Redacted {
		flags |= bodyRedacted
	}
	if b.Truncated {
		flags |= bodyTruncated
	}
	if b.Base64 {
		flags |= bodyBase64
	}
	return flags
}
