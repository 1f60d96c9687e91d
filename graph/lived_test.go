package graph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/tenant"
)

// lived is an API whose time passes as a test says, for alarms and notifications, and what receivers were sent.
type lived struct {
	*bundle
	w   *world
	who *tenant.Principal
	ctx context.Context //nolint:containedctx // of the one tenant of a test

	mu   sync.Mutex
	now  time.Time
	sent []notify.Message
	// answer is what receivers say; nil is that they take all.
	answer func(m *notify.Message) notify.Result
}

func living(t *testing.T, change ...func(*notify.Options)) *lived {
	t.Helper()
	l := &lived{bundle: setup(t), now: noon}
	l.w = l.world(t, "acme")
	l.who, l.ctx = l.w.as(tenant.RoleDeveloper), l.system(t, l.w.tenant.ID)
	var err error
	options := notify.Options{
		Key: make([]byte, 32), Sender: l, PublicURL: "https://weir.example", Now: l.clock, Mail: true, Random: func() float64 { return 0.5 },
	}
	for _, c := range change {
		c(&options)
	}
	l.deps.Notifications, err = notify.NewStore(l.door, options)
	require.NoError(t, err)
	l.deps.Alarms = alarm.NewStore(l.door, alarm.Options{Figures: l.deps.Statistics, Teller: l.deps.Notifications, Now: l.clock})
	l.handler = NewHandler(l.deps)
	return l
}

func (l *lived) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *lived) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

// Send is the receivers.
func (l *lived) Send(_ context.Context, m *notify.Message) notify.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, *m)
	if l.answer == nil {
		return notify.Result{StatusCode: 200}
	}
	return l.answer(m)
}

// evaluate looks at the minutes until a time.
func (l *lived) evaluate(t *testing.T, at time.Time) {
	t.Helper()
	l.mu.Lock()
	l.now = at
	l.mu.Unlock()
	require.NoError(t, l.deps.Alarms.Evaluate(l.ctx))
}

// deliver sends what is due, and gives when something is again.
func (l *lived) deliver(t *testing.T) time.Time {
	t.Helper()
	next, err := l.deps.Notifications.Deliver(l.ctx)
	require.NoError(t, err)
	return next
}

// put stores requests of a customer and an integration, and runs of a flow, that happened at a time.
func (l *lived) put(t *testing.T, at time.Time, requests, failed int, durationMS float64, flow uuid.UUID) {
	t.Helper()
	var entries []*entry.Entry
	var runs []run.FlowRunEvent
	for i := range requests {
		moment := at.Add(time.Duration(i) * time.Millisecond)
		e := &entry.Entry{Head: entry.Head{
			ID: nodeid.New(moment), RecordedAt: moment.UnixMicro(), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, Direction: entry.Outbound, Method: "GET", Endpoint: "/a",
			StatusCode: 200, CustomerID: l.w.target.CustomerID, IntegrationID: l.w.target.IntegrationID, DurationMS: durationMS,
		}}
		status := run.Succeeded
		if i < failed {
			e.Status, e.StatusCode, e.ErrorKind, status = entry.StatusFailure, 500, entry.ErrorHTTP, run.Failed
		}
		entries = append(entries, e)
		if flow != uuid.Nil {
			runs = append(runs, run.FlowRunEvent{
				ID: nodeid.New(moment), ExternalID: fmt.Sprint(moment.UnixNano()), At: moment, RecordedAt: moment, FlowID: flow, CustomerID: l.w.target.CustomerID,
				IntegrationID: l.w.target.IntegrationID, Status: status, StartedAt: &moment, FinishedAt: &moment,
			})
		}
	}
	l.commit(t, l.w.tenant.ID, entries, runs, nil)
}

const createRule = `mutation($in: CreateAlarmRuleInput!) { createAlarmRule(input: $in) { alarmRule { id } userErrors { field message } } }`

