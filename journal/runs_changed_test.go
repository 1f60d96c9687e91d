package journal

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/tenant"
)

// runner commits runs of a tenant of its own, a minute passing with each commit, and knows which of them changed when.
type runner struct {
	*bundle
	store *Store
	logs  *Logs
	runs  *run.Store
	ctx   context.Context //nolint:containedctx // of the one tenant of a test

	tenant, flow uuid.UUID
	customers    []uuid.UUID
	now          time.Time
	last         int64
	changed      map[uuid.UUID]int64
}

func (b *bundle) runner(t require.TestingT) *runner {
	r := &runner{bundle: b, runs: run.NewStore(b.door), tenant: uuid.New(), flow: uuid.New(), customers: []uuid.UUID{uuid.New(), uuid.New()}, now: noon, changed: map[uuid.UUID]int64{}}
	r.store = b.another(func(o *Options) { o.Now = func() time.Time { return r.now } })
	r.logs = NewLogs(r.store, r.runs)
	r.ctx = tenant.WithPrincipal(context.Background(), tenant.System(r.tenant))
	r.exec(t, "INSERT INTO flow (tenant_id, id, key, name, created_at) VALUES ($1, $2, 'flow', 'Flow', now())", r.flow)
	for _, id := range r.customers {
		r.exec(t, "INSERT INTO customer (tenant_id, id, external_id, name, created_at) VALUES ($1, $2, $3, 'c', now())", id, id.String())
	}
	return r
}

func (r *runner) exec(t require.TestingT, sql string, args ...any) {
	require.NoError(t, r.door.Write(r.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, sql, append([]any{tx.TenantID()}, args...)...)
		return err
	}))
}

func (r *runner) commit(t require.TestingT, runs []run.FlowRunEvent, nodes []run.NodeRunEvent) {
	r.now = r.now.Add(time.Minute)
	require.NoError(t, r.door.Write(r.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		c, err := r.store.Begin(ctx, tx, nil)
		if err != nil {
			return err
		}
		done, err := r.runs.Apply(ctx, tx, c.No, runs, nodes)
		if err != nil {
			return err
		}
		r.last = c.No
		for _, id := range done.Changed {
			r.changed[id] = c.No
		}
		return c.Append(ctx, Batch{Runs: done.Changed})
	}))
}

func (r *runner) event(name string, at int, status run.Status) run.FlowRunEvent {
	return run.FlowRunEvent{ID: run.FlowRunID(r.tenant, name), ExternalID: name, At: noon.Add(time.Duration(at) * time.Second), RecordedAt: noon, FlowID: r.flow, Status: status}
}

func (r *runner) node(of string, name string, at int, status run.Status) run.NodeRunEvent {
	return run.NodeRunEvent{ID: run.NodeRunID(r.tenant, name), ExternalID: name, FlowRunID: run.FlowRunID(r.tenant, of), FlowRunExternalID: of,
		At: noon.Add(time.Duration(at) * time.Second), RecordedAt: noon, NodeKey: "step", Status: status}
}

// want are the runs that are there and changed after a commit, in the order of their last changes.
func (r *runner) want(t require.TestingT, after int64) []run.Changed {
	ids := make([]uuid.UUID, 0, len(r.changed))
	for id := range r.changed {
		ids = append(ids, id)
	}
	there, err := r.runs.ByIDs(r.ctx, ids)
	require.NoError(t, err)
	list := []run.Changed{}
	for id := range there {
		if r.changed[id] > after {
			list = append(list, run.Changed{No: r.changed[id], ID: id})
		}
	}
	slices.SortFunc(list, func(a, b run.Changed) int { return cmp.Or(cmp.Compare(a.No, b.No), bytes.Compare(a.ID[:], b.ID[:])) })
	return list
}

// read reads all runs that changed after a commit, page by page, and tells how many pages there were.
func (r *runner) read(t require.TestingT, after int64, read func(ctx context.Context, after int64, details bool) (Changes, error)) (list []run.Changed, pages int) {
	list = []run.Changed{}
	for more := true; more; pages++ {
		page, err := read(r.ctx, after, false)
		require.NoError(t, err)
		for _, c := range page.Items {
			require.Greater(t, c.No, after)
			require.LessOrEqual(t, c.No, page.Through)
			if c.Latest {
				list = append(list, run.Changed{No: c.No, ID: c.Run.ID})
			}
		}
		require.True(t, page.Through > after || !page.More)
		after, more = page.Through, page.More
	}
	require.Equal(t, r.last, after)
	return list, pages
}

