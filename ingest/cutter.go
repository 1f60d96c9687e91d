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
	// FormTransactions is {"transactions":[…]}, as Aino's agents send it, one bare transaction, or an array of them.
	FormTransactions
)

// names are the member of a body that holds the events, and one that tells a bare event from such a body.
func (f Form) names() (list, mark string) {
	if f == FormTransactions {
		return "transactions", "from"
	}
	return "events", "type"
}

// most is how many events a request of this form may have, and what is told of more.
func (f Form) most() (int, error) {
	if f == FormTransactions {
		return MaxTransactions, errTooManyTransactions
	}
	return MaxEvents, errTooManyEvents
}

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
	// list and mark are the form's.
	list, mark string

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
	list, mark := form.names()
	return &cutter{in: in, form: form, doc: doc, list: list, mark: mark, buf: make([]byte, 0, size)}
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
	n := bytes.Count(before, []byte{'\n'})
	if n == 0 {
		return c.column + i, c.lines
	}
	return i - bytes.LastIndexByte(before, '\n') - 1, c.lines + n
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
