package directory_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
)

var (
	acme    = directory.Ref{Customer: "acme"}
	acmeCRM = directory.Ref{Customer: "acme", Integration: "crm"}
	feed    = directory.Ref{Customer: "acme", Integration: "crm", DataSource: "feed"}
	sync    = directory.Ref{Flow: "sync", Integration: "crm"}
)

// drawState draws a message about one of four things, at a given second.
func drawState(t *rapid.T, second int) (directory.Ref, directory.StateEvent) {
	e := directory.StateEvent{At: start.Add(time.Duration(second) * time.Second)}
	text := func(label string) *string {
		return rapid.Ptr(rapid.SampledFrom([]string{"a", "b", "c"}), true).Draw(t, label)
	}
	list := func(label string) []string {
		return rapid.SampledFrom([][]string{nil, {}, {"x"}, {"x", "y"}}).Draw(t, label)
	}
	at := func(label string) *time.Time {
		return rapid.Ptr(rapid.SampledFrom([]time.Time{start, start.Add(time.Hour)}), true).Draw(t, label)
	}
	switch rapid.SampledFrom([]string{"customer", "app", "flow", "source"}).Draw(t, "what") {
	case "customer":
		e.Customer = &directory.CustomerState{Name: text("name")}
		if n := rapid.IntRange(0, 2).Draw(t, "attributes"); n > 0 {
			e.Customer.Attributes = json.RawMessage(fmt.Sprintf(`{"n": %d}`, n))
		}
		return acme, e
	case "app":
		e.ConnectedApp = &directory.ConnectedAppState{
			Status:  rapid.SampledFrom([]directory.ConnectedAppStatus{directory.Connected, directory.NeedsReauth, directory.Disconnected}).Draw(t, "status"),
			Account: text("account"), Scopes: list("scopes"), Reason: text("reason"), CredentialsExpireAt: at("expire"),
		}
		return acmeCRM, e
	case "flow":
		e.Flow = &directory.FlowState{Name: text("name"), Enabled: rapid.Ptr(rapid.Bool(), true).Draw(t, "enabled")}
		if rapid.Bool().Draw(t, "trigger") {
			e.Flow.Trigger = &directory.FlowTrigger{
				Kind:       rapid.Ptr(rapid.SampledFrom([]directory.TriggerKind{directory.TriggerSchedule, directory.TriggerAPI}), true).Draw(t, "kind"),
				EventTypes: list("types"), Schedule: text("schedule"), Filter: text("filter"),
			}
		}
		return sync, e
	}
	e.DataSource = &directory.DataSourceState{
		Mode:       rapid.Ptr(rapid.SampledFrom([]directory.DataSourceMode{directory.ModeWebhook, directory.ModePull}), true).Draw(t, "mode"),
		State:      rapid.Ptr(rapid.SampledFrom([]directory.SubscriptionState{directory.StateActive, directory.StateFailed}), true).Draw(t, "state"),
		EventTypes: list("types"), Reason: text("reason"), ExpiresAt: at("expires"),
		PullIntervalS: rapid.Ptr(rapid.IntRange(1, 3), true).Draw(t, "interval"),
	}
	return feed, e
}

// rowsOf is all rows that the states are about, as JSON, without when they were made.
func (b *bundle) rowsOf(t require.TestingT) string {
	p := func(v any, err error) string {
		require.NoError(t, err)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return string(text)
	}
	flow := directory.FlowID(b.tenantID, "sync")
	apps, err := b.store.ConnectedAppsOf(b.ctx, []uuid.UUID{directory.CustomerID(b.tenantID, "acme")}, directory.Head{First: 10})
	require.NoError(t, err)
	ids := []uuid.UUID{}
	for _, list := range apps {
		for _, a := range list.Items {
			ids = append(ids, a.ID)
		}
	}
	customers, errC := b.store.CustomersByIDs(b.ctx, []uuid.UUID{directory.CustomerID(b.tenantID, "acme")})
	flows, errF := b.store.FlowsByIDs(b.ctx, []uuid.UUID{flow})
	sources, errS := b.store.DataSourcesOf(b.ctx, ids)
	return p(customers, errC) + p(flows, errF) + p(apps, nil) + p(sources, errS)
}

func TestStatesDoNotDependOnTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "events")
		order := rapid.Permutation(ascending(n)).Draw(t, "order")
		split := rapid.IntRange(0, n).Draw(t, "split")
		refs, states := make([]directory.Ref, n), make([]directory.StateEvent, n)
		for i := range n {
			refs[i], states[i] = drawState(t, i)
		}
		var outcomes []string
		for _, permuted := range []bool{false, true} {
			run := b.another(t)
			for _, part := range [][]int{order[:split], order[split:]} {
				var r []directory.Ref
				var s []directory.StateEvent
				for _, i := range part {
					if !permuted {
						i = indexOf(order, i)
					}
					r, s = append(r, refs[i]), append(s, states[i])
				}
				run.apply(t, run.process(), r, s)
			}
			outcomes = append(outcomes, strings.ReplaceAll(run.rowsOf(t), run.tenantID.String(), "tenant"))
		}
		require.Equal(t, anonymous(outcomes[0]), anonymous(outcomes[1]))
	})
}

func TestASecondTimeChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		run := b.another(t)
		ref, state := drawState(t, 1)
		_, changed := run.apply(t, run.process(), []directory.Ref{ref, ref}, []directory.StateEvent{state, state})
		require.Equal(t, []bool{true, false}, changed, "the first makes the row")
		before := run.rowsOf(t)
		_, changed = run.apply(t, run.process(), []directory.Ref{ref}, []directory.StateEvent{state})
		require.Equal(t, []bool{false}, changed)
		require.Equal(t, before, run.rowsOf(t))
	})
}

func TestSinceWhenAStatusHolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	report := func(status directory.ConnectedAppStatus, reason *string, minute int) bool {
		_, changed := b.apply(t, b.process(), []directory.Ref{acmeCRM}, []directory.StateEvent{{
			At:           start.Add(time.Duration(minute) * time.Minute),
			ConnectedApp: &directory.ConnectedAppState{Status: status, Reason: reason},
		}})
		return changed[0]
	}
	id := b.ingest(t, b.store, acmeCRM)[0].ConnectedAppID
	check := func(status directory.ConnectedAppStatus, minute int, reason *string) {
		t.Helper()
		a := b.app(t, id)
		require.Equal(t, status, a.Status)
		require.Equal(t, start.Add(time.Duration(minute)*time.Minute), a.StatusChangedAt.UTC())
		require.Equal(t, reason, a.Reason)
	}
	require.True(t, report(directory.NeedsReauth, ptr("expired"), 10))
	check(directory.NeedsReauth, 10, ptr("expired"))
	require.False(t, report(directory.NeedsReauth, nil, 20), "the same again is no news")
	check(directory.NeedsReauth, 10, ptr("expired"))
	require.True(t, report(directory.Connected, nil, 15), "a message that was overtaken")
	check(directory.NeedsReauth, 20, nil)
	require.False(t, report(directory.Connected, nil, 5))
	require.True(t, report(directory.Connected, nil, 30))
	check(directory.Connected, 30, nil)
	for minute := 31; minute < 100; minute++ {
		require.False(t, report(directory.Connected, nil, minute))
	}
	check(directory.Connected, 30, nil)
}

func TestATriggerOfAnotherKindIsAnotherTrigger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	say := func(at int, trigger directory.FlowTrigger) *directory.Flow {
		b.apply(t, b.store, []directory.Ref{sync}, []directory.StateEvent{{
			At: start.Add(time.Duration(at) * time.Second), Flow: &directory.FlowState{Trigger: &trigger},
		}})
		f, err := b.store.FlowByKey(b.ctx, "sync")
		require.NoError(t, err)
		return f
	}
	f := say(1, directory.FlowTrigger{Kind: ptr(directory.TriggerSchedule), Schedule: ptr("0 * * * *")})
	require.Equal(t, "0 * * * *", *f.Schedule)
	f = say(2, directory.FlowTrigger{Filter: ptr("amount > 5")})
	require.Equal(t, "0 * * * *", *f.Schedule)
	require.Equal(t, "amount > 5", *f.Filter)
	f = say(3, directory.FlowTrigger{Kind: ptr(directory.TriggerExternalEvent), EventTypes: []string{"won"}})
	require.Nil(t, f.Schedule)
	require.Nil(t, f.Filter)
	require.Equal(t, []string{"won"}, f.EventTypes)
}

func TestStatesThatCannotBeStored(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  directory.StateEvent
		fields []string
	}{
		{directory.StateEvent{Customer: &directory.CustomerState{Name: ptr(""), Attributes: json.RawMessage(`1`)}}, []string{"data.name", "data.attributes"}},
		{directory.StateEvent{ConnectedApp: &directory.ConnectedAppState{Status: "gone", Reason: ptr("\x00")}}, []string{"data.status", "data.reason"}},
		{directory.StateEvent{Flow: &directory.FlowState{Trigger: &directory.FlowTrigger{Kind: ptr(directory.TriggerKind("x")), EventTypes: []string{"a", ""}}}}, []string{"data.trigger.kind", "data.trigger.event_types.1"}},
		{directory.StateEvent{DataSource: &directory.DataSourceState{PullIntervalS: ptr(0), State: ptr(directory.SubscriptionState("x"))}}, []string{"data.state", "data.pull_interval_s"}},
		{directory.StateEvent{DataSource: &directory.DataSourceState{}}, nil},
	} {
		var fields []string
		for _, e := range errs.All(c.state.Validate()) {
			fields = append(fields, strings.Join(e.Field, "."))
		}
		require.Equal(t, c.fields, fields)
	}
}

// another is the bundle for a new tenant in the same database.
func (b *bundle) another(t *rapid.T) *bundle {
	next := *b
	next.tenantID = uuid.New()
	next.ctx = systemContext(t.Context(), next.tenantID)
	next.store = next.process()
	return &next
}

// anonymous takes out what differs between tenants: derived ids.
func anonymous(rows string) string {
	seen := map[string]string{}
	return uuidPattern.ReplaceAllStringFunc(rows, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("id-%d", len(seen))
		}
		return seen[id]
	})
}

func ascending(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func indexOf(list []int, value int) int {
	for i, v := range list {
		if v == value {
			return i
		}
	}
	return -1
}
