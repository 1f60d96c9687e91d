package trial

import (
	"unicode/utf8"

	"github.com/weirhq/weir/ingest/redact"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// comparison holds what an entry has against a policy, text by text, as ingestion does.
type comparison struct {
	redactor *redact.Redactor
	changes  []Change
}

// mark is what stands in the place of what was redacted.
const mark = "[redacted]"

func (c *comparison) entry(e *entry.Entry, detail *entry.Detail) {
	c.note("url", e.URL, c.redactor.URL)
	c.text("message", e.Message)
	c.text("errorCode", e.ErrorCode)
	c.text("skip.message", e.SkipMessage)
	c.identifiers(e.Identifiers)
	if detail == nil {
		return // Its time to be kept is over.
	}
	c.headers("requestHeaders", detail.RequestHeaders)
	c.body("requestBody", detail.RequestBody)
	c.headers("responseHeaders", detail.ResponseHeaders)
	c.body("responseBody", detail.ResponseBody)
	c.json("metadata", detail.Metadata)
}

func (c *comparison) run(r *run.FlowRun, p *run.Payload) {
	c.failure("error", r.Error)
	c.identifiers(r.Identifiers)
	if p == nil {
		return
	}
	c.json("input", p.Input)
	c.json("output", p.Output)
	c.json("metadata", p.Metadata)
}

func (c *comparison) node(n *run.NodeRun, p *run.Payload) {
	at := "nodes." + n.NodeKey + "."
	c.failure(at+"error", n.Error)
	if p == nil {
		return
	}
	c.json(at+"input", p.Input)
	c.json(at+"output", p.Output)
	for i := range p.Lines {
		c.text(at+"logs", p.Lines[i].Message)
		c.json(at+"logs", p.Lines[i].Data)
	}
}

func (c *comparison) failure(where string, e *run.Error) {
	if e != nil {
		c.text(where, e.Message)
	}
}

func (c *comparison) identifiers(list []entry.Identifier) {
	for _, id := range list {
		c.note("identifiers."+id.Key, id.Value, func(value string) (string, bool) {
			if c.redactor.HasName(id.Key) {
				return mark, value != mark
			}
			return c.plain(value)
		})
	}
}

func (c *comparison) headers(where string, list []entry.Header) {
	for _, h := range list {
		c.note(where+"."+h.Name, h.Value, func(value string) (string, bool) { return c.redactor.Header(h.Name, value) })
	}
}

// body leaves out what is base64: ingestion redacted it before it was encoded.
func (c *comparison) body(where string, b *entry.Body) {
	if b == nil || b.Base64 {
		return
	}
	c.note(where, b.Text, func(text string) (string, bool) {
		out, changed := c.redactor.Body(b.ContentType, []byte(text), nil)
		return string(out), changed
	})
}

func (c *comparison) json(where string, raw []byte) {
	if len(raw) == 0 {
		return
	}
	c.note(where, string(raw), func(string) (string, bool) {
		out, changed := c.redactor.JSON(raw, nil)
		return string(out), changed
	})
}

func (c *comparison) text(where, text string) { c.note(where, text, c.plain) }

func (c *comparison) plain(text string) (string, bool) {
	out, changed := c.redactor.Text([]byte(text), nil)
	return string(out), changed
}

// note keeps a change. What is redacted again to what it was, such as a header of a built-in name, is none.
func (c *comparison) note(where, before string, redact func(string) (string, bool)) {
	if before == "" {
		return
	}
	after, changed := redact(before)
	if !changed || after == before {
		return
	}
	from := same(before, after)
	c.changes = append(c.changes, Change{Where: where, Before: excerpt(before, from), After: excerpt(after, from)})
}

const (
	// lead is how much of what stays the same is shown before a change, and most how long an excerpt is, in bytes.
	lead = 60
	most = 400
)

// same is how many bytes at the beginning of two texts are the same.
func same(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// excerpt is what stands around a place of a text.
func excerpt(text string, at int) string {
	from := max(0, at-lead)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	to := min(len(text), from+most)
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to--
	}
	out := text[from:to]
	if from > 0 {
		out = "…" + out
	}
	if to < len(text) {
		out += "…"
	}
	return out
}
