package segment

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir/journal/entry"
)

// encoders are for what is packed again: it stays for long, and nobody waits for it.
var encoders = sync.Pool{New: func() any { return newEncoder(newCompressor(zstd.SpeedDefault)) }}

// Verify tells by the checksum whether the four columns are as they were written, and belong together. Errors are
// ErrDamaged.
func (e *Encoded) Verify() error {
	for _, c := range []struct {
		what   string
		column []byte
	}{{"head", e.Head}, {"list", e.List}, {"tokens", e.Tokens}, {"body", e.Body}} {
		if _, err := unseal(c.what, c.column); err != nil {
			return err
		}
	}
	if e.Checksum != checksum(e.Head, e.List, e.Tokens, e.Body) {
		return damaged("columns", "do not belong together")
	}
	return nil
}

// Unpack gives all entries of a segment, with their details. Only Checksum and the four columns are read; strings
// share them and what they unpack to. Errors are ErrDamaged.
func (e *Encoded) Unpack() ([]*entry.Entry, error) {
	if err := e.Verify(); err != nil {
		return nil, err
	}
	head, err := OpenHead(e.Head)
	if err != nil {
		return nil, err
	}
	list, err := OpenList(e.List)
	if err != nil {
		return nil, err
	}
	body, err := OpenBody(e.Body)
	if err != nil {
		return nil, err
	}
	if list.Len() != head.Len() || body.Len() != head.Len() {
		return nil, damaged("columns", "differ in length")
	}
	rows := make([]entry.Entry, head.Len())
	entries := make([]*entry.Entry, head.Len())
	for i := range rows {
		entries[i] = &rows[i]
		head.Row(i, &rows[i].Head)
		if err := list.Row(i, &rows[i].List); err != nil {
			return nil, err
		}
		if rows[i].Detail, err = body.Detail(i); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// Drop packs a segment again without the entries that drop names. Only Checksum and the four columns of enc are read.
// When all are dropped the result has no Entries and no columns; when none is, it is enc. Errors are ErrDamaged.
func Drop(enc Encoded, drop func(i int, id uuid.UUID) bool) (Encoded, error) {
	entries, err := enc.Unpack()
	if err != nil {
		return Encoded{}, fmt.Errorf("drop entries: %w", err)
	}
	kept := make([]*entry.Entry, 0, len(entries))
	for i, it := range entries {
		if !drop(i, it.ID) {
			kept = append(kept, it)
		}
	}
	switch len(kept) {
	case 0:
		return Encoded{}, nil
	case len(entries):
		return enc, nil
	}
	return encode(kept)
}

// Merge packs the entries of several segments of one tenant and UTC day into segments of up to size entries (at most
// MaxEntries), sorted by id. Only Checksum and the four columns of each are read. All entries are in memory at once,
// unpacked. Errors are ErrDamaged, and say at which segment.
func Merge(in []Encoded, size int) ([]Encoded, error) {
	size = min(max(size, 1), MaxEntries)
	var entries []*entry.Entry
	for i := range in {
		some, err := in[i].Unpack()
		if err != nil {
			return nil, fmt.Errorf("merge segment %d of %d: %w", i, len(in), err)
		}
		entries = append(entries, some...)
	}
	slices.SortStableFunc(entries, func(a, b *entry.Entry) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	var out []Encoded
	for some := range slices.Chunk(entries, size) {
		enc, err := encode(some)
		if err != nil {
			return nil, err
		}
		out = append(out, enc)
	}
	return out, nil
}

func encode(entries []*entry.Entry) (Encoded, error) {
	e := encoders.Get().(*Encoder)
	defer encoders.Put(e)
	return e.Encode(entries)
}
