package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/shape"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// statisticsDays is how long statistics are kept, in days. A tenant that keeps entries for longer than is usual keeps
// statistics for longer by as much: they always outlive entries.
const statisticsDays = 400

// shapeDays is for how many days the form of an answer is remembered that nobody saw since.
const shapeDays = 30

// Removal is what goes of a table, or would go.
type Removal struct {
	// Tenant is a slug, or "" of what is of no one tenant.
	Tenant string `json:"tenant,omitempty"`
	Table  string `json:"table"`
	// Kind is that of log entries, where the table has several.
	Kind string `json:"kind,omitempty"`
	// What is "entries", "payloads" (headers and bodies of what stays), "rows" or "partition".
	What  string `json:"what"`
	Count int    `json:"count"`
	// Partition is the table that is dropped, with Bytes in it.
	Partition string `json:"partition,omitempty"`
	Bytes     int64  `json:"bytes,omitempty"`
}

// Retention removes what is over.
type Retention struct {
	tenants    *tenant.Store
	journal    *journal.Store
	runs       *run.Store
	statistics *statistics.Store
	issues     *issues.Store
	shapes     *shape.Store
	door       *tenant.Door
	now        func() time.Time
}

// WithRetention opens what Retention needs for as long as fn takes, for commands.
func (d *Database) WithRetention(ctx context.Context, log *slog.Logger, now func() time.Time, fn func(r *Retention, s *tenant.Store) error) error {
	return d.withDoor(ctx, func(door *tenant.Door) error {
		tenants := tenant.NewStore(door, now)
		r := &Retention{tenants, journal.NewStore(door, journal.Options{Now: now, Logger: log}), run.NewStore(door), statistics.NewStore(door, log), issues.NewStore(issues.Deps{Door: door, Now: now, Log: log}), shape.NewStore(shape.Deps{Door: door, Log: log}), door, now}
		return fn(r, tenants)
	})
}

// Partitions drops the days of which no tenant keeps anything. With dry it only tells which.
func (r *Retention) Partitions(ctx context.Context, dry bool) ([]Removal, error) {
	do := r.journal.DropPartitions
	if dry {
		do = r.journal.OldPartitions
	}
	list, err := do(ctx)
	out := make([]Removal, len(list))
	for i, p := range list {
		out[i] = Removal{Table: p.Parent, What: "partition", Count: 1, Partition: p.Name, Bytes: p.Bytes}
	}
	return out, err
}

// Tenant removes what of the context's tenant is over, and tells what went, also when it fails in between. With dry it only
// tells what would.
func (r *Retention) Tenant(ctx context.Context, slug string, dry bool) (out []Removal, err error) {
	policies, err := r.tenants.Retention(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the retention policies: %w", err)
	}
	kept := journal.RetentionOf(policies, r.now())
	note := func(table, kind, what string, n int) {
		if n > 0 {
			out = append(out, Removal{Tenant: slug, Table: table, Kind: kind, What: what, Count: n})
		}
	}
	entries, err := r.journal.Expire(ctx, kept, dry)
	noteEntries(&entries, note)
	if err != nil {
		return out, err
	}
	runs, err := r.runs.Expire(ctx, kept.Entries(entry.KindFlowRun).Time(), kept.Payloads(entry.KindFlowRun).Time(), dry)
	name := entry.KindFlowRun.String()
	note("flow_run", name, "entries", runs.Runs)
	note("node_run", name, "rows", runs.NodeRuns)
	note("flow_run", name, "payloads", runs.Payloads)
	if err != nil {
		return out, err
	}
	told, err := r.tenants.ExpireAudit(ctx, dry)
	note("audit_entry", "", "rows", told)
	if err != nil {
		return out, err
	}
	figures, err := r.statistics.Expire(ctx, statisticsFrom(&kept, r.now()), dry)
	note("statistic", "", "rows", figures.Waiting)
	note("statistic_minute", "", "rows", figures.Minutes)
	note("statistic_rollup", "", "rows", figures.Rollups)
	if err != nil {
		return out, err
	}
	notified, err := notify.Expire(ctx, r.door, r.now().AddDate(0, 0, -notificationDays), dry)
	note("notification", "", "rows", notified)
	if err != nil {
		return out, err
	}
	rules, err := alarm.Expire(ctx, r.door, r.now().AddDate(0, 0, -notificationDays), dry)
	note("alarm_rule", "", "rows", rules)
	if err != nil || dry {
		return out, err
	}
	forgotten, err := r.shapes.Expire(ctx, r.now().AddDate(0, 0, -shapeDays))
	if note("response_shape", "", "rows", int(forgotten)); err != nil {
		return out, err
	}
	// Of problems nothing is left but their numbers, and those of what is over for as long as statistics.
	return out, r.issues.Expire(ctx, statisticsFrom(&kept, r.now()))
}

func noteEntries(e *journal.Expired, note func(table, kind, what string, n int)) {
	note("journal_segment", "", "entries", e.Entries[0])
	for kind := entry.KindAPIRequest; kind <= entry.KindLogLine; kind++ {
		note("journal_segment", kind.String(), "entries", e.Entries[kind])
		note("journal_segment", kind.String(), "payloads", e.Payloads[kind])
		note("journal_failure", kind.String(), "rows", e.Failures[kind])
	}
	note("journal_term", "", "rows", e.Terms)
	note("journal_key", "", "rows", e.Keys)
}

// statisticsFrom is the first moment of which statistics are kept.
func statisticsFrom(kept *journal.Retention, now time.Time) time.Time {
	today := journal.DayOf(now)
	longer := max(0, today-kept.First()-tenant.DefaultDays)
	return (today - statisticsDays - longer).Time()
}

// retentionJobs is Retention as the jobs see it.
type retentionJobs struct {
	retention *Retention
	log       *slog.Logger
}

func (j retentionJobs) DropPartitions(ctx context.Context) error {
	list, err := j.retention.Partitions(ctx, false)
	j.report(ctx, list)
	return err
}

func (j retentionJobs) Expire(ctx context.Context) error {
	t, err := j.retention.tenants.Current(ctx)
	if errs.Is(err, errs.NotFound) {
		return nil // It was deleted since.
	}
	if err != nil {
		return fmt.Errorf("find whose entries are over: %w", err)
	}
	list, err := j.retention.Tenant(ctx, t.Slug, false)
	j.report(ctx, list)
	return err
}

func (j retentionJobs) report(ctx context.Context, list []Removal) {
	for _, r := range list {
		j.log.InfoContext(ctx, "removed what was over", "tenant", r.Tenant, "table", r.Table, "kind", r.Kind, "what", r.What,
			"count", r.Count, "partition", r.Partition, "bytes", r.Bytes)
	}
}
