package segment

import (
	"github.com/weirhq/weir/journal/entry"
)

// Body is the details of a segment. It keeps the frame that was read last, so reading by ascending position unpacks
// each frame once. It is not for concurrent use.
type Body struct {
	frames openFrames
	at     int // the frame whose columns were read; -1 at first
	bodyFrame
}

type bodyFrame struct {
	first                     int
	requestEnds, responseEnds []int
	refs                      []entry.Header // of all entries: of each its request's, then its response's
	request, response         bodyColumn
	metadata                  stringList
}

type bodyColumn struct {
	flags       numbers
	contentType texts
	longer      numbers
	text        stringList
}

// OpenBody reads a body's table of frames, and unpacks none. The Body keeps b, which must not change. Errors are
// ErrDamaged.
func OpenBody(b []byte) (*Body, error) {
	c, err := unseal("body", b)
	if err != nil {
		return nil, err
	}
	f, ok := readFrames(c)
	if !ok {
		return nil, damaged("body", "has a table of frames that cannot be read")
	}
	return &Body{frames: openFramesOf(f), at: -1}, nil
}

// Len is how many entries the segment has.
func (b *Body) Len() int { return b.frames.n }

// Frame is the positions, from up to to, that are packed together with one.
func (b *Body) Frame(i int) (from, to int) {
	f := &b.frames.list[b.frames.of(i)]
	return f.first, f.first + f.entries
}

// mayHold tells whether the needle may be in the frame of an entry.
func (b *Body) mayHold(i int, n *needle) (bool, error) { return b.frames.mayHold(b.frames.of(i), n) }

func (b *Body) load(i int) error {
	n := b.frames.of(i)
	if n == b.at {
		return nil
	}
	f := &b.frames.list[n]
	raw, err := b.frames.unpack(n)
	if err != nil {
		return err
	}
	t := readTable(cursor{rest: raw}, MaxEntries, bodyColumns)
	b.at = -1
	if b.bodyFrame = readBodyFrame(&t, f.first); t.bad || t.entries != f.entries {
		return damaged("body", "has a column that cannot be read")
	}
	b.at = n
	return nil
}

func readBodyFrame(t *table, first int) (b bodyFrame) {
	n := t.entries
	b.first = first
	b.request, b.response = readBodyColumn(t), readBodyColumn(t)
	b.metadata = t.strings(n)
	requests, responses := t.numbers(), t.numbers()
	b.requestEnds, b.responseEnds = runningSum(&requests, n), runningSum(&responses, n)
	b.refs = readHeaders(t, lastOf(b.requestEnds)+lastOf(b.responseEnds))
	return b
}

// readHeaders reads the n headers of all entries: see bodyWriter.writeHeaders.
func readHeaders(t *table, n int) []entry.Header {
	refs, _ := t.next()
	names, _ := t.next()
	headers, _ := t.next()
	if n == 0 || t.bad {
		return nil
	}
	different := readDifferentHeaders(t, &names, &headers, n)
	if t.bad || n > len(refs.rest) {
		t.bad = true
		return nil
	}
	list := make([]entry.Header, n)
	next := 0
	for i := range list {
		ref := refs.count(next)
		if ref == 0 {
			next++
			ref = next
		}
		if ref > len(different) || refs.bad {
			t.bad = true
			return nil
		}
		list[i] = different[ref-1]
	}
	return list
}

// readDifferentHeaders reads the headers that the n of all entries are among.
func readDifferentHeaders(t *table, names, headers *cursor, n int) []entry.Header {
	nameList := readStrings(names, names.count(len(names.rest)))
	list := make([]entry.Header, headers.count(min(n, len(headers.rest))))
	numbers := make([]int, len(list))
	next := make([]int, len(nameList)+1) // where the next value of a name is
	for i := range list {
		numbers[i] = headers.count(len(nameList) - 1)
		if headers.bad || names.bad {
			t.bad = true
			return nil
		}
		next[numbers[i]+1]++
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	values := readStrings(headers, len(list))
	if headers.bad || names.bad {
		t.bad = true
		return nil
	}
	for i, name := range numbers {
		list[i] = entry.Header{Name: nameList[name], Value: values[next[name]]}
		next[name]++
	}
	return list
}

func readBodyColumn(t *table) bodyColumn {
	return bodyColumn{flags: t.numbers(), contentType: t.texts(), longer: t.numbers(), text: t.strings(t.entries)}
}

// Detail is the detail of the entry at a position, never nil. It unpacks only the frame that holds it. Its strings and
// slices share the unpacked frame: clone what is to outlive the request, and change nothing. Errors are ErrDamaged.
func (b *Body) Detail(i int) (*entry.Detail, error) {
	d := &entry.Detail{}
	if err := b.Read(i, d); err != nil {
		return nil, err
	}
	return d, nil
}

// Read is Detail into a Detail whose bodies are used again: for scans, which look at one entry at a time.
func (b *Body) Read(i int, to *entry.Detail) error {
	if err := b.load(i); err != nil {
		return err
	}
	i -= b.first
	requestFrom, requestTo := rangeOf(b.requestEnds, i)
	responseFrom, responseTo := rangeOf(b.responseEnds, i)
	start := requestFrom + responseFrom
	middle := start + requestTo - requestFrom
	end := middle + responseTo - responseFrom
	to.RequestHeaders, to.ResponseHeaders = headersOf(b.refs[start:middle:middle]), headersOf(b.refs[middle:end:end])
	to.RequestBody = b.request.at(i, to.RequestBody)
	to.ResponseBody = b.response.at(i, to.ResponseBody)
	to.Metadata = nil
	if metadata := b.metadata.at(i); metadata != "" {
		to.Metadata = bytesOf(metadata)
	}
	return nil
}

func headersOf(list []entry.Header) []entry.Header {
	if len(list) == 0 {
		return nil
	}
	return list
}

// at fills in the body of an entry, which is nil when it has none; into is one that may be used again, or nil.
func (c *bodyColumn) at(i int, into *entry.Body) *entry.Body {
	flags := c.flags.at(i)
	if flags == 0 {
		return nil
	}
	if into == nil {
		into = &entry.Body{}
	}
	*into = entry.Body{
		Text: c.text.at(i), ContentType: c.contentType.at(i),
		Redacted: flags&bodyRedacted != 0, Truncated: flags&bodyTruncated != 0, Base64: flags&bodyBase64 != 0,
	}
	into.SizeBytes = len(into.Text) + int(unzigzag(c.longer.at(i)))
	return into
}
