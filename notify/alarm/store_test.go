package alarm_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/notify/alarm"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var noon = time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)

// bundle is the rules of one tenant with a clock that stands still, and what was told.
type bundle struct {
	door    *tenant.Door
	journal *journal.Store
	figures *statistics.Store
	store   *alarm.Store
	ctx     context.Context //nolint:containedctx // of the one tenant of a test
	tenant  uuid.UUID
	now     time.Time
	mu      sync.Mutex
	told    []notify.Event
	changed []alarm.Alarm
	// followed are the alarms as somebody shows them who follows them, up to a number.
	followed map[uuid.UUID]*alarm.Alarm
	upTo     int64
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{door: tenant.NewDoor(pgtest.New(t).Pool(t)), tenant: uuid.New(), now: noon, followed: map[uuid.UUID]*alarm.Alarm{}}
	t.Cleanup(func() { require.NoError(t, b.door.Close()) })
	b.journal = journal.NewStore(b.door, journal.Options{Now: func() time.Time { return noon }})
	b.figures = statistics.NewStore(b.door, nil)
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenant))
	b.store = alarm.NewStore(b.door, alarm.Options{
		Figures: b.figures, Teller: b, Now: func() time.Time { return b.now },
		Changed: func(_ context.Context, _ *tenant.Tx, a *alarm.Alarm) error {
			b.changed = append(b.changed, *a)
			return nil
		},
		Committed: func(tenantID uuid.UUID, no int64) { b.follow(t, tenantID, no) },
	})
	t.Cleanup(func() { b.checkFollowed(t) })
	_, err := b.journal.EnsurePartitions(t.Context(), journal.DayOf(noon)-3, journal.DayOf(noon)+1)
	require.NoError(t, err)
	return b
}

// Tell hears what is told.
func (b *bundle) Tell(_ context.Context, _ *tenant.Tx, events ...notify.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, events...)
	return nil
}

func (b *bundle) kinds() (out []notify.Kind) {
	for _, e := range b.told {
		out = append(out, e.Kind)
	}
	return out
}

func request(at time.Time, integration uuid.UUID, failed bool) *entry.Entry {
	e := &entry.Entry{Head: entry.Head{
		ID: nodeid.New(at), Kind: entry.KindAPIRequest, Status: entry.StatusSuccess, Direction: entry.Outbound, Method: "GET", Endpoint: "/a", StatusCode: 200,
		CustomerID: uuid.UUID{1: 1, 6: 0x50, 8: 0x80}, IntegrationID: integration, DurationMS: 100,
	}}
	if failed {
		e.Status, e.StatusCode, e.ErrorKind, e.DurationMS = entry.StatusFailure, 500, entry.ErrorHTTP, 900
	}
	return e
}

func (b *bundle) put(t *testing.T, entries ...*entry.Entry) {
	t.Helper()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		c, err := b.journal.Begin(ctx, tx, nil)
		if err != nil {
			return err
		}
		return c.Append(ctx, journal.Batch{Loose: entries})
	}))
}

func (b *bundle) evaluate(t *testing.T, at time.Time) {
	t.Helper()
	b.now = at
	require.NoError(t, b.store.Evaluate(b.ctx))
}

func failures(above float64) alarm.CreateRuleInput {
	return alarm.CreateRuleInput{Name: "Too many failures", Condition: alarm.Condition{Metric: alarm.Failures, Comparison: alarm.Above, Threshold: above, WindowSeconds: 60}}
}