// rule makes a rule of the metric with what more is said of it, and gives its input and id.
func (l *lived) rule(t *testing.T, name, metric, comparison string, threshold float64, more vars) (input vars, id string) {
	t.Helper()
	input = vars{"name": name, "metric": metric, "comparison": comparison, "threshold": threshold, "windowSeconds": 60, "endpointIds": []string{}}
	for key, value := range more {
		input[key] = value
	}
	made := l.get(t, l.who, createRule, vars{"in": input})
	require.Empty(t, made.list(t, "createAlarmRule.userErrors"))
	return input, made.text(t, "createAlarmRule.alarmRule.id")
}

// firing are the names of the rules that fire now.
func (l *lived) firing(t *testing.T) (names []string) {
	t.Helper()
	for _, one := range l.get(t, l.who, `{ alarms(status: FIRING, first: 100) { nodes { rule { name } } } }`, nil).list(t, "alarms.nodes") {
		names = append(names, one.(map[string]any)["rule"].(map[string]any)["name"].(string))
	}
	slices.Sort(names)
	return names
}

// Every metric by every filter: rules that are about what happens fire, those about something else do not; and rules that
// watch for too little, or for silence, fire on nothing.
func TestEveryMetricByEveryFilter(t *testing.T) {
	t.Parallel()
	l := living(t)
	other := l.name(t, l.w.tenant.ID, "globex", "hubspot")
	flow, flows := l.flows(t)
	id := nodeid.Format
	about := map[string][2]vars{
		"all":         {{}},
		"customer":    {{"customerId": id(nodeid.Customer, l.w.target.CustomerID)}, {"customerId": id(nodeid.Customer, other.CustomerID)}},
		"integration": {{"integrationId": id(nodeid.Integration, l.w.target.IntegrationID)}, {"integrationId": id(nodeid.Integration, other.IntegrationID)}},
		"flow":        {{"flowId": id(nodeid.Flow, flow)}, {"flowId": id(nodeid.Flow, flows)}},
		"kinds":       {{"kinds": []string{"API_REQUEST"}}, {"kinds": []string{"TRANSACTION", "EXTERNAL_EVENT"}}},
	}
	var want []string
	for filter, sides := range about {
		for _, m := range []struct {
			metric, comparison string
			threshold          float64
			onNothing          bool
		}{
			{"ERROR_RATE", "ABOVE", 0.4, false}, {"FAILURES", "ABOVE", 4, false}, {"VOLUME", "ABOVE", 9, false},
			{"VOLUME", "BELOW", 5, true}, {"SILENCE_SECONDS", "ABOVE", 30, true},
		} {
			for i, side := range sides {
				if side == nil {
					continue
				}
				name := fmt.Sprintf("%s %s by %s: %d", m.metric, m.comparison, filter, i)
				l.rule(t, name, m.metric, m.comparison, m.threshold, side)
				if m.onNothing == (i == 1) {
					want = append(want, name)
				}
			}
		}
		if filter != "flow" { // Runs have their own time.
			l.rule(t, "P95 by "+filter, "P95_MS", "ABOVE", 800, about[filter][0])
			want = append(want, "P95 by "+filter)
		}
	}
	l.put(t, noon.Add(-55*time.Second), 6, 0, 10, flow)
	l.put(t, noon.Add(5*time.Second), 10, 5, 900, flow)
	l.evaluate(t, noon.Add(time.Minute+9*time.Second))
	require.NotContains(t, l.firing(t), "FAILURES ABOVE by all: 0", "its minute is looked at when its entries have arrived")
	l.evaluate(t, noon.Add(time.Minute+10*time.Second))
	slices.Sort(want)
	require.Equal(t, want, l.firing(t))
}

// flows are two flows of the world's customer and integration.
func (l *lived) flows(t *testing.T) (one, other uuid.UUID) {
	t.Helper()
	one, other = l.w.target.FlowID, uuid.New()
	require.NoError(t, l.door.Write(l.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "INSERT INTO flow (tenant_id, id, integration_id, key, name, created_at) VALUES ($1, $2, $3, 'another', 'Another', now())", tx.TenantID(), other, l.w.target.IntegrationID)
		return err
	}))
	return one, other
}

