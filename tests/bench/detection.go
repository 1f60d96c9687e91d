package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/detect"
	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
	"github.com/weirhq/weir/tests/workload"
)

const (
	// moreTraffic is how much larger the largest of the three scales is than the smallest, and limitLook how many times as
	// long a look at it may take. The failures are the same.
	moreTraffic = 100
	limitLook   = 2.0
	// limitDiagnosis is how many times the processor time of ingestion it may take with diagnosis.
	limitDiagnosis = 1.05
	// looks is how many minutes are looked at after the first one, which reads the history.
	looks = 90
	// live is the time that the entries of a turn are of: about as long as they take to be sent.
	live = 10 * time.Second
	// turns is how many turns of ingestion of each are counted. Each sends all entries, for what busy tenants have is counted
	// every ten seconds: a turn that is shorter counts more often than a load that lasts.
	turns = 3
)

// measureDetection measures what finding problems costs: first the looks at what happened over time, which must cost what
// failures cost and not what traffic does, then what diagnosis adds to ingestion.
func measureDetection(ctx context.Context, o options, out io.Writer) error {
	if err := withStatistics(ctx, o, func(s *scaling) error { return s.measureLooks(ctx, out) }); err != nil {
		return fmt.Errorf("looks: %w", err)
	}
	return measureDiagnosis(ctx, o, out)
}

// found counts what detectors tell.
type found struct{ conditions int }

func (f *found) Observe(_ context.Context, _ []diagnostics.Category, list []issues.Condition) error {
	f.conditions += len(list)
	return nil
}

// looking is what looking at one tenant took.
type looking struct {
	entries, conditions int
	first               time.Duration
	each                workload.Quantiles
}

func (s *scaling) measureLooks(ctx context.Context, out io.Writer) error {
	t := workload.NewTable(out)
	t.Row(fmt.Sprintf("looks at one of %d tenants, %d days, as many failures at each scale", s.options.tenants, s.options.days),
		"entries", "first look, with the history, ms", "each minute after, ms: p50", "p95", "found")
	var all []looking
	for scale := 1; scale <= moreTraffic; scale *= 10 {
		id := uuid.New()
		as := tenant.WithPrincipal(ctx, tenant.System(id))
		if err := s.fillThin(as, id, scale); err != nil {
			return err
		}
		l, err := s.look(as)
		if err != nil {
			return err
		}
		l.entries = scale * s.options.entries
		all = append(all, l)
		t.Row("", fmt.Sprint(l.entries), fmt.Sprintf("%.0f", l.first.Seconds()*1000), fmt.Sprintf("%.2f", l.each.P50), fmt.Sprintf("%.2f", l.each.P95), fmt.Sprint(l.conditions))
	}
	last := all[len(all)-1]
	t.Row("ratio", fmt.Sprint(moreTraffic), fmt.Sprintf("%.1f", last.first.Seconds()/all[0].first.Seconds()), workload.AtMost("%.2f", last.each.P50/all[0].each.P50, limitLook))
	return t.Flush()
}

// fillThin writes the statistics of so many times the entries, with as many failures as of the entries once.
func (s *scaling) fillThin(ctx context.Context, id uuid.UUID, scale int) error {
	began := time.Now()
	corpus := simulate.NewCorpus(simulate.CorpusOptions{
		Seed: s.options.seed, Entries: scale * s.options.entries, Tenants: s.options.tenants, Days: s.options.days, End: s.end,
	})
	failures := 0
	if err := s.write(ctx, corpus, 0, id, func(e *simulate.Entry) bool {
		if e.Status != "failure" {
			return true
		}
		failures++
		return failures%scale == 0
	}); err != nil {
		return err
	}
	if _, err := s.store.Compact(ctx, s.end); err != nil {
		return err
	}
	_, err := s.admin.Exec(ctx, "VACUUM ANALYZE")
	fmt.Fprintf(os.Stderr, "%d entries %20.1f s\n", corpus.Len()*s.options.tenants, time.Since(began).Seconds())
	return err
}