func TestARuleFiresAndResolves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.store.CreateRule(b.ctx, failures(2))
	require.NoError(t, err)
	for i := range 3 {
		b.put(t, request(noon.Add(time.Duration(60+i)*time.Second), uuid.Nil, true), request(noon.Add(70*time.Second), uuid.Nil, false))
	}
	b.evaluate(t, noon.Add(2*time.Minute+9*time.Second))
	require.Empty(t, b.told, "the minute is looked at when its entries have arrived")
	b.evaluate(t, noon.Add(2*time.Minute+10*time.Second))
	b.evaluate(t, noon.Add(2*time.Minute+40*time.Second))
	require.Equal(t, []notify.Kind{notify.AlarmFiring}, b.kinds())
	list, err := b.store.Alarms(b.ctx, alarm.Firing, page.Request{Size: 5})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	require.Equal(t, 3.0, list.Items[0].Value)
	require.Equal(t, noon.Add(2*time.Minute), list.Items[0].FiredAt)
	require.Equal(t, alarm.Firing, list.Items[0].Status())
	require.Equal(t, list.Items[0].ID, b.told[0].SubjectID)

	for i := range 7 {
		b.put(t, request(noon.Add(time.Duration(130+i)*time.Second), uuid.Nil, true))
	}
	b.evaluate(t, noon.Add(9*time.Minute))
	require.Equal(t, []notify.Kind{notify.AlarmFiring, notify.AlarmResolved}, b.kinds())
	require.True(t, b.told[1].Recovery)
	list, err = b.store.Alarms(b.ctx, alarm.Resolved, page.Request{Size: 5})
	require.NoError(t, err)
	require.Equal(t, 7.0, list.Items[0].Peak)
	require.Equal(t, noon.Add(6*time.Minute), *list.Items[0].ResolvedAt)
	require.Len(t, b.changed, 2)
	found, err := b.store.AlarmsByIDs(b.ctx, []uuid.UUID{list.Items[0].ID})
	require.NoError(t, err)
	require.Equal(t, r.ID, found[list.Items[0].ID].RuleID)
}

func TestSilenceFiresOnNothingToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.store.CreateRule(b.ctx, alarm.CreateRuleInput{Name: "Silence", Condition: alarm.Condition{
		Metric: alarm.SilenceSeconds, Comparison: alarm.Above, Threshold: 300, WindowSeconds: 60,
	}})
	require.NoError(t, err)
	b.evaluate(t, noon.Add(90*time.Second))
	require.Equal(t, []notify.Kind{notify.AlarmFiring}, b.kinds(), "there never was anything")
	b.put(t, request(noon.Add(100*time.Second), uuid.Nil, true))
	b.evaluate(t, noon.Add(6*time.Minute))
	require.Equal(t, []notify.Kind{notify.AlarmFiring, notify.AlarmResolved}, b.kinds())
	b.evaluate(t, noon.Add(7*time.Minute+10*time.Second))
	require.Len(t, b.told, 2)
	b.evaluate(t, noon.Add(8*time.Minute+10*time.Second))
	require.Equal(t, notify.AlarmFiring, b.told[2].Kind, "over 300 seconds after the last minute that had something")
}

func TestARuleCountsOnlyWhatItIsAbout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, other := uuid.New(), uuid.New()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "INSERT INTO integration (tenant_id, id, key, name, created_at) VALUES ($1, $2, 'hubspot', 'HubSpot', now())", b.tenant, one)
		return err
	}))
	about := failures(0)
	about.IntegrationID = one
	kinds := failures(0)
	kinds.Kinds = []entry.Kind{entry.KindTransaction}
	_, err := b.store.CreateRule(b.ctx, about)
	require.NoError(t, err)
	_, err = b.store.CreateRule(b.ctx, kinds)
	require.NoError(t, err)
	b.put(t, request(noon.Add(10*time.Second), other, true))
	b.evaluate(t, noon.Add(70*time.Second))
	require.Empty(t, b.told)
	b.put(t, request(noon.Add(90*time.Second), one, true))
	b.evaluate(t, noon.Add(130*time.Second))
	require.Len(t, b.told, 1)
	require.Equal(t, about.Name, func() string { list, _ := b.store.Rules(b.ctx, page.Request{Size: 1}); return list.Items[0].Name }())
}

