package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tests/harness"
	"github.com/weirhq/weir/tests/workload"
)

// load sends everything, a round to the service and the same round to the baseline, each after a checkpoint, so that
// neither pays for what the other has left to be written.
func (b *bench) load(ctx context.Context) error {
	conns := make([]*pgx.Conn, b.options.senders)
	for i := range conns {
		conn, err := b.connect(ctx, "baseline")
		if err != nil {
			return err
		}
		conns[i] = conn
	}
	post := b.post()
	var requests, copies workload.Latencies
	size, entries := 0, 0
	for i, spans := range b.plan() {
		batches := b.prepare(b.corpus, spans)
		for _, one := range batches {
			size, entries = size+len(one.ndjson), entries+one.entries
		}
		copyIn := func(ctx context.Context, sender int, one batch) error { return copyBatch(ctx, conns[sender], one) }
		service, baseline, took, tookCopy := &b.report.Service, &b.report.Baseline, &requests, &copies
		if i == 0 { // to warm up
			service, baseline, took, tookCopy = &loading{}, &loading{}, &workload.Latencies{}, &workload.Latencies{}
		}
		phases := []func() error{
			func() error { return b.phase(ctx, b.options.senders, service, took, batches, post) },
			func() error { return b.phase(ctx, b.options.senders, baseline, tookCopy, batches, copyIn) },
		}
		if i%2 == 1 {
			slices.Reverse(phases)
		}
		for _, do := range phases {
			if err := do(); err != nil {
				return err
			}
		}
	}
	b.report.Bytes = size / entries
	b.report.Service.Requests, b.report.Baseline.Requests = requests.Summary(), copies.Summary()
	return nil
}

// post sends batches to the service as it runs now, each by its tenant's key.
func (b *bench) post() func(ctx context.Context, sender int, one batch) error {
	clients := make([]*harness.Client, len(b.tenants))
	for i, t := range b.tenants {
		clients[i] = &harness.Client{URL: b.service.URL, Token: t.key, HTTP: b.http}
	}
	return func(ctx context.Context, _ int, one batch) error {
		return workload.Send(ctx, clients[one.tenant], one.ndjson, one.entries)
	}
}

// phase sends the batches by so many senders and adds what that took.
func (b *bench) phase(ctx context.Context, senders int, to *loading, took *workload.Latencies, batches []batch, send func(context.Context, int, batch) error) error {
	if _, err := b.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	runtime.GC() // what preparing has left behind
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	before, began := b.usage(), time.Now()
	for sender := range senders {
		wg.Go(func() {
			for ctx.Err() == nil {
				at := int(next.Add(1)) - 1
				if at >= len(batches) {
					return
				}
				start := time.Now()
				if err := send(ctx, sender, batches[at]); err != nil {
					cancel(err)
					return
				}
				took.Add(time.Since(start))
			}
		})
	}
	wg.Wait()
	r := round{Seconds: time.Since(began).Seconds(), CPU: b.usage().Since(before)}
	for _, one := range batches {
		r.Entries += one.entries
	}
	to.Rounds = append(to.Rounds, r)
	return context.Cause(ctx)
}

func copyBatch(ctx context.Context, conn *pgx.Conn, one batch) error {
	tag, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(one.copy), copyRows)
	if err == nil && tag.RowsAffected() != int64(one.entries) {
		err = fmt.Errorf("%d of %d rows were copied", tag.RowsAffected(), one.entries)
	}
	return err
}

// createBaseline makes the table that a service without segments would have: a row an entry, a partition a day, and an
// index for each way that lists are filtered. No policy, no constraint but NOT NULL, no text index.
func (b *bench) createBaseline(ctx context.Context) error {
	_, err := b.plain.Exec(ctx, `CREATE TABLE entry (
  tenant_id uuid NOT NULL, id uuid NOT NULL, occurred_at timestamptz NOT NULL, customer text NOT NULL, integration text NOT NULL,
  status text NOT NULL, status_code int, method text, endpoint text, url text, duration_ms double precision, document text NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE INDEX ON entry (tenant_id, occurred_at);
CREATE INDEX ON entry (tenant_id, customer, occurred_at);
CREATE INDEX ON entry (tenant_id, integration, occurred_at);
CREATE INDEX ON entry (tenant_id, status, occurred_at);`)
	if err != nil {
		return fmt.Errorf("make the baseline's table: %w", err)
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for i := -b.options.days - 1; i <= 1; i++ {
		from, to := today.AddDate(0, 0, i), today.AddDate(0, 0, i+1)
		name := pgx.Identifier{"entry_" + from.Format("20060102")}.Sanitize()
		if _, err := b.plain.Exec(ctx, fmt.Sprintf("CREATE TABLE %s PARTITION OF entry FOR VALUES FROM ('%s') TO ('%s')",
			name, from.Format(time.RFC3339), to.Format(time.RFC3339))); err != nil {
			return fmt.Errorf("make the baseline's partitions: %w", err)
		}
	}
	return nil
}
