package detect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/lru"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// Deps is what a Detector works with.
type Deps struct {
	Door       *tenant.Door
	Statistics *statistics.Store
	Issues     Issues
	// Entries finds what shows a condition. Nil shows nothing of those that are made of numbers.
	Entries Entries
	// Advice is what is said of a category in general; provider is the integration's name. Nil says nothing.
	Advice func(category diagnostics.Category, provider string) diagnostics.Diagnosis
	// Now is time.Now when it is nil.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Issues takes what is found.
type Issues interface {
	// Observe is told all that holds now of some categories: what is not told any more is over.
	Observe(ctx context.Context, categories []diagnostics.Category, conditions []issues.Condition) error
}

const (
	// mostTenants bounds the histories that a process keeps.
	mostTenants = 500
	// mostHeld is how many bytes are kept of what the history does not have yet; tenants of whom there is no room have it
	// read anew each time.
	mostHeld = 16 << 20
	// behind is how long cells are still expected to come: what is older is history.
	behind = 40 * time.Minute
)

// Detector looks for what holds. It is safe for concurrent use; one tenant is looked at by one call at a time.
type Detector struct {
	door       *tenant.Door
	statistics *statistics.Store
	issues     Issues
	entries    Entries
	advice     func(diagnostics.Category, string) diagnostics.Diagnosis
	now        func() time.Time
	log        *slog.Logger

	mu      sync.Mutex
	tenants *lru.Cache[uuid.UUID, *memory]
	// mostHeld is mostHeld, or less in tests.
	mostHeld int64
}

// memory is what is remembered of a tenant.
type memory struct {
	mu      sync.Mutex
	history *history
	// recent is what was read after the history; nil where it is to be read anew. It counts as held bytes.
	recent *recent
	held   atomic.Int64
	// slow are endpoints that were slow when they were last looked at; nil before the first time.
	slow map[endpoint]bool
	// spiking are integrations whose share of failures was too high when it was last looked at.
	spiking map[uuid.UUID]bool
	shown   map[issues.Key]shown
	// silent are sources whose silence was told, and since when it is.
	silent map[source]int64
}

// New makes a Detector.
func New(deps Deps) *Detector {
	d := &Detector{
		door: deps.Door, statistics: deps.Statistics, issues: deps.Issues, entries: deps.Entries, advice: deps.Advice, now: deps.Now, log: deps.Log,
		tenants: lru.New[uuid.UUID, *memory](mostTenants), mostHeld: mostHeld,
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.advice == nil {
		d.advice = func(c diagnostics.Category, _ string) diagnostics.Diagnosis {
			return diagnostics.Diagnosis{Category: c, Confidence: 1}
		}
	}
	return d
}

// picture is what detectors look at.
type picture struct {
	*state
	now     time.Time
	minute  int64
	history *history
	recent  *recent
	memory  *memory
	// waiting are the events of flows that were counted already.
	waiting map[uuid.UUID][]*unlaunched
}

// detector finds what holds of a category. ok is false when it cannot tell yet: then nothing is told.
type detector struct {
	category diagnostics.Category
	find     func(ctx context.Context, p *picture) (found []finding, ok bool, err error)
}

func (d *Detector) detectors() []detector {
	plain := func(find func(*picture) []finding) func(context.Context, *picture) ([]finding, bool, error) {
		return func(_ context.Context, p *picture) ([]finding, bool, error) { return find(p), true, nil }
	}
	return []detector{
		{diagnostics.RunStuck, d.findStuck},
		{diagnostics.RunOverdue, plain(findOverdue)},
		{diagnostics.EventNotLaunching, d.findNotLaunching},
		{diagnostics.PullStalled, plain(findStalled)},
		{diagnostics.SourceSilent, plain(findSilent)},
		{diagnostics.CredentialsExpiring, plain(findExpiring)},
		{diagnostics.ErrorRateSpike, plain(findSpikes)},
		{diagnostics.LatencyRegression, func(_ context.Context, p *picture) ([]finding, bool, error) {
			found, ok := findSlow(p)
			return found, ok, nil
		}},
		{diagnostics.FlowFailing, plain(findFailing)},
	}
}

// Detect looks at everything of the context's tenant once. It is run each minute. A detector that fails is left out, so
// that what it found before stays, and the error says which.
func (d *Detector) Detect(ctx context.Context) error {
	principal, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	m := d.remembered(principal.TenantID)
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := d.look(ctx, m)
	if err != nil {
		return err
	}
	var all []finding
	var categories []diagnostics.Category
	var failure error
	for _, one := range d.detectors() {
		found, ok, err := one.find(ctx, p)
		if err != nil {
			failure = errors.Join(failure, fmt.Errorf("detect %s: %w", one.category, err))
			continue
		}
		if ok {
			categories, all = append(categories, one.category), append(all, found...)
		}
	}
	if err := d.show(ctx, p, all); err != nil {
		failure = errors.Join(failure, err)
	}
	conditions, err := d.compose(ctx, p, all)
	if err != nil {
		return err
	}
	if err := d.issues.Observe(ctx, categories, conditions); err != nil {
		return fmt.Errorf("report conditions: %w", err)
	}
	return failure
}

func (d *Detector) remembered(tenantID uuid.UUID) *memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.tenants.Get(tenantID)
	if !ok {
		m = &memory{history: newHistory()}
		d.tenants.Put(tenantID, m)
	}
	return m
}

// look makes the picture of now.
func (d *Detector) look(ctx context.Context, m *memory) (*picture, error) {
	now := d.now().UTC()
	s, err := d.readState(ctx, now)
	if err != nil {
		return nil, err
	}
	wanted := s.launching()
	if err := d.remember(ctx, m, now, wanted); err != nil {
		return nil, err
	}
	p := &picture{state: s, now: now, minute: statistics.MinuteOf(now), history: m.history, memory: m, waiting: map[uuid.UUID][]*unlaunched{}}
	if p.recent, err = d.readOn(ctx, m, p.minute, wanted); err != nil {
		return nil, err
	}
	return p, nil
}

// readOn gives what was counted since the history ends: it reads what is new of it, or all where the history went on, or
// where more is there than is kept.
func (d *Detector) readOn(ctx context.Context, m *memory, minute int64, wanted map[string]bool) (*recent, error) {
	r := m.recent
	if !r.continues(m.history, minute, wanted) {
		r = newRecent(m.history, minute, wanted)
	}
	m.recent = nil // Should reading fail, all is read the next time.
	m.held.Store(0)
	r.advance(minute)
	next, err := d.statistics.CellsAfter(ctx, r.mark, timeOf(r.first), timeOf(r.first+minutesOfDay), func() { *r = *newRecent(m.history, minute, wanted) }, r.take)
	if err != nil {
		return nil, fmt.Errorf("read statistics: %w", err)
	}
	r.mark = next
	r.sum()
	if size := int64(r.size()); d.held()+size <= d.mostHeld {
		m.recent = r
		m.held.Store(size)
	}
	return r, nil
}

// held is about how many bytes are kept of what the histories do not have yet, of all tenants.
func (d *Detector) held() (total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.tenants.All() {
		total += m.held.Load()
	}
	return total
}

// remember continues the history up to the last full hour of which nothing is expected to come any more.
func (d *Detector) remember(ctx context.Context, m *memory, now time.Time, wanted map[string]bool) error {
	h := m.history
	end := statistics.MinuteOf(now.Add(-behind)) / minutesOfHour * minutesOfHour
	if first := (end/minutesOfDay - keptDays) * minutesOfDay; h.upTo < first || h.upTo > statistics.MinuteOf(now) {
		*h = *newHistory() // Nothing is known yet, or the clock was set.
		h.upTo = first
	}
	for h.upTo < end {
		t := newTally(h.upTo, min(end, (h.upTo/minutesOfDay+1)*minutesOfDay), wanted)
		if err := d.cells(ctx, t.first, t.end, t.take); err != nil {
			return err
		}
		h.absorb(t)
	}
	if h.upTo-h.slowUpTo >= minutesOfHour {
		return d.rememberSlow(ctx, h)
	}
	return nil
}

func (d *Detector) cells(ctx context.Context, first, end int64, take func(*statistics.Cell)) error {
	if err := d.statistics.Cells(ctx, statistics.Filter{}, timeOf(first), timeOf(end), take); err != nil {
		return fmt.Errorf("read statistics: %w", err)
	}
	return nil
}

// launching are the types of events that set enabled flows off.
func (s *state) launching() map[string]bool {
	types := map[string]bool{}
	for _, f := range s.flows {
		if launchedBy(f) != 0 {
			for _, name := range f.EventTypes {
				types[name] = true
			}
		}
	}
	return types
}

func timeOf(minute int64) time.Time { return time.Unix(minute*60, 0).UTC() }

// integration is the integration of a flow, or uuid.Nil.
func integrationOf(f *directory.Flow) uuid.UUID {
	if f.IntegrationID == nil {
		return uuid.Nil
	}
	return *f.IntegrationID
}

// sortedFlows are all flows in the order of their ids, so that findings come in one order.
func (s *state) sortedFlows() []*directory.Flow {
	list := make([]*directory.Flow, 0, len(s.flows))
	for _, f := range s.flows {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *directory.Flow) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return list
}
