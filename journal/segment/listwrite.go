package segment

import (
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// listColumns is how many columns a list has, in the order of listWriter.frame.
const listColumns = 28

// listWriter writes lists: mostly one frame. It keeps its buffers.
type listWriter struct {
	headWriter
	frames framesWriter
	raw    []byte
}

func (w *listWriter) write(b []byte, entries []*entry.Entry) []byte {
	w.frames.reset()
	for rest := entries; len(rest) > 0; {
		n, size := 0, 0
		for n < len(rest) && (n == 0 || size < 4*frameBytes) {
			size += listSize(&rest[n].List)
			n++
		}
		w.frame(rest[:n])
		rest = rest[n:]
	}
	return w.frames.appendTo(b, len(entries))
}

// listSize is about how large an entry's list fields are: the ones without a bound of their own.
func listSize(l *entry.List) int {
	size := 64 + len(l.URL) + len(l.Message) + len(l.SkipMessage)
	for i := range l.Identifiers {
		size += len(l.Identifiers[i].Key) + len(l.Identifiers[i].Value)
	}
	if l.Pull != nil {
		size += len(l.Pull.CursorBefore) + len(l.Pull.CursorAfter)
	}
	return size
}

// frame writes a frame's columns, ids last: the compressor passes over what follows a stretch without repetitions in ever
// larger steps.
func (w *listWriter) frame(entries []*entry.Entry) {
	w.table.reset()
	w.strings(entries, func(e *entry.Entry) string { return e.URL })
	w.strings(entries, func(e *entry.Entry) string { return e.Message })
	w.writeIdentifiers(entries)
	w.numbers(entries, func(e *entry.Entry) uint64 { return zigzag(int64(e.Attempt)) })
	w.ids(entries, func(e *entry.Entry) *uuid.UUID { return &e.DataSourceID })
	w.strings(entries, func(e *entry.Entry) string { return e.SkipCode })
	w.strings(entries, func(e *entry.Entry) string { return e.SkipMessage })
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(e.Via) })
	w.writeWebhooks(entries)
	w.writePulls(entries)
	w.writeTransactions(entries)
	w.strings(entries, func(e *entry.Entry) string { return e.RecordID })
	w.strings(entries, func(e *entry.Entry) string { return e.SourceID })
	w.strings(entries, func(e *entry.Entry) string { return e.ExternalID })
	w.raw = w.table.appendTo(w.raw[:0], len(entries))
	w.frames.add(w.raw, len(entries), formCompressed)
}

// strings writes a column of texts that are mostly different, for the compressor to find what they share.
func (w *listWriter) strings(entries []*entry.Entry, of func(*entry.Entry) string) {
	w.words = w.words[:0]
	for _, e := range entries {
		w.words = append(w.words, of(e))
	}
	w.endStrings()
}

// endStrings writes w.words as the next column: all lengths, then all texts.
func (w *headWriter) endStrings() {
	some := false
	for _, s := range w.words {
		some = some || s != ""
	}
	if some {
		w.table.b = appendStrings(w.table.b, w.words)
	}
	w.table.end()
}

func appendStrings(b []byte, words []string) []byte {
	for _, s := range words {
		b = binary.AppendUvarint(b, uint64(len(s)))
	}
	for _, s := range words {
		b = append(b, s...)
	}
	return b
}

// writeIdentifiers writes three columns: how many an entry has, and the keys and the values of all of them.
func (w *listWriter) writeIdentifiers(entries []*entry.Entry) {
	w.numbers(entries, func(e *entry.Entry) uint64 { return uint64(len(e.Identifiers)) })
	w.words = w.words[:0]
	for _, e := range entries {
		for i := range e.Identifiers {
			w.words = append(w.words, e.Identifiers[i].Key)
		}
	}
	// Keys are written even if all are "", so that a count that claims more than there are is found out.
	w.table.b = appendStrings(w.table.b, w.words)
	w.table.end()
	w.words = w.words[:0]
	for _, e := range entries {
		for i := range e.Identifiers {
			w.words = append(w.words, e.Identifiers[i].Value)
		}
	}
	w.endStrings()
}

// What a webhook's signature is known to be, as it is stored; 0 is no webhook.
const (
	webhookUnchecked = iota + 1
	webhookInvalid
	webhookValid
)

func (w *listWriter) writeWebhooks(entries []*entry.Entry) {
	w.numbers(entries, func(e *entry.Entry) uint64 {
		switch {
		case e.Webhook == nil:
			return 0
		case e.Webhook.SignatureValid == nil:
			return webhookUnchecked
		case *e.Webhook.SignatureValid:
			return webhookValid
		}
		return webhookInvalid
	})
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Webhook).Rejection })
}

// Whether there is a pull, and whether it is a full one, are the two bits of the first column of pulls.
const (
	pullPresent = 1 << iota
	pullFull
)

func (w *listWriter) writePulls(entries []*entry.Entry) {
	w.numbers(entries, func(e *entry.Entry) uint64 {
		switch {
		case e.Pull == nil:
			return 0
		case e.Pull.Full:
			return pullPresent | pullFull
		}
		return pullPresent
	})
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Pull).Strategy })
	w.numbers(entries, func(e *entry.Entry) uint64 { return zigzag(int64(orZero(e.Pull).Pages)) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return zigzag(int64(orZero(e.Pull).RecordsScanned)) })
	w.numbers(entries, func(e *entry.Entry) uint64 { return zigzag(int64(orZero(e.Pull).EventCount)) })
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Pull).CursorBefore })
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Pull).CursorAfter })
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Pull).State })
}

func (w *listWriter) writeTransactions(entries []*entry.Entry) {
	w.numbers(entries, func(e *entry.Entry) uint64 {
		if e.Transaction == nil {
			return 0
		}
		return 1
	})
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Transaction).From })
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Transaction).To })
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Transaction).PayloadType })
	w.strings(entries, func(e *entry.Entry) string { return orZero(e.Transaction).BusinessFlowID })
}

// orZero is what p points to, or nothing.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
