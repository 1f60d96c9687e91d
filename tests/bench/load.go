package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tests/harness"
	"github.com/weirhq/weir/tests/workload"
)

// baseline is a table that a service without segments would have.
type baseline struct {
	table, kind string
	// prefix is what a document begins with in PostgreSQL's binary form: jsonb has a version.
	prefix string
}

// baselines are compared with. Text is the least that PostgreSQL can do with documents, not even whether they are JSON is
// looked at: the limit holds for that. A table that can be asked for what is in them, as Weir can, has jsonb.
var baselines = [...]baseline{{"entry", "text", ""}, {"entry_jsonb", "jsonb", "\x01"}}

// load sends everything, a round to the service and the same round to each baseline. They take turns to begin.
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
	var took [1 + len(baselines)]workload.Latencies
	size, entries := 0, 0
	for i, spans := range b.plan() {
		batches := b.prepare(b.corpus, spans)
		for _, one := range batches {
			size, entries = size+len(one.ndjson), entries+one.entries
		}
		to := [1 + len(baselines)]*loading{&b.report.Service, &b.report.Baselines[0], &b.report.Baselines[1]}
		send := [1 + len(baselines)]func(ctx context.Context, sender int, one batch) error{post}
		for k := range baselines {
			send[1+k] = func(ctx context.Context, sender int, one batch) error { return copyBatch(ctx, conns[sender], k, one) }
		}
		for k := range to {
			k = (k + i) % len(to)
			if i == 0 { // to warm up
				to[k] = &loading{}
			}
			if err := b.phase(ctx, b.options.senders, to[k], &took[k], batches, send[k]); err != nil {
				return err
			}
		}
		if i == 0 {
			took = [1 + len(baselines)]workload.Latencies{}
		}
	}
	b.report.Bytes = size / entries
	b.report.Service.Requests = took[0].Summary()
	for k := range baselines {
		b.report.Baselines[k].Requests = took[1+k].Summary()
	}
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

// phase sends the batches by so many senders and adds what that took. It begins and ends with a checkpoint, and the last
// one counts: who writes pays for it, down to the disk, and not for what another has left to be written.
func (b *bench) phase(ctx context.Context, senders int, to *loading, took *workload.Latencies, batches []batch, send func(context.Context, int, batch) error) error {
	if err := b.checkpoint(ctx); err != nil {
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
	if err := b.checkpoint(ctx); err != nil {
		return err
	}
	r := round{Seconds: time.Since(began).Seconds(), CPU: b.usage().Since(before)}
	for _, one := range batches {
		r.Entries += one.entries
	}
	to.Rounds = append(to.Rounds, r)
	return context.Cause(ctx)
}

func (b *bench) checkpoint(ctx context.Context) error {
	if _, err := b.admin.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("make a checkpoint: %w", err)
	}
	return nil
}

func copyBatch(ctx context.Context, conn *pgx.Conn, to int, one batch) error {
	tag, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(one.copies[to]), fmt.Sprintf(copyRows, baselines[to].table))
	if err == nil && tag.RowsAffected() != int64(one.entries) {
		err = fmt.Errorf("%d of %d rows were copied", tag.RowsAffected(), one.entries)
	}
	return err
}

// createBaselines makes the tables that a service without segments would have: a row an entry, a partition a day, and an
// index for each way that lists are filtered. No policy, no constraint but NOT NULL, no text index.
func (b *bench) createBaselines(ctx context.Context) error {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for _, one := range baselines {
		_, err := b.plain.Exec(ctx, fmt.Sprintf(`CREATE TABLE %[1]s (
  tenant_id uuid NOT NULL, id uuid NOT NULL, occurred_at timestamptz NOT NULL, customer text NOT NULL, integration text NOT NULL,
  status text NOT NULL, status_code int, method text, endpoint text, url text, duration_ms double precision, document %[2]s NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE INDEX ON %[1]s (tenant_id, occurred_at);
CREATE INDEX ON %[1]s (tenant_id, customer, occurred_at);
CREATE INDEX ON %[1]s (tenant_id, integration, occurred_at);
CREATE INDEX ON %[1]s (tenant_id, status, occurred_at);`, one.table, one.kind))
		if err != nil {
			return fmt.Errorf("make a baseline's table: %w", err)
		}
		for i := -b.options.days - 1; i <= 1; i++ {
			from, to := today.AddDate(0, 0, i), today.AddDate(0, 0, i+1)
			name := pgx.Identifier{one.table + "_" + from.Format("20060102")}.Sanitize()
			if _, err := b.plain.Exec(ctx, fmt.Sprintf("CREATE TABLE %s PARTITION OF %s FOR VALUES FROM ('%s') TO ('%s')",
				name, one.table, from.Format(time.RFC3339), to.Format(time.RFC3339))); err != nil {
				return fmt.Errorf("make a baseline's partitions: %w", err)
			}
		}
	}
	return nil
}