// Whoever reads on behind any commit finds each run that changed since once, in the order of the last changes: whatever was
// said twice, came late, was forgotten by the log, erased or over since.
func TestRunsThatChangedAfterAnyCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	statuses := []run.Status{run.Queued, run.Running, run.Succeeded, run.Failed}
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		r := b.runner(t)
		for range rapid.IntRange(1, 16).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				require.NoError(t, r.store.forgetCommits(r.ctx, noon.Add(time.Duration(random.IntN(20))*time.Minute)))
			case 1:
				gone := pick(random, r.customers)
				r.exec(t, "DELETE FROM flow_run WHERE tenant_id = $1 AND customer_id = $2", gone)
				require.NoError(t, run.ForgetErased(r.ctx, r.door))
			case 2:
				_, err := r.runs.Expire(r.ctx, noon.Add(time.Duration(random.IntN(20))*time.Second), noon.Add(time.Duration(random.IntN(40))*time.Second), false)
				require.NoError(t, err)
			default:
				var runs []run.FlowRunEvent
				var nodes []run.NodeRunEvent
				for range random.IntN(3) {
					e := r.event(fmt.Sprint("r-", random.IntN(6)), random.IntN(60), pick(random, statuses))
					e.CustomerID, e.Input = r.customers[len(e.ExternalID+e.ExternalID[2:])%2], []byte(`{"a":1}`)
					runs = append(runs, e)
				}
				for range random.IntN(3) { // A node now and then says that it is another run's.
					nodes = append(nodes, r.node(fmt.Sprint("r-", random.IntN(6)), fmt.Sprint("n-", random.IntN(8)), random.IntN(60), pick(random, statuses)))
				}
				r.commit(t, runs, nodes)
			}
		}
		for _, after := range []int64{0, r.last, random.Int64N(r.last + 1), random.Int64N(r.last + 1)} {
			want := r.want(t, after)
			got, _ := r.read(t, after, r.logs.RunsChanged)
			require.Equal(t, want, got, "after %d", after)
			got, _ = r.read(t, after, r.logs.Changes)
			require.Equal(t, want, got, "with entries, after %d", after)
		}
		_, err := r.logs.RunsChanged(r.ctx, r.last+1, false)
		require.True(t, errs.Is(err, errs.Conflict), "%v", err)
	})
}

// Many are read in pages, and one that changes in each page is told once, where it changed last.
func TestManyRunsThatChangedAreReadInPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(t)
	const commits, each = 18, 260
	for i := range commits {
		var runs []run.FlowRunEvent
		for j := range each {
			runs = append(runs, r.event(fmt.Sprint(i, "-", j), i, run.Running))
		}
		r.commit(t, append(runs, r.event("always", i, []run.Status{run.Queued, run.Running}[min(i, 1)])), []run.NodeRunEvent{r.node("always", fmt.Sprint("n-", i), i, run.Running)})
	}
	want := r.want(t, 0)
	require.Len(t, want, commits*each+1)
	require.Equal(t, int64(commits), want[len(want)-1].No)
	for _, how := range []string{"logged", "packed", "packed and logged"} {
		for _, read := range []func(context.Context, int64, bool) (Changes, error){r.logs.RunsChanged, r.logs.Changes} {
			for after := range r.last + 1 {
				if after%5 != 0 {
					continue
				}
				got, pages := r.read(t, after, read)
				require.Equal(t, r.want(t, after), got, "%s, after %d", how, after)
				if after == 0 {
					require.Greater(t, pages, 1, how)
				}
			}
		}
		if how == "logged" {
			require.NoError(t, r.store.forgetCommits(r.ctx, r.now.Add(time.Hour)))
		} else {
			r.commit(t, []run.FlowRunEvent{r.event("3-7", 50, run.Failed), r.event("new", 50, run.Running)}, nil)
		}
	}
}

// What is written of changes goes with the runs.
func TestChangesOfRunsGoWithThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(t)
	count := func(sql string) (n int) {
		require.NoError(t, r.door.Read(r.ctx, func(ctx context.Context, tx *tenant.Tx) error {
			return tx.Pgx().QueryRow(ctx, "SELECT "+sql+" FROM flow_run_change WHERE tenant_id = $1", tx.TenantID()).Scan(&n)
		}))
		return n
	}
	mine, other := r.event("mine", 1, run.Running), r.event("other", 2, run.Running)
	mine.CustomerID, other.CustomerID = r.customers[0], r.customers[1]
	r.commit(t, []run.FlowRunEvent{mine, other}, nil)
	require.NoError(t, r.store.forgetCommits(r.ctx, r.now.Add(time.Hour)))
	require.Equal(t, 2, count("count(*)"), "from where on they are known, and they")
	both := count("max(length(changes))")

	r.exec(t, "DELETE FROM flow_run WHERE tenant_id = $1 AND customer_id = $2", r.customers[0])
	_, err := r.store.EraseCustomer(r.ctx, r.customers[0])
	require.NoError(t, err)
	require.Less(t, count("max(length(changes))"), both, "of who was erased nothing is left")
	require.Zero(t, count(fmt.Sprintf("count(*) FILTER (WHERE position(decode('%x', 'hex') IN changes) > 0)", mine.ID[:])))
	require.Equal(t, 1, count(fmt.Sprintf("count(*) FILTER (WHERE position(decode('%x', 'hex') IN changes) > 0)", other.ID[:])))

	_, err = r.runs.Expire(r.ctx, r.now, r.now, false)
	require.NoError(t, err)
	require.Equal(t, 2, count("count(*)"), "a sender's clock may be ahead")
	_, err = r.runs.Expire(r.ctx, r.now.Add(25*time.Hour), r.now, false)
	require.NoError(t, err)
	require.Zero(t, count("count(*)"))

	// From then on it begins anew.
	r.commit(t, []run.FlowRunEvent{{ID: nodeid.New(noon), At: noon, RecordedAt: noon, FlowID: r.flow, Status: run.Running}}, nil)
	require.NoError(t, r.store.forgetCommits(r.ctx, r.now.Add(time.Hour)))
	for after := range r.last + 1 {
		got, _ := r.read(t, after, r.logs.RunsChanged)
		require.Equal(t, r.want(t, after), got)
	}
}
