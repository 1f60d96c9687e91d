package run

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// bundle is a tenant of its own in a database of its own.
type bundle struct {
	ctx   context.Context
	door  *tenant.Door
	store *Store
	flow  uuid.UUID
}

func setup(t *testing.T) *bundle {
	t.Helper()
	door := tenant.NewDoor(pgtest.New(t).Pool(t))
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	b := &bundle{door: door, store: NewStore(door)}
	b.enter(t)
	return b
}

// enter makes a new tenant and works for it from now on.
func (b *bundle) enter(t require.TestingT) {
	b.ctx = tenant.WithPrincipal(context.Background(), tenant.System(nodeid.New(noon)))
	b.flow = nodeid.New(noon)
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "INSERT INTO flow (tenant_id, id, key, name, created_at) VALUES ($1, $2, 'flow', 'Flow', $3)", tx.TenantID(), b.flow, noon)
		return err
	}))
}

func (b *bundle) apply(t require.TestingT, runs []FlowRunEvent, nodes []NodeRunEvent) (runChanged, nodeChanged []bool) {
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		done, err := b.store.Apply(ctx, tx, 1, runs, nodes)
		runChanged, nodeChanged = done.RunChanged, done.NodeChanged
		return err
	}))
	return runChanged, nodeChanged
}

func (b *bundle) runID(external string) uuid.UUID {
	p, _ := tenant.FromContext(b.ctx)
	return FlowRunID(p.TenantID, external)
}

func (b *bundle) runEvent(external string, at int, status Status) FlowRunEvent {
	when := noon.Add(time.Duration(at) * time.Second)
	return FlowRunEvent{ID: b.runID(external), ExternalID: external, At: when, RecordedAt: when, FlowID: b.flow, Status: status}
}

func TestANodeMayArriveBeforeItsRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	node := NodeRunEvent{ID: nodeid.New(noon), FlowRunID: b.runID("r"), FlowRunExternalID: "r", At: noon, RecordedAt: noon, NodeKey: "a", Status: Succeeded}
	b.apply(t, nil, []NodeRunEvent{node})

	_, err := b.store.ByExternalID(b.ctx, "r")
	require.True(t, errs.Is(err, errs.NotFound), "a run that only its node told of is not shown")
	nodes, err := b.store.NodeRunsByIDs(b.ctx, []uuid.UUID{node.ID})
	require.NoError(t, err)
	require.Empty(t, nodes)

	changed, _ := b.apply(t, []FlowRunEvent{b.runEvent("r", 5, Running)}, nil)
	require.Equal(t, []bool{true}, changed)
	r, err := b.store.ByExternalID(b.ctx, "r")
	require.NoError(t, err)
	require.Equal(t, Running, r.Status)
	require.Equal(t, noon, r.At, "it stands where it was first heard of")
	runs, err := b.store.NodeRuns(b.ctx, []uuid.UUID{r.ID})
	require.NoError(t, err)
	require.Len(t, runs[r.ID], 1)
}

func TestAMessageThatChangesNothingIsADuplicate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.runEvent("r", 0, Running)
	e.Input = json.RawMessage(`{"b":1, "a":2}`)
	e.Identifiers = []entry.Identifier{{Key: "order_id", Value: "A-1"}}
	changed, _ := b.apply(t, []FlowRunEvent{e, e}, nil)
	require.Equal(t, []bool{true, false}, changed)
	later := e
	later.At = e.At.Add(time.Minute)
	changed, _ = b.apply(t, []FlowRunEvent{e, later}, nil)
	require.Equal(t, []bool{false, false}, changed)

	payloads, err := b.store.Payloads(b.ctx, []uuid.UUID{e.ID})
	require.NoError(t, err)
	require.JSONEq(t, string(e.Input), string(payloads[e.ID].Input))
}

func TestARunThatEndedStaysEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.apply(t, []FlowRunEvent{b.runEvent("r", 10, Failed), b.runEvent("r", 20, Running), b.runEvent("r", 5, Succeeded)}, nil)
	r, err := b.store.ByExternalID(b.ctx, "r")
	require.NoError(t, err)
	require.Equal(t, Failed, r.Status, "of two final statuses the newer counts, and no other replaces one")
}

func TestRunsAreFoundByWhatIsAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 5 {
		e := b.runEvent(fmt.Sprint("r", i), i, []Status{Succeeded, Failed}[i%2])
		e.Identifiers = []entry.Identifier{{Key: "order_id", Value: fmt.Sprint("A-", i)}}
		e.Input = json.RawMessage(fmt.Sprintf(`{"note":"parcel number %d"}`, i))
		e.TriggerEvent = fmt.Sprint("ev-", i/2)
		b.apply(t, []FlowRunEvent{e}, nil)
	}
	list := func(q Query) []string {
		t.Helper()
		out := []string{}
		for {
			p, err := b.store.List(b.ctx, q)
			require.NoError(t, err)
			for _, r := range p.Items {
				out = append(out, r.ExternalID)
			}
			if !p.HasNext {
				return out
			}
			last := p.Items[len(p.Items)-1].Position()
			q.After = &last
		}
	}
	require.Equal(t, []string{"r4", "r3", "r2", "r1", "r0"}, list(Query{Size: 2}))
	require.Equal(t, []string{"r0", "r1", "r2", "r3", "r4"}, list(Query{Size: 2, Order: entry.OldestFirst}))
	require.Equal(t, []string{"r3", "r1"}, list(Query{Size: 1, Filter: Filter{Statuses: []Status{Failed}}}))
	require.Equal(t, []string{"r3"}, list(Query{Size: 9, Filter: Filter{Identifier: &entry.IdentifierFilter{Value: "A-3"}}}))
	require.Empty(t, list(Query{Size: 9, Filter: Filter{Identifier: &entry.IdentifierFilter{Key: "invoice_id", Value: "A-3"}}}))
	require.Equal(t, []string{"r4"}, list(Query{Size: 9, Filter: Filter{Search: `"parcel number 4"`}}))
	require.Equal(t, []string{"r1"}, list(Query{Size: 9, Filter: Filter{Range: entry.Range{From: noon.Add(time.Second), To: noon.Add(2 * time.Second)}}}))

	launched, err := b.store.LaunchedBy(b.ctx, []string{"ev-0", "ev-9"})
	require.NoError(t, err)
	require.Len(t, launched["ev-0"], 2)
	require.Empty(t, launched["ev-9"])

	b.enter(t)
	require.Empty(t, list(Query{Size: 9}), "another tenant sees none of them")
}

