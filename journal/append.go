package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
	"github.com/weirhq/weir/journal/term"
	"github.com/weirhq/weir/statistics"
)

// Batch is the entries of one commit.
type Batch struct {
	// Loose are entries that are packed under the tenant's lock. Append sorts them by id.
	Loose []*entry.Entry
	// Sealed were packed before; Dropped are the ids of those among them that turned out to be duplicates.
	Sealed  []*Sealed
	Dropped map[uuid.UUID]struct{}
	// Terms are of what is found like an entry but is none, such as a flow run.
	Terms []term.Term
	// Cells are of what is counted like an entry but is none, likewise.
	Cells []statistics.Cell
	// Runs are the flow runs that the commit changes, itself or by their node runs, each once.
	Runs []uuid.UUID
	// Beside puts further statements into the round trip; nil for none.
	Beside func(b *pgx.Batch) error
}

const (
	sqlAppendSegment = `INSERT INTO journal_segment (tenant_id, id, commit_no, first_at, last_at, entries, kinds, statuses,
  customers, integrations, compacted, format, checksum, head, list, tokens, body, commits)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

	sqlAppendFailures = `INSERT INTO journal_failure (tenant_id, at, entry_id, kind, customer_id, integration_id,
  connected_app_id, status_code, error_code)
SELECT $1, f.* FROM unnest($2::timestamptz[], $3::uuid[], $4::smallint[], $5::uuid[], $6::uuid[], $7::uuid[], $8::int[],
  $9::text[]) f`

	sqlAppendTerms = `INSERT INTO journal_term (tenant_id, commit_no, bucket, day, terms)
SELECT $1, $2, t.* FROM unnest($3::smallint[], $4::timestamptz[], $5::bytea[]) t`

	sqlAppendKeys = `INSERT INTO journal_key (tenant_id, day, commit_no, hashes) VALUES ($1, $2, $3, $4)`

	sqlAppendCommit = `INSERT INTO journal_commit (tenant_id, commit_no, at, segments, runs) VALUES ($1, $2, $3, $4, $5)`
)

// Append writes the batch, and the keys that Duplicate claimed, in one round trip. All entries must be of days that
// have partitions. It is called once a commit.
func (c *Commit) Append(ctx context.Context, in Batch) error {
	sealed, err := c.store.Seal(in.Loose)
	if err != nil {
		return err
	}
	for _, s := range in.Sealed {
		kept, err := s.without(in.Dropped)
		if err != nil {
			return err
		}
		if kept != nil {
			sealed = append(sealed, kept)
		}
	}
	// All that a commit writes for its entries is queued here: it costs no further round trip.
	batch := &pgx.Batch{}
	c.queueCommit(batch, c.queueSegments(batch, sealed), in.Runs)
	c.queueFailures(batch, sealed)
	c.queueTerms(batch, sealed, in.Terms)
	c.queueKeys(batch)
	c.queueStatistics(batch, sealed, in.Cells)
	if in.Beside != nil {
		if err := in.Beside(batch); err != nil {
			return fmt.Errorf("append what stands beside entries: %w", err)
		}
	}
	if err := c.tx.Send(ctx, batch); err != nil {
		return fmt.Errorf("append entries: %w", err)
	}
	return nil
}

// queueSegments gives the places of the segments, packed.
func (c *Commit) queueSegments(batch *pgx.Batch, sealed []*Sealed) (places []byte) {
	for _, s := range sealed {
		id := queueSegment(batch, c.tx.TenantID(), c.No, nil, false, &s.segment, c.store.opt.Now())
		places = appendPlace(places, segmentPlace{last: s.segment.LastMicros, id: id, entries: s.segment.Entries})
	}
	return places
}

// queueCommit notes what the commit wrote.
func (c *Commit) queueCommit(batch *pgx.Batch, places []byte, runs []uuid.UUID) {
	ids := make([]byte, 0, len(uuid.Nil)*len(runs))
	for _, id := range runs {
		ids = append(ids, id[:]...)
	}
	if places == nil {
		places = []byte{}
	}
	batch.Queue(sqlAppendCommit, c.tx.TenantID(), c.No, c.store.opt.Now(), places, ids)
}

func queueSegment(batch *pgx.Batch, tenantID uuid.UUID, commitNo int64, commits []byte, compacted bool, e *segment.Encoded, now time.Time) uuid.UUID {
	id := nodeid.New(now)
	batch.Queue(sqlAppendSegment, tenantID, id, commitNo, timeOf(e.FirstMicros), timeOf(e.LastMicros), e.Entries,
		int32(e.Kinds), int32(e.Statuses), int64(e.Customers), int64(e.Integrations),
		compacted, e.Format, e.Checksum, e.Head, e.List, e.Tokens, e.Body, commits)
	return id
}

func (c *Commit) queueFailures(batch *pgx.Batch, sealed []*Sealed) {
	var f failures
	for _, s := range sealed {
		for i := range s.failures {
			f.add(&s.failures[i])
		}
	}
	if len(f.ids) > 0 {
		batch.Queue(sqlAppendFailures, c.tx.TenantID(), f.ats, f.ids, f.kinds, f.customers, f.integrations, f.apps, f.codes, f.errors)
	}
}

func (c *Commit) queueTerms(batch *pgx.Batch, sealed []*Sealed, more []term.Term) {
	n := len(more)
	for _, s := range sealed {
		n += len(s.terms)
	}
	if n == 0 {
		return
	}
	terms := append(make([]term.Term, 0, n), more...)
	for _, s := range sealed {
		terms = append(terms, s.terms...)
	}
	batch.Queue(sqlAppendTerms, append([]any{c.tx.TenantID(), c.No}, termColumns(term.Pack(terms))...)...)
}

// termColumns are rows of journal_term, column by column.
func termColumns(rows []term.Row) []any {
	buckets, days, packed := make([]int16, len(rows)), make([]time.Time, len(rows)), make([][]byte, len(rows))
	for i, r := range rows {
		buckets[i], days[i], packed[i] = r.Bucket, timeOf(r.Day), r.Packed
	}
	return []any{buckets, days, packed}
}

func (c *Commit) queueStatistics(batch *pgx.Batch, sealed []*Sealed, more []statistics.Cell) {
	var rows []statistics.Row
	for _, s := range sealed {
		rows = append(rows, s.cells...)
	}
	if len(more) > 0 {
		collector := statistics.NewCollector()
		for i := range more {
			collector.Add(&more[i])
		}
		rows = append(rows, collector.Pack()...)
	}
	if len(rows) > 0 {
		batch.Queue(statistics.SQLAppend, statistics.Columns(c.tx.TenantID(), c.No, rows)...)
	}
}

func (c *Commit) queueKeys(batch *pgx.Batch) {
	for i := range c.claims {
		if claim := &c.claims[i]; len(claim.order) > 0 {
			packed := make([]byte, 0, 8*len(claim.order))
			for _, h := range claim.order {
				packed = binary.BigEndian.AppendUint64(packed, h)
			}
			batch.Queue(sqlAppendKeys, c.tx.TenantID(), claim.day.Time(), c.No, packed)
		}
	}
}
