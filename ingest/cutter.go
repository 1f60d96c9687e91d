package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Form is how events stand in a body.
type Form uint8

// The forms of bodies.
const (
	// FormJSON is {"events":[…]}, one bare event, or an array of events.
	FormJSON Form = iota
	// FormLines is one event a line.
	FormLines
)

// bodyError says why a body cannot be read as events. Its text is for the sender.
type bodyError struct {
	problem      string
	line, column int
}

func (e *bodyError) Error() string {
	return fmt.Sprintf("the body cannot be read as events: line %d, column %d: %s", e.line, e.column, e.problem)
}

// readError is a body that did not arrive whole.
type readError struct{ cause error }

func (e *readError) Error() string { return "read the body: " + e.cause.Error() }
func (e *readError) Unwrap() error { return e.cause }

// chunkBytes is how much of a body is read at a time. A chunk is never used again, for events point into it; it goes
// when they have gone to the database.
const chunkBytes = 64 << 10

// finding is what cutter found.
type finding uint8

const (
	foundEnd finding = iota
	// foundEvent is an event, which the document holds.
	foundEvent
	// foundLarge is an event over the limit, of which the document holds the beginning.
	foundLarge
	// foundBroken is a line that is no JSON.
	foundBroken
)

// cutter cuts events out of a body as it arrives: of a body of any size it holds a chunk, or one event.
type cutter struct {
	in   io.Reader
	form Form
	doc  *document

	buf   []byte
	at    int
	ended bool
	// lines and column are how far the body had come where buf begins.
	lines, column int

	stage   stage
	wrapped bool
	// broken is why the first broken line is none.
	broken *bodyError
}

type stage uint8

const (
	atStart stage = iota
	atFirst
	atNext
	afterLast
)

// newCutter cuts the body of in into doc. hint is how long the body is, or -1.
func newCutter(in io.Reader, form Form, hint int64, doc *document) *cutter {
	size := int64(chunkBytes)
	if hint >= 0 && hint < size {
		// A byte more, so that the end is seen without another chunk.
		size = hint + 1
	}
	return &cutter{in: in, form: form, doc: doc, buf: make([]byte, 0, size)}
}

// next finds the next event.
func (c *cutter) next() (finding, error) {
	if c.form == FormLines {
		return c.nextLine()
	}
	switch c.stage {
	case atStart:
		return c.open()
	case atFirst, atNext:
		return c.nextElement()
	default:
		return foundEnd, c.close()
	}
}

// fill reads until the chunk is full or the body is over, and makes room first if there is none.
func (c *cutter) fill() error {
	if c.ended {
		return nil
	}
	if len(c.buf) == cap(c.buf) {
		c.column, c.lines = c.place(c.at)
		tail := c.buf[c.at:]
		c.buf, c.at = append(make([]byte, 0, max(chunkBytes, 2*len(tail))), tail...), 0
	}
	for len(c.buf) < cap(c.buf) {
		n, err := c.in.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		if errors.Is(err, io.EOF) {
			c.ended = true
			return nil
		}
		if err != nil {
			return &readError{err}
		}
	}
	return nil
}

// place is how many bytes since the last line's end, and how many line ends, come before buf[i].
func (c *cutter) place(i int) (column, lines int) {
	before := c.buf[:i]
	last := bytes.LastIndexByte(before, '\n')
	if last < 0 {
		return c.column + i, c.lines
	}
	return i - last - 1, c.lines + bytes.Count(before, []byte{'\n'})
}

func (c *cutter) bad(i int, problem string) *bodyError {
	column, lines := c.place(i)
	return &bodyError{problem: problem, line: lines + 1, column: column + 1}
}

// peek skips white space and gives the byte after it; false at the end of the body.
func (c *cutter) peek() (byte, bool, error) {
	for {
		if c.at = skipSpace(c.buf, c.at); c.at < len(c.buf) {
			return c.buf[c.at], true, nil
		}
		if c.ended {
			return 0, false, nil
		}
		if err := c.fill(); err != nil {
			return 0, false, err
		}
	}
}

const endsEarly = "the body ends here, too early"

// want is peek of what must be there.
func (c *cutter) want() (byte, error) {
	b, ok, err := c.peek()
	if err == nil && !ok {
		err = c.bad(len(c.buf), endsEarly)
	}
	return b, err
}