// Whatever happens in some hours and whenever it is looked at: trying a rule over them gives the alarms that were.
func TestABacktestIsWhatWasLivedThrough(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			l := living(t)
			type watched struct {
				input vars
				id    string
			}
			var rules []watched
			filters := []vars{{}, {"kinds": []string{"API_REQUEST"}}, {"kinds": []string{"FLOW_RUN"}}, {"flowId": nodeid.Format(nodeid.Flow, l.w.target.FlowID)},
				{"customerId": nodeid.Format(nodeid.Customer, l.w.target.CustomerID)}, {"integrationId": nodeid.Format(nodeid.Integration, l.w.target.IntegrationID)}}
			for metric, threshold := range map[string]float64{"ERROR_RATE": 0.3, "FAILURES": 4, "VOLUME": 12, "P95_MS": 400, "SILENCE_SECONDS": 120} {
				for _, comparison := range []string{"ABOVE", "BELOW"} {
					more := vars{"windowSeconds": 60 + random.IntN(600), "forSeconds": 60 * random.IntN(4)}
					for key, value := range filters[random.IntN(len(filters))] {
						more[key] = value
					}
					input, id := l.rule(t, metric+" "+comparison, metric, comparison, threshold, more)
					rules = append(rules, watched{input, id})
				}
			}
			length := 100
			l.storm(t, random, length)
			end := noon.Add(time.Duration(length)*time.Minute + alarm.Lag)
			l.evaluate(t, end)
			total := 0
			for _, r := range rules {
				total += l.compare(t, r.input, r.id)
			}
			require.Greater(t, total, 5, "nothing happened, so nothing was compared")
		})
	}
}

// storm has traffic of changing moods for so many minutes, which are looked at now and then, and rolled up.
func (l *lived) storm(t *testing.T, random *rand.Rand, length int) {
	t.Helper()
	bad, quiet := false, false
	for minute := range length {
		at := noon.Add(time.Duration(minute) * time.Minute)
		if random.IntN(12) == 0 {
			bad = !bad
		}
		if random.IntN(15) == 0 {
			quiet = !quiet
		}
		if n := random.IntN(10); n > 0 && !quiet {
			failed, took := 0, 50+100*random.Float64()
			if bad {
				failed, took = random.IntN(n+1), 1000*random.Float64()
			}
			l.put(t, at.Add(time.Duration(random.IntN(59))*time.Second), n, failed, took, l.w.target.FlowID)
		}
		if random.IntN(4) == 0 {
			l.evaluate(t, at.Add(time.Minute+alarm.Lag+time.Duration(random.IntN(40))*time.Second))
		}
		if random.IntN(40) == 0 {
			_, err := l.deps.Statistics.Compact(l.ctx, at.Truncate(time.Hour))
			require.NoError(t, err)
		}
	}
}

// compare tells how often a rule fired, which must be as often as trying it gives.
func (l *lived) compare(t *testing.T, input vars, id string) int {
	t.Helper()
	var were []any
	for _, one := range l.get(t, l.who, `{ alarms(first: 100) { nodes { firedAt resolvedAt peak rule { id } } } }`, nil).list(t, "alarms.nodes") {
		a := one.(map[string]any)
		if a["rule"].(map[string]any)["id"] == id {
			delete(a, "rule")
			were = append(were, a)
		}
	}
	slices.Reverse(were)
	would := l.get(t, l.who, `query($in: CreateAlarmRuleInput!, $r: TimeRange!) { alarmBacktest(input: $in, range: $r) { firedAt resolvedAt peak } }`,
		vars{"in": input, "r": vars{"from": noon.Add(-time.Minute), "to": noon.Add(24 * time.Hour)}}).list(t, "alarmBacktest")
	require.Len(t, would, len(were), "%v", input)
	for i := range were {
		require.Equal(t, were[i], would[i], "%v", input)
	}
	return len(were)
}
