package detect

import (
	"maps"
	"slices"

	"github.com/google/uuid"

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

// recent is what was counted since the history ends. It is read on from one look to the next, until the history goes on.
type recent struct {
	*tally
	minute  int64
	history *history
	windows map[uuid.UUID]*[windows]window
	calls   map[endpoint]*calls
	// usual is the p95 of endpoints, which are looked up once.
	usual map[endpoint]float64

	// mark is how far it has been read; parts are the last minutes, of which windows and calls are made at each look; and
	// ahead are cells of minutes that are still to come.
	mark  statistics.Mark
	parts map[int64]*part
	ahead []statistics.Cell
}

func newRecent(h *history, minute int64, wanted map[string]bool) *recent {
	return &recent{
		tally: newTally(h.upTo, minute+1, wanted), minute: minute, history: h, windows: map[uuid.UUID]*[windows]window{},
		calls: map[endpoint]*calls{}, usual: map[endpoint]float64{}, parts: map[int64]*part{},
	}
}

// continues tells whether it can be read on at a minute, or is to be made anew.
func (r *recent) continues(h *history, minute int64, wanted map[string]bool) bool {
	return r != nil && r.history == h && r.first == h.upTo && r.minute <= minute && maps.Equal(r.wanted, wanted)
}

// advance goes on to a minute, and takes what was ahead of it.
func (r *recent) advance(minute int64) {
	r.minute, r.end = minute, minute+1
	for m := range r.parts {
		if minute-m >= longestPart {
			delete(r.parts, m)
		}
	}
	ahead := r.ahead
	r.ahead = nil
	for i := range ahead {
		r.take(&ahead[i])
	}
}

func (r *recent) take(c *statistics.Cell) {
	if c.Minute > r.minute {
		later := *c
		later.Durations = slices.Clone(c.Durations)
		r.ahead = append(r.ahead, later)
		return
	}
	r.tally.take(c)
	if c.Kind != entry.KindAPIRequest && c.Kind != entry.KindExternalWebhook || c.IntegrationID == uuid.Nil || r.minute-c.Minute >= longestPart {
		return
	}
	of := r.parts[c.Minute]
	if of == nil {
		of = &part{windows: map[uuid.UUID]*window{}, timed: map[endpoint]*timed{}}
		r.parts[c.Minute] = of
	}
	of.window(c)
	if c.Kind == entry.KindAPIRequest && len(c.Durations) > 0 {
		r.time(of, c)
	}
}

func (r *recent) time(of *part, c *statistics.Cell) {
	e := endpoint{c.IntegrationID, c.Call}
	usual, known := r.usual[e]
	if !known {
		usual, _, _ = r.history.p95(e)
		r.usual[e] = usual
	}
	if usual > 0 {
		of.time(e, c, usual)
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
