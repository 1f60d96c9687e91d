package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/simulate"
)

// batch is what one request and one COPY to each baseline carry: the same entries of one tenant.
type batch struct {
	tenant, entries int
	ndjson          []byte
	copies          [len(baselines)][]byte
}

// warmUpPart is which part of the batches goes before the clock: 1 of so many. A process pays once for its memory, its
// connections, and what each tenant's first events make.
const warmUpPart = 20

// plan cuts the corpus into batches in the order of time, the tenants by turns, and those into a round that warms up and
// the rounds that are measured.
func (b *bench) plan() [][]span {
	all := b.spans(b.corpus, b.options.batch)
	rounds := make([][]span, 0, 1+b.options.rounds)
	warm := (len(all) + warmUpPart - 1) / warmUpPart
	rounds, all = append(rounds, all[:warm]), all[warm:]
	for i := range b.options.rounds {
		if part := all[i*len(all)/b.options.rounds : (i+1)*len(all)/b.options.rounds]; len(part) > 0 {
			rounds = append(rounds, part)
		}
	}
	return rounds
}

// spans cuts a corpus into spans of so many entries.
func (b *bench) spans(corpus *simulate.Corpus, size int) (all []span) {
	for from := 0; from < corpus.Len(); from += size {
		for tenant := range b.options.tenants {
			all = append(all, span{tenant, from, min(from+size, corpus.Len())})
		}
	}
	return all
}

// span is the entries from up to to of a tenant.
type span struct{ tenant, from, to int }

// prepare generates the bodies of a round, on all processors.
func (b *bench) prepare(corpus *simulate.Corpus, spans []span) []batch {
	out := make([]batch, len(spans))
	var wg sync.WaitGroup
	next := make(chan int, len(spans))
	for i := range spans {
		next <- i
	}
	close(next)
	for range b.report.CPUs {
		wg.Go(func() {
			var e simulate.Entry
			for i := range next {
				out[i] = b.prepareBatch(corpus, &e, spans[i])
			}
		})
	}
	wg.Wait()
	return out
}

func (b *bench) prepareBatch(corpus *simulate.Corpus, e *simulate.Entry, s span) batch {
	out := batch{tenant: s.tenant, entries: s.to - s.from}
	out.ndjson = make([]byte, 0, out.entries*1300)
	for i := range out.copies {
		out.copies[i] = append(make([]byte, 0, out.entries*1600), copyHeader...)
	}
	for n := s.from; n < s.to; n++ {
		corpus.Fill(e, s.tenant, n)
		out.ndjson = append(append(out.ndjson, e.Document...), '\n')
		document, id := payload(e.Document), nodeid.New(e.OccurredAt)
		for i := range out.copies {
			out.copies[i] = appendRow(out.copies[i], b.tenants[s.tenant].id, id, e, baselines[i].prefix, document)
		}
	}
	for i := range out.copies {
		out.copies[i] = append(out.copies[i], 0xff, 0xff)
	}
	return out
}

// copyHeader begins PostgreSQL's binary form of COPY: the signature, no flags, no extension.
const copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// copyRows fills a baseline's columns, in this order.
const copyRows = `COPY %s (tenant_id, id, occurred_at, customer, integration, status, status_code, method, endpoint, url, duration_ms, document) FROM STDIN (FORMAT binary)`

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// appendRow appends an entry as a row of a baseline, whose documents begin with the prefix.
func appendRow(dst []byte, tenantID, id uuid.UUID, e *simulate.Entry, prefix string, document []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, 12)
	dst = appendText(dst, tenantID[:])
	dst = appendText(dst, id[:])
	dst = binary.BigEndian.AppendUint32(dst, 8)
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.OccurredAt.Sub(epoch).Microseconds())) //nolint:gosec // after 2000
	for _, s := range [...]string{e.Customer, e.Integration, e.Status} {
		dst = appendText(dst, s)
	}
	dst = binary.BigEndian.AppendUint32(dst, 4)
	dst = binary.BigEndian.AppendUint32(dst, uint32(e.StatusCode)) //nolint:gosec // three digits
	for _, s := range [...]string{e.Method, e.Endpoint, e.URL} {
		dst = appendText(dst, s)
	}
	dst = binary.BigEndian.AppendUint32(dst, 8)
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(e.DurationMS))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(prefix)+len(document))) //nolint:gosec // some KB
	return append(append(dst, prefix...), document...)
}

// payload is the part of a document that no column holds, as an object: the headers and bodies of the request and of
// the response. It overwrites a byte of the document.
func payload(document []byte) []byte {
	at := bytes.Index(document, []byte(`"request":`)) - 1
	document[at] = '{'
	return document[at : len(document)-1]
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(s))), s...) //nolint:gosec // some KB
}