// Over real statistics, rolled up meanwhile or not: trying a rule over the past gives the alarms that were.
func TestABacktestGivesTheAlarmsThatWere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	random := rand.New(rand.NewPCG(4, 2))
	inputs := []alarm.CreateRuleInput{failures(4)}
	for metric, threshold := range map[alarm.Metric]float64{alarm.ErrorRate: 0.3, alarm.Volume: 25, alarm.P95: 500, alarm.SilenceSeconds: 120} {
		inputs = append(inputs, alarm.CreateRuleInput{Name: string(metric), Condition: alarm.Condition{
			Metric: metric, Comparison: alarm.Above, Threshold: threshold, WindowSeconds: 180, ForSeconds: 60 * random.IntN(3),
		}})
	}
	var rules []*alarm.Rule
	for _, in := range inputs {
		r, err := b.store.CreateRule(b.ctx, in)
		require.NoError(t, err)
		rules = append(rules, r)
	}
	const length = 4 * time.Hour
	bad := false
	for at := noon; at.Before(noon.Add(length)); at = at.Add(time.Minute) {
		if random.IntN(15) == 0 {
			bad = !bad
		}
		var list []*entry.Entry
		for range random.IntN(20) {
			if random.IntN(3) > 0 {
				list = append(list, request(at.Add(time.Duration(random.IntN(60))*time.Second), uuid.Nil, bad && random.IntN(2) == 0))
			}
		}
		if random.IntN(20) == 0 || len(list) == 0 {
			continue
		}
		b.put(t, list...)
		if random.IntN(4) == 0 {
			b.evaluate(t, at.Add(time.Minute+alarm.Lag+time.Duration(random.IntN(40))*time.Second))
		}
		if random.IntN(60) == 0 {
			_, err := b.figures.Compact(b.ctx, at.Truncate(time.Hour))
			require.NoError(t, err)
		}
	}
	b.evaluate(t, noon.Add(length+time.Minute))
	total := 0
	for i, r := range rules {
		var were []alarm.FiringTime
		all, err := b.store.Alarms(b.ctx, "", page.Request{Size: 100})
		require.NoError(t, err)
		for n := range all.Items {
			if a := all.Items[len(all.Items)-1-n]; a.RuleID == r.ID {
				were = append(were, alarm.FiringTime{FiredAt: a.FiredAt, ResolvedAt: utc(a.ResolvedAt), Peak: a.Peak})
			}
		}
		would, err := b.store.Backtest(b.ctx, inputs[i], noon.Add(-time.Minute), noon.Add(48*time.Hour))
		require.NoError(t, err)
		require.Equal(t, were, would, r.Name)
		total += len(were)
	}
	require.Greater(t, total, 5, "nothing happened, so nothing was compared")
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	u := at.UTC()
	return &u
}

func TestRulesAreListedChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.store.CreateRule(b.ctx, failures(0))
	require.NoError(t, err)
	b.put(t, request(noon.Add(time.Second), uuid.Nil, true))
	b.evaluate(t, noon.Add(70*time.Second))
	require.Len(t, b.told, 1)

	off, name, most := false, "Other", 9.0
	changed, err := b.store.UpdateRule(b.ctx, alarm.UpdateRuleInput{ID: r.ID, Name: &name, Threshold: &most, Enabled: &off})
	require.NoError(t, err)
	require.Equal(t, "Other", changed.Name)
	require.False(t, changed.Enabled)
	require.Equal(t, notify.AlarmResolved, b.told[1].Kind, "what nobody watches does not fire")
	b.evaluate(t, noon.Add(5*time.Minute))
	require.Len(t, b.told, 2)

	second, err := b.store.CreateRule(b.ctx, failures(1))
	require.NoError(t, err)
	list, err := b.store.Rules(b.ctx, page.Request{Size: 1})
	require.NoError(t, err)
	require.Equal(t, 2, list.Total)
	rest, err := b.store.Rules(b.ctx, page.Request{Size: 1, After: list.Items[0].Cursor()})
	require.NoError(t, err)
	require.Equal(t, second.ID, rest.Items[0].ID)

	wrong, zero := "", 0
	_, err = b.store.UpdateRule(b.ctx, alarm.UpdateRuleInput{ID: r.ID, Name: &wrong, WindowSeconds: &zero})
	require.Len(t, errs.All(err), 2)
	require.NoError(t, b.store.DeleteRule(b.ctx, r.ID))
	require.True(t, errs.Is(b.store.DeleteRule(b.ctx, r.ID), errs.NotFound))
	_, err = b.store.UpdateRule(b.ctx, alarm.UpdateRuleInput{ID: r.ID})
	require.True(t, errs.Is(err, errs.NotFound))
	all, err := b.store.Alarms(b.ctx, "", page.Request{Size: 9})
	require.NoError(t, err)
	require.Len(t, all.Items, 1, "what was stays")
	list, err = b.store.Rules(b.ctx, page.Request{Size: 9})
	require.NoError(t, err)
	require.Equal(t, 1, list.Total)
	require.Len(t, list.Items, 1)
}

