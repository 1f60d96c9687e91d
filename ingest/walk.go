package ingest

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
		typed = typed || name == c.mark
		if listed = listed || name == c.list; name == c.list && !typed && c.buf[c.at+w.offset] == '[' {
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
		return 0, c.bad(c.at, c.list+" must be an array")
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
			if name == c.list {
				return c.bad(c.at+w.offset, c.list+" stands twice")
			}
			if found == foundEvent {
				found, err = w.value()
			}
			if err != nil {
				return err
			}
			if found == foundLarge {
				return c.bad(c.at+w.offset, "a member beside "+c.list+" is over 1 MiB")
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
