package ingest

import "bytes"

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