// message is one message about the run r or its node n, without what differs between tenants.
type message struct {
	at             int
	node           bool
	status         Status
	started, ended *int
	input, output  string
	attempt        *int
	parents        []string
	failure        string
	name           string
	identifier     string
	triggerEvent   string
}

func messages(t *rapid.T) []message {
	optional := func(label string) *int { return rapid.Ptr(rapid.IntRange(0, 50), true).Draw(t, label) }
	text := rapid.SampledFrom([]string{"", "", "x", "y", "z"})
	times := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7}).Draw(t, "times")
	var out []message
	for _, at := range times[:rapid.IntRange(1, len(times)).Draw(t, "messages")] {
		out = append(out, message{
			at: at, node: rapid.Bool().Draw(t, "node"), status: rapid.SampledFrom([]Status{Queued, Running, Succeeded, Failed}).Draw(t, "status"),
			started: optional("started"), ended: optional("ended"), input: text.Draw(t, "input"), output: text.Draw(t, "output"),
			attempt: optional("attempt"), parents: rapid.SampledFrom([][]string{nil, {}, {"p"}, {"p", "q"}}).Draw(t, "parents"),
			failure: text.Draw(t, "failure"), name: text.Draw(t, "name"), identifier: text.Draw(t, "identifier"), triggerEvent: text.Draw(t, "event"),
		})
	}
	return out
}

func (b *bundle) send(t require.TestingT, m message) {
	after := func(s *int) *time.Time {
		if s == nil {
			return nil
		}
		at := noon.Add(time.Duration(*s) * time.Second)
		return &at
	}
	raw := func(s string) json.RawMessage {
		if s == "" {
			return nil
		}
		return json.RawMessage(fmt.Sprintf("%q", s))
	}
	var failure *Error
	if m.failure != "" {
		failure = &Error{Code: "E", Message: m.failure}
	}
	at := noon.Add(time.Duration(m.at) * time.Second)
	if m.node {
		p, _ := tenant.FromContext(b.ctx)
		b.apply(t, nil, []NodeRunEvent{{
			ID: NodeRunID(p.TenantID, "n"), ExternalID: "n", FlowRunID: b.runID("r"), FlowRunExternalID: "r", At: at, RecordedAt: noon,
			NodeKey: "key", Name: m.name, Status: m.status, Parents: m.parents, Attempt: m.attempt, StartedAt: after(m.started),
			FinishedAt: after(m.ended), Input: raw(m.input), Output: raw(m.output), Error: failure,
		}})
		return
	}
	e := b.runEvent("r", m.at, m.status)
	e.RecordedAt, e.StartedAt, e.FinishedAt, e.Input, e.Output, e.Error = noon, after(m.started), after(m.ended), raw(m.input), raw(m.output), failure
	e.TriggerEvent = m.triggerEvent
	if m.identifier != "" {
		e.Identifiers = []entry.Identifier{{Key: "id", Value: m.identifier}}
	}
	b.apply(t, []FlowRunEvent{e}, nil)
}

// state is what is kept of the run and its node, without what differs between tenants.
func (b *bundle) state(t require.TestingT) string {
	var out string
	require.NoError(t, b.door.Read(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var runs []*runRow
		var nodes []*nodeRow
		if err := tx.Bun().NewSelect().Model(&runs).Scan(ctx); err != nil {
			return err
		}
		if err := tx.Bun().NewSelect().Model(&nodes).Scan(ctx); err != nil {
			return err
		}
		for _, r := range runs {
			if err := r.load(); err != nil {
				return err
			}
			r.TenantID, r.ID, r.FlowID, r.Packed, r.Tokens = none, none, none, nil, nil
			out += fmt.Sprintf("%+v %+v %+v %+v %s %s\n", *r, r.err, r.StartedAt, r.FinishedAt, r.payload.Input, r.payload.Output)
		}
		for _, n := range nodes {
			if err := n.load(); err != nil {
				return err
			}
			n.TenantID, n.ID, n.FlowRunID, n.Packed = none, none, none, nil
			out += fmt.Sprintf("%+v %+v %+v %+v %s %s\n", *n, n.err, n.StartedAt, n.FinishedAt, n.payload.Input, n.payload.Output)
		}
		return nil
	}))
	return pointers.ReplaceAllString(out, "*")
}

var pointers = regexp.MustCompile("0x[0-9a-f]+")

// Whatever the order in which messages arrive, the rows are the same.
func TestMessagesMayArriveInAnyOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		list := messages(t)
		b.enter(t)
		for _, m := range list {
			b.send(t, m)
		}
		want := b.state(t)
		b.enter(t)
		for _, m := range rapid.Permutation(list).Draw(t, "order") {
			b.send(t, m)
		}
		require.Equal(t, want, b.state(t))
	})
}