// look looks at the tenant of the context as a service does that has just started, and then once a minute.
func (s *scaling) look(ctx context.Context) (l looking, err error) {
	now, list := s.end, &found{}
	detector := detect.New(detect.Deps{Door: s.door, Statistics: s.store, Issues: list, Now: func() time.Time { return now }})
	var each workload.Latencies
	for i := range looks + 1 {
		began := time.Now()
		if err := detector.Detect(ctx); err != nil {
			return l, err
		}
		if i == 0 {
			l.first = time.Since(began)
		} else {
			each.Add(time.Since(began))
		}
		now = now.Add(time.Minute)
	}
	l.each, l.conditions = each.Summary(), list.conditions
	return l, nil
}

// measureDiagnosis sends entries of the last seconds to a service that looks for problems and, beside it, to one that does
// not, by turns. The first turn of each makes what is made once: the issues, and what is known of the problems.
func measureDiagnosis(ctx context.Context, o options, out io.Writer) (err error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close(context.WithoutCancel(ctx))) }()
	looking := b.service
	plain, err := b.binary.Serve(ctx, b.env().With("WEIR_DEBUG_ADDR", "").With("WEIR_DETECTION", "false").With("WEIR_ROLES", "api,ingest"))
	if err != nil {
		return err
	}
	b.Later(plain.Stop)
	took := map[bool]*loading{true: {}, false: {}}
	take := func(ctx context.Context, from, to int, took map[bool]*loading) error {
		for i := from; i < to; i++ {
			on := i%2 == 0
			if b.service = plain; on {
				b.service = looking
			}
			if err := b.turn(ctx, i, took[on], o.entries); err != nil {
				return err
			}
		}
		return nil
	}
	err = take(ctx, 0, 2, map[bool]*loading{true: {}, false: {}})
	if err == nil {
		err = b.counted(ctx, func(ctx context.Context) error { return take(ctx, 2, 2*(1+turns), took) })
	}
	b.service = looking
	return errors.Join(err, printDiagnosis(out, took))
}

func printDiagnosis(out io.Writer, took map[bool]*loading) error {
	t := workload.NewTable(out)
	t.Row("")
	t.Row("ingestion", "entries/s", "CPU µs an entry: service", "PostgreSQL", "both")
	var both [2]float64
	for i, on := range []bool{true, false} {
		total := took[on].total()
		each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(total.Entries) }
		both[i] = each(total.CPU.Service + total.CPU.Postgres)
		t.Row(map[bool]string{true: "with diagnosis", false: "without"}[on], fmt.Sprintf("%.0f", total.rate()),
			fmt.Sprintf("%.1f", each(total.CPU.Service)), fmt.Sprintf("%.1f", each(total.CPU.Postgres)), fmt.Sprintf("%.1f", both[i]), "rounds: "+costs(took[on]))
	}
	t.Row("ratio", "", "", "", workload.AtMost("%.3f", both[0]/both[1], limitDiagnosis))
	return t.Flush()
}

// costs are the processor times of an entry in each round, in microseconds.
func costs(l *loading) string {
	var each []string
	for _, r := range l.Rounds {
		each = append(each, fmt.Sprintf("%.1f+%.1f", r.CPU.Service.Seconds()*1e6/float64(r.Entries), r.CPU.Postgres.Seconds()*1e6/float64(r.Entries)))
	}
	return strings.Join(each, " ")
}

// turn sends so many entries of the last seconds, and waits until what was found of them is counted: that belongs to them.
func (b *bench) turn(ctx context.Context, seed int, to *loading, entries int) error {
	corpus := simulate.NewCorpus(simulate.CorpusOptions{
		Seed: b.options.seed + uint64(seed) + 1, Entries: entries, Tenants: b.options.tenants, Span: live, End: time.Now(), //nolint:gosec // a few
	})
	batches := b.prepare(corpus, b.spans(corpus, b.options.batch))
	before := b.usage()
	if err := b.phase(ctx, b.options.senders, to, &workload.Latencies{}, batches, b.post()); err != nil {
		return err
	}
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for waiting := 1; waiting > 0; <-again.C {
		if err := b.admin.QueryRow(ctx, "SELECT count(*) FROM finding").Scan(&waiting); err != nil {
			return err
		}
	}
	last := &to.Rounds[len(to.Rounds)-1]
	last.CPU = b.usage().Since(before)
	return nil
}
