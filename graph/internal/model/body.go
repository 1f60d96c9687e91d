package model

import "github.com/weirhq/weir/journal/entry"

// Body is a body as it is kept.
type Body struct{ *entry.Body }

// ContentType is nil where it was not sent.
func (b Body) ContentType() *string { return optional(b.Body.ContentType) }

func newBody(b *entry.Body) *Body {
	if b == nil {
		return nil
	}
	return &Body{b}
}