// A rule that is deleted is kept with its alarms for a while, and one without any is not kept.
func TestDeletedRulesGoWithTheirTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fires, never := failures(0), failures(100)
	r, err := b.store.CreateRule(b.ctx, fires)
	require.NoError(t, err)
	quiet, err := b.store.CreateRule(b.ctx, never)
	require.NoError(t, err)
	b.put(t, request(noon.Add(time.Second), uuid.Nil, true))
	b.evaluate(t, noon.Add(70*time.Second))
	for _, id := range []uuid.UUID{r.ID, quiet.ID} {
		require.NoError(t, b.store.DeleteRule(b.ctx, id))
	}
	require.Equal(t, []notify.Kind{notify.AlarmFiring, notify.AlarmResolved}, b.kinds())
	found := func() map[uuid.UUID]*alarm.Rule {
		rules, err := b.store.RulesByIDs(b.ctx, []uuid.UUID{r.ID, quiet.ID})
		require.NoError(t, err)
		return rules
	}
	require.Len(t, found(), 1)
	require.Equal(t, b.now, found()[r.ID].DeletedAt.UTC())
	for _, c := range []struct {
		before  time.Time
		dry     bool
		n, left int
	}{{b.now, false, 0, 1}, {b.now.Add(time.Second), true, 1, 1}, {b.now.Add(time.Second), false, 1, 0}} {
		n, err := alarm.Expire(b.ctx, b.door, c.before, c.dry)
		require.NoError(t, err)
		require.Equal(t, c.n, n)
		require.Len(t, found(), c.left)
	}
	all, err := b.store.Alarms(b.ctx, "", page.Request{Size: 9})
	require.NoError(t, err)
	require.Empty(t, all.Items)
}

func TestRulesThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := alarm.CreateRuleInput{Name: "x", Condition: alarm.Condition{Metric: alarm.ErrorRate, Comparison: alarm.Above, Threshold: 0.5, WindowSeconds: 60}}
	for field, spoil := range map[string]func(*alarm.CreateRuleInput){
		"name": func(in *alarm.CreateRuleInput) { in.Name = "" }, "metric": func(in *alarm.CreateRuleInput) { in.Metric = "X" },
		"comparison": func(in *alarm.CreateRuleInput) { in.Comparison = "" }, "threshold": func(in *alarm.CreateRuleInput) { in.Threshold = 5 },
		"windowSeconds": func(in *alarm.CreateRuleInput) { in.WindowSeconds = 86401 }, "forSeconds": func(in *alarm.CreateRuleInput) { in.ForSeconds = -1 },
		"kinds": func(in *alarm.CreateRuleInput) { in.Kinds = []entry.Kind{99} },
	} {
		in := good
		spoil(&in)
		_, err := b.store.CreateRule(b.ctx, in)
		require.True(t, errs.Is(err, errs.BadInput), "%s: %v", field, err)
		require.Equal(t, []string{field}, errs.All(err)[0].Field)
	}
	for _, name := range []func(*alarm.CreateRuleInput){
		func(in *alarm.CreateRuleInput) { in.IntegrationID = uuid.New() }, func(in *alarm.CreateRuleInput) { in.CustomerID = uuid.New() },
		func(in *alarm.CreateRuleInput) { in.FlowID = uuid.New() }, func(in *alarm.CreateRuleInput) { in.EndpointIDs = []uuid.UUID{uuid.New()} },
	} {
		in := good
		name(&in)
		_, err := b.store.CreateRule(b.ctx, in)
		require.True(t, errs.Is(err, errs.NotFound), "%v", err)
	}
	for _, days := range []int{0, -1, 32} {
		_, err := b.store.Backtest(b.ctx, good, noon.AddDate(0, 0, -days), noon)
		require.True(t, errs.Is(err, errs.BadInput))
	}
}

func TestWhoMaySeeAndChangeRules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.store.CreateRule(b.ctx, failures(1))
	require.NoError(t, err)
	viewer := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant, Kind: tenant.KindMember, Role: tenant.RoleViewer})
	customer := tenant.WithPrincipal(t.Context(), &tenant.Principal{TenantID: b.tenant, Kind: tenant.KindCustomer, Role: tenant.RoleOwner, CustomerID: uuid.New()})
	list, err := b.store.Rules(viewer, page.Request{Size: 1})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	for _, ctx := range []context.Context{viewer, customer} {
		_, err = b.store.CreateRule(ctx, failures(1))
		require.True(t, errs.Is(err, errs.Forbidden))
		require.True(t, errs.Is(b.store.DeleteRule(ctx, r.ID), errs.Forbidden))
		_, err = b.store.Backtest(ctx, failures(1), noon, noon.Add(time.Hour))
		require.True(t, errs.Is(err, errs.Forbidden))
	}
	_, err = b.store.Rules(customer, page.Request{Size: 1})
	require.True(t, errs.Is(err, errs.Forbidden))
	_, err = b.store.Alarms(customer, "", page.Request{Size: 1})
	require.True(t, errs.Is(err, errs.Forbidden))
}
