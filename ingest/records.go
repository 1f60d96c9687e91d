package ingest

import "github.com/weirhq/weir/journal/entry"

// records are the records of a decoder's events. Those of entries that were packed are used again: a large request
// would else leave a KB of pointers behind with each of its events, for the garbage collector to look through. The same
// goes for the slabs that the header fields of many entries share.
type records struct {
	// filled have an entry that is not packed.
	filled []*record
	empty  []*record
	// headers is the rest of the slab that was begun last.
	headers      []entry.Header
	slabs, clean [][]entry.Header
}

const (
	// slabHeaders is how many header fields share an allocation, and fewHeaders how many of them must be free when those
	// of a message begin.
	slabHeaders = 256
	fewHeaders  = 16
)

// headerRoom gives room for the header fields of a message. Those that are more than there is room for go elsewhere.
func (p *records) headerRoom() []entry.Header {
	if cap(p.headers) < fewHeaders {
		last := len(p.clean) - 1
		if last < 0 {
			p.headers = make([]entry.Header, 0, slabHeaders)
		} else {
			p.headers, p.clean = p.clean[last], p.clean[:last]
		}
		p.slabs = append(p.slabs, p.headers)
	}
	return p.headers
}

// keepHeaders keeps what was put into the room that was given last, or was too much for it.
func (p *records) keepHeaders(list []entry.Header) {
	if n := len(list); n <= cap(p.headers) {
		p.headers = p.headers[:n][n:]
	}
}

// take gives an empty record.
func (p *records) take() *record {
	last := len(p.empty) - 1
	if last < 0 {
		return &record{}
	}
	r := p.empty[last]
	p.empty = p.empty[:last]
	return r
}

// fill notes that a record has an entry.
func (p *records) fill(r *record) { p.filled = append(p.filled, r) }

// reject forgets the record of an event that was read last, and is not stored.
func (p *records) reject(e *event) {
	if last := len(p.filled) - 1; last >= 0 && &p.filled[last].event == e {
		p.filled[last] = nil
		p.filled = p.filled[:last]
	}
}

// packed says that all entries so far are packed, or rejected: nobody holds one any more, or a part of one but its texts,
// which lie elsewhere.
func (p *records) packed() {
	for _, r := range p.filled {
		*r = record{}
	}
	p.empty = append(p.empty, p.filled...)
	for _, slab := range p.slabs {
		clear(slab[:cap(slab)])
	}
	p.clean = append(p.clean, p.slabs...)
	p.leave()
}

// leave gives up the records whose entries wait for their commit.
func (p *records) leave() {
	clear(p.filled)
	p.filled = p.filled[:0]
	clear(p.slabs)
	p.slabs, p.headers = p.slabs[:0], nil
}
