package detect

import (
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

const (
	// windowMinutes and windows are what error rates are looked at in: the last first.
	windowMinutes = 10
	windows       = 3
	// slowMinutes is the time in which calls are compared with those of last week.
	slowMinutes = 30
)

// whom is a connected app and its customer.
type whom struct{ app, customer uuid.UUID }

// window is the calls of an integration in ten minutes.
type window struct {
	rate
	// byCategory are failures by what their diagnosis said; hit are failures by whom they hit.
	byCategory map[string]int64
	hit        map[whom]int64
}

// calls are those of an endpoint in the last half hour.
type calls struct {
	sketch statistics.Sketch
	// slow are longer than the p95 of last week, and hit those by whom they hit.
	slow int64
	hit  map[whom]int64
}

// recent is what was counted since the history ends.
type recent struct {
	*tally
	minute  int64
	history *history
	windows map[uuid.UUID]*[windows]window
	calls   map[endpoint]*calls
	// usual is the p95 of endpoints, which are looked up once.
	usual map[endpoint]float64
}

func newRecent(h *history, minute int64, wanted map[string]bool) *recent {
	return &recent{
		tally: newTally(h.upTo, minute+1, wanted), minute: minute, history: h, windows: map[uuid.UUID]*[windows]window{},
		calls: map[endpoint]*calls{}, usual: map[endpoint]float64{},
	}
}

func (r *recent) take(c *statistics.Cell) {
	r.tally.take(c)
	if c.Kind != entry.KindAPIRequest && c.Kind != entry.KindExternalWebhook || c.IntegrationID == uuid.Nil || c.Minute > r.minute {
		return
	}
	if i := (r.minute - c.Minute) / windowMinutes; i < windows {
		r.window(c, int(i))
	}
	if c.Kind == entry.KindAPIRequest && r.minute-c.Minute < slowMinutes && len(c.Durations) > 0 {
		r.time(c)
	}
}

func (r *recent) window(c *statistics.Cell, i int) {
	all := r.windows[c.IntegrationID]
	if all == nil {
		all = &[windows]window{}
		r.windows[c.IntegrationID] = all
	}
	w := &all[i]
	w.calls += c.Count
	if c.Status != entry.StatusFailure {
		return
	}
	if w.byCategory == nil {
		w.byCategory, w.hit = map[string]int64{}, map[whom]int64{}
	}
	w.failed += c.Count
	category := c.Error.Category
	if c.Kind == entry.KindExternalWebhook && category != "" {
		category = string(diagnostics.WebhookRejecting) // as its issue is
	}
	w.byCategory[category] += c.Count
	w.hit[whom{c.ConnectedAppID, c.CustomerID}] += c.Count
}

func (r *recent) time(c *statistics.Cell) {
	e := endpoint{c.IntegrationID, c.Call}
	usual, known := r.usual[e]
	if !known {
		usual, _, _ = r.history.p95(e)
		r.usual[e] = usual
	}
	if usual == 0 {
		return
	}
	to := r.calls[e]
	if to == nil {
		to = &calls{hit: map[whom]int64{}}
		r.calls[e] = to
	}
	to.sketch.AddBins(c.Durations)
	if n := statistics.Slower(c.Durations, usual); n > 0 {
		to.slow += n
		to.hit[whom{c.ConnectedAppID, c.CustomerID}] += n
	}
}

// ran are the last minutes at which a flow ran for a customer, the oldest first, and where its runs belong.
func (p *picture) ran(of runner) ring {
	var all ring
	if known := p.history.runs[of]; known != nil {
		all = ring{minutes: slices.Clone(known.minutes), place: known.place}
	}
	if counts := p.recent.runs[of]; counts != nil {
		all.takeAll(p.recent.tally, counts, p.recent.places[of])
	}
	return all
}

// runners are all of which a run is known, in no order.
func (p *picture) runners(do func(of runner)) {
	for of := range p.history.runs {
		do(of)
	}
	for of := range p.recent.runs {
		if p.history.runs[of] == nil {
			do(of)
		}
	}
}