// value reads one value of at most MaxEventBytes into the document, from a place that stays in the buffer.
func (c *cutter) value(offset int) (finding, error) {
	for {
		switch p := c.doc.parse(c.buf[c.at+offset:], c.ended); {
		case p == malformed:
			return 0, c.bad(c.at+offset+c.doc.i, c.doc.problem)
		case c.doc.i > MaxEventBytes, p == unfinished && len(c.buf)-c.at-offset > MaxEventBytes:
			return foundLarge, nil
		case p == complete:
			return foundEvent, nil
		case c.ended:
			return 0, c.bad(len(c.buf), endsEarly)
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
}

// open tells the forms of JSON apart.
func (c *cutter) open() (finding, error) {
	if err := c.fill(); err != nil {
		return 0, err
	}
	c.at += len(bom(c.buf))
	first, ok, err := c.peek()
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return 0, c.bad(c.at, "the body is empty")
	case first == '[':
		c.at++
		c.stage = atFirst
		return c.nextElement()
	case first == '{':
		return c.openObject()
	}
	return 0, c.bad(c.at, "expected an object or an array")
}

func bom(b []byte) []byte {
	if mark := []byte("\xEF\xBB\xBF"); bytes.HasPrefix(b, mark) {
		return mark
	}
	return nil
}

// openObject walks over the members of an object that is either an event or holds the events. It stays in the buffer
// until that is known.
func (c *cutter) openObject() (finding, error) {
	w := walk{c: c, offset: 1}
	typed, listed := false, false
	for first := true; ; first = false {
		name, found, err := w.name(first)
		if err != nil {
			return 0, err
		}
		if found == foundLarge {
			return c.large()
		}
		if found == foundEnd {
			break
		}
		typed = typed || name == "type"
		if listed = listed || name == "events"; name == "events" && !typed && c.buf[c.at+w.offset] == '[' {
			c.at += w.offset + 1
			c.wrapped, c.stage = true, atFirst
			return c.nextElement()
		}
		if found, err = w.value(); err != nil {
			return 0, err
		}
		if found == foundLarge {
			return c.large()
		}
	}
	if listed && !typed {
		return 0, c.bad(c.at, "events must be an array")
	}
	found, err := c.value(0)
	if err != nil {
		return 0, err
	}
	if found == foundLarge {
		return c.large()
	}
	c.at += c.doc.i
	c.stage = afterLast
	return found, nil
}

// large skips the only event of a body, which is too large.
func (c *cutter) large() (finding, error) {
	c.doc.parse(c.buf[c.at:], false)
	c.stage = afterLast
	return foundLarge, c.skip()
}

// nextElement finds the next event of an array.
func (c *cutter) nextElement() (finding, error) {
	b, err := c.want()
	if err != nil {
		return 0, err
	}
	if b == ']' {
		c.at++
		c.stage = afterLast
		return foundEnd, c.close()
	}
	if c.stage == atNext {
		if b != ',' {
			return 0, c.bad(c.at, "expected , or ]")
		}
		c.at++
		if _, err := c.want(); err != nil {
			return 0, err
		}
	}
	c.stage = atNext
	found, err := c.value(0)
	if err != nil {
		return 0, err
	}
	if found == foundLarge {
		return foundLarge, c.skip()
	}
	c.at += c.doc.i
	return foundEvent, nil
}

// close checks what follows the events.
func (c *cutter) close() error {
	if c.wrapped {
		c.wrapped = false
		w := walk{c: c}
		for {
			name, found, err := w.name(false)
			if err != nil {
				return err
			}
			if found == foundEnd {
				c.at += w.offset
				break
			}
			if name == "events" {
				return c.bad(c.at+w.offset, "events stands twice")
			}
			if found == foundEvent {
				found, err = w.value()
			}
			if err != nil {
				return err
			}
			if found == foundLarge {
				return c.bad(c.at+w.offset, "a member beside events is over 1 MiB")
			}
			c.at, w.offset = c.at+w.offset, 0
		}
	}
	if _, ok, err := c.peek(); err != nil || ok {
		if err == nil {
			err = c.bad(c.at, "expected the end of the body")
		}
		return err
	}
	return nil
}

// walk goes over the members of an object, which stays in the buffer from c.at on.
type walk struct {
	c      *cutter
	offset int
}

// next skips white space up to one byte.
func (w *walk) next() (byte, error) {
	for {
		w.offset = skipSpace(w.c.buf, w.c.at+w.offset) - w.c.at
		if w.c.at+w.offset < len(w.c.buf) {
			return w.c.buf[w.c.at+w.offset], nil
		}
		if w.c.ended {
			return 0, w.c.bad(len(w.c.buf), endsEarly)
		}
		if err := w.c.fill(); err != nil {
			return 0, err
		}
	}
}

// name reads the name of the next member and stops at its value; foundEnd is after the object.
func (w *walk) name(first bool) (string, finding, error) {
	b, err := w.next()
	if err != nil {
		return "", 0, err
	}
	if b == '}' {
		w.offset++
		return "", foundEnd, nil
	}
	if !first {
		if b != ',' {
			return "", 0, w.c.bad(w.c.at+w.offset, "expected , or }")
		}
		w.offset++
		if b, err = w.next(); err != nil {
			return "", 0, err
		}
	}
	if b != '"' {
		return "", 0, w.c.bad(w.c.at+w.offset, `expected the name of a member, in "quotes"`)
	}
	found, err := w.value()
	if err != nil || found == foundLarge {
		return "", found, err
	}
	var a arena
	name := w.c.doc.string(&w.c.doc.nodes[0], &a)
	if b, err = w.next(); err != nil {
		return "", 0, err
	}
	if b != ':' {
		return "", 0, w.c.bad(w.c.at+w.offset, "expected : after the name of a member")
	}
	w.offset++
	if _, err = w.next(); err != nil {
		return "", 0, err
	}
	return name, foundEvent, nil
}

func (w *walk) value() (finding, error) {
	found, err := w.c.value(w.offset)
	if found == foundEvent {
		w.offset += w.c.doc.i
	}
	if w.offset > MaxEventBytes {
		found = foundLarge
	}
	return found, err
}

// skip passes over a value, however long, by its brackets alone.
func (c *cutter) skip() error {
	depth, inString, escaped := 0, false, false
	for {
		for i := c.at; i < len(c.buf); i++ {
			switch b := c.buf[i]; {
			case escaped:
				escaped = false
			case inString:
				escaped, inString = b == '\\', b != '"'
			case b == '"':
				inString = true
			case b == '{' || b == '[':
				depth++
			case b == '}' || b == ']':
				depth--
			}
			if depth == 0 && !inString {
				c.at = i + 1
				return nil
			}
		}
		c.at = len(c.buf)
		if c.ended {
			return c.bad(len(c.buf), endsEarly)
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}

// nextLine finds the next line that is not empty. A line that is no JSON costs its neighbours nothing.
func (c *cutter) nextLine() (finding, error) {
	if c.stage == atStart {
		c.stage = atNext
		if err := c.fill(); err != nil {
			return 0, err
		}
		c.at += len(bom(c.buf))
	}
	for {
		line, ended, err := c.line()
		if err != nil {
			return 0, err
		}
		if line == nil {
			c.doc.parse(c.buf[c.at:], false)
			return foundLarge, c.skipLine()
		}
		start := c.at
		c.at = min(start+len(line)+1, len(c.buf))
		if skipSpace(line, 0) == len(line) {
			if ended {
				return foundEnd, nil
			}
			continue
		}
		if len(line) > MaxEventBytes {
			c.doc.parse(line, true)
			return foundLarge, nil
		}
		p := c.doc.parse(line, true)
		if p == complete && skipSpace(line, c.doc.i) == len(line) {
			return foundEvent, nil
		}
		c.lineBroken(start, p)
		return foundBroken, nil
	}
}

func (c *cutter) lineBroken(start int, p progress) {
	problem := c.doc.problem
	switch p {
	case complete:
		c.doc.i = skipSpace(c.doc.text, c.doc.i)
		problem = "expected the end of the line"
	case unfinished:
		problem = "the line ends here, too early"
	}
	c.doc.problem = c.bad(start+c.doc.i, problem).Error()
	if c.broken == nil {
		c.broken = c.bad(start+c.doc.i, problem)
	}
}

// line gives the line that begins at at, without its end; nil when it is over the limit, and not whole in the buffer.
func (c *cutter) line() (line []byte, last bool, err error) {
	searched := 0
	for {
		rest := c.buf[c.at:]
		if k := bytes.IndexByte(rest[searched:], '\n'); k >= 0 {
			return rest[:searched+k], false, nil
		}
		if c.ended {
			return rest, true, nil
		}
		if len(rest) > MaxEventBytes {
			return nil, false, nil
		}
		searched = len(rest)
		if err := c.fill(); err != nil {
			return nil, false, err
		}
	}
}

func (c *cutter) skipLine() error {
	for {
		if k := bytes.IndexByte(c.buf[c.at:], '\n'); k >= 0 {
			c.at += k + 1
			return nil
		}
		if c.at = len(c.buf); c.ended {
			return nil
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}
