package memory

import (
	"compress/gzip"
	"fmt"
	"io"
	"time"

	"github.com/weirhq/weir/internal/simulate"
)

// body makes the events of one request while they are sent.
type body struct {
	*shipment
	corpus *simulate.Corpus
	// sent and unpacked are how many bytes there were.
	sent, unpacked int64
}

// write writes the events from up to to.
func (b *body) write(to io.Writer, first, end int) (err error) {
	to = &tee{to, &b.sent}
	if b.gzip {
		packed := gzip.NewWriter(to)
		if err := b.events(packed, first, end); err != nil {
			return err
		}
		return packed.Close()
	}
	return b.events(to, first, end)
}

func (b *body) events(to io.Writer, first, end int) error {
	to = &tee{to, &b.unpacked}
	open, between, shut := "", "\n", "\n"
	if b.array {
		open, between, shut = `[`, ",\n", `]`
	}
	if _, err := io.WriteString(to, open); err != nil {
		return err
	}
	var e simulate.Entry
	var line []byte
	for n := first; n < end; n++ {
		b.corpus.Fill(&e, 0, warmEvents+n)
		line = append(line[:0], e.Document...)
		if size := b.size(); size > len(line) {
			line = appendOrder(line[:0], &e, size)
		}
		if n+1 < end {
			line = append(line, between...)
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
	}
	_, err := io.WriteString(to, shut)
	return err
}

// size is about how long an event is.
func (b *body) size() int { return bodyBytes / b.shipment.events }

// appendOrder appends an event of a little less than size bytes: an order of as many lines as that takes.
func appendOrder(dst []byte, e *simulate.Entry, size int) []byte {
	dst = fmt.Appendf(dst, `{"type":"api_request","id":%q,"occurred_at":%q,"customer":%q,"integration":%q,"data":{"method":%q,"url":%q,"response":{"status":200,"body":{"order":%q,"lines":[`,
		e.ID, e.OccurredAt.Format(time.RFC3339Nano), e.Customer, e.Integration, e.Method, e.URL, e.ID)
	for n := 0; len(dst) < size-200; n++ {
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, `{"line":%d,"sku":"SKU-%06d","title":"Stainless steel bottle, 0.75 l","quantity":%d,"unit_price":"12.90","currency":"EUR","warehouse":"north-2","state":"reserved"}`,
			n, (n*7919+len(e.URL)*31)%1_000_000, n%9+1)
	}
	return append(dst, `]}}}}`...)
}

// tee counts what is written through it.
type tee struct {
	to    io.Writer
	bytes *int64
}

func (t *tee) Write(p []byte) (int, error) {
	n, err := t.to.Write(p)
	*t.bytes += int64(n)
	return n, err
}
