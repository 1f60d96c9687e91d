package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tests/workload"
)

// sized sums what tables take on disk, with their indexes and all that is kept out of line: partitions under the name
// of their parent. Empty partitions count too.
const sized = `SELECT CASE WHEN root.relname LIKE 'journal%' OR root.relname LIKE 'statistic%' OR root.relname LIKE 'entry%' THEN root.relname::text ELSE 'all other tables' END AS name,
  sum(pg_total_relation_size(c.oid))::bigint AS bytes, sum(pg_indexes_size(c.oid))::bigint AS indexes
FROM pg_class c JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid), c.oid)
WHERE c.relkind = 'r' AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
GROUP BY 1 ORDER BY bytes DESC`

// tableSize is what a group of tables takes, in bytes; Indexes is a part of Bytes.
type tableSize struct {
	Name           string
	Bytes, Indexes int64
}

// measureDisk reads the sizes of all tables, once what is only in memory has been written.
func (b *bench) measureDisk(ctx context.Context, state string) error {
	for _, conn := range []*pgx.Conn{b.admin, b.plain} {
		if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
			return err
		}
		rows, err := conn.Query(ctx, sized)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tableSize])
		if err != nil {
			return err
		}
		where := &b.report.Disk
		if conn == b.plain {
			where = &b.report.BaselineDisk
		}
		*where = append(*where, sizes{State: state, Tables: tables})
	}
	return b.countAll(ctx)
}

// countAll is the bench's own check: the store must have exactly what was sent.
func (b *bench) countAll(ctx context.Context) error {
	total := 0
	for i := range b.tenants {
		buckets, err := b.store.Histogram(b.as(ctx, i), entry.Filter{Range: entry.Range{From: time.Now().AddDate(0, 0, -b.options.days-1)}}, 1)
		if err != nil {
			return err
		}
		for _, one := range buckets {
			total += one.Total
		}
	}
	if sent := b.corpus.Len() * b.options.tenants; total != sent {
		return fmt.Errorf("%d entries were acknowledged and %d are there", sent, total)
	}
	return nil
}

// compact merges the segments of all tenants, as the hourly job does, and lets PostgreSQL reuse the room.
func (b *bench) compact(ctx context.Context) error {
	before, began := b.usage(), time.Now()
	c := &b.report.Compaction
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for i := range b.tenants {
		for {
			done, err := b.store.Compact(b.as(ctx, i), time.Now())
			if err != nil {
				return err
			}
			c.add(done)
			if !done.Busy { // the service's own job is not at it
				break
			}
			<-again.C
		}
	}
	c.Seconds, c.CPU = time.Since(began).Seconds(), b.usage().Since(before)
	return b.vacuum(ctx)
}

// vacuum does what autovacuum would begin at any moment, so that it does not while queries are measured.
func (b *bench) vacuum(ctx context.Context) error {
	_, err := b.admin.Exec(ctx, "VACUUM (ANALYZE)")
	return err
}

// measurePacked measures the disk once more without the room that compaction has left for what comes next.
func (b *bench) measurePacked(ctx context.Context) error {
	for _, conn := range []*pgx.Conn{b.admin, b.plain} {
		if _, err := conn.Exec(ctx, "VACUUM FULL"); err != nil {
			return err
		}
	}
	return b.measureDisk(ctx, "packed")
}

// compaction is what compacting everything took.
type compaction struct {
	Seconds                       float64
	CPU                           workload.Usage
	SegmentsBefore, SegmentsAfter int
	BytesBefore, BytesAfter       int64
}

func (c *compaction) add(done journal.Compaction) {
	c.SegmentsBefore += done.SegmentsBefore
	c.SegmentsAfter += done.SegmentsAfter
	c.BytesBefore += done.BytesBefore
	c.BytesAfter += done.BytesAfter
}
