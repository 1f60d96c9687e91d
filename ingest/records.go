package ingest

// records are the records of a decoder's events. Those of entries that were packed are used again: a large request
// would else leave a KB of pointers behind with each of its events, for the garbage collector to look through.
type records struct {
	// filled have an entry that is not packed.
	filled []*record
	empty  []*record
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
	p.leave()
}

// leave gives up the records whose entries wait for their commit.
func (p *records) leave() {
	clear(p.filled)
	p.filled = p.filled[:0]
}
