package detect

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// longestPart is for how many minutes parts are kept: those of all windows, and of the calls that are compared.
const longestPart = max(windows*windowMinutes, slowMinutes)

// part is what calls of one minute say. It is packed a little, because there are many: what is added up at each look is
// windows and calls.
type part struct {
	windows map[uuid.UUID]*window
	timed   map[endpoint]*timed
}

// timed are the durations of an endpoint in a minute: bins that ascend, and of the slow ones, how many hit whom.
type timed struct {
	bins []binCount
	slow int64
	hit  map[whom]int64
}

// binCount is a statistics.BinCount in half of the room.
type binCount struct{ bin, count int32 }

// What a window, an endpoint's minute and a cell take in memory, about, without what grows in them.
const (
	windowBytes = 160
	timedBytes  = 160
	hitBytes    = 80
	cellBytes   = 280
)

func (p *part) window(c *statistics.Cell) {
	w := p.windows[c.IntegrationID]
	if w == nil {
		w = &window{}
		p.windows[c.IntegrationID] = w
	}
	w.calls += c.Count
	if c.Status != entry.StatusFailure {
		return
	}
	w.failed += c.Count
	category := c.Error.Category
	if c.Kind == entry.KindExternalWebhook && category != "" {
		category = string(diagnostics.WebhookRejecting) // as its issue is
	}
	w.fail(category, c.Count)
	w.hit[whom{c.ConnectedAppID, c.CustomerID}] += c.Count
}

func (w *window) fail(category string, n int64) {
	if w.byCategory == nil {
		w.byCategory, w.hit = map[string]int64{}, map[whom]int64{}
	}
	w.byCategory[category] += n
}

func (w *window) merge(other *window) {
	w.calls, w.failed = w.calls+other.calls, w.failed+other.failed
	for category, n := range other.byCategory {
		w.fail(category, n)
	}
	for who, n := range other.hit {
		w.hit[who] += n
	}
}

func (p *part) time(e endpoint, c *statistics.Cell, usual float64) {
	to := p.timed[e]
	if to == nil {
		to = &timed{}
		p.timed[e] = to
	}
	for _, b := range c.Durations {
		to.add(binCount{int32(b.Bin), int32(b.Count)}) //nolint:gosec // Bins are few, and so are the calls of a minute.
	}
	if n := statistics.Slower(c.Durations, usual); n > 0 {
		if to.hit == nil {
			to.hit = map[whom]int64{}
		}
		to.slow += n
		to.hit[whom{c.ConnectedAppID, c.CustomerID}] += n
	}
}

func (t *timed) add(b binCount) {
	at, found := slices.BinarySearchFunc(t.bins, b.bin, func(a binCount, bin int32) int { return cmp.Compare(a.bin, bin) })
	if found {
		t.bins[at].count += b.count
		return
	}
	t.bins = slices.Insert(t.bins, at, b)
}

// sum adds the parts up to what detectors look at.
func (r *recent) sum() {
	r.windows, r.calls = map[uuid.UUID]*[windows]window{}, map[endpoint]*calls{}
	var bins []statistics.BinCount
	for minute, of := range r.parts {
		if i := (r.minute - minute) / windowMinutes; i < windows {
			for id, w := range of.windows {
				if r.windows[id] == nil {
					r.windows[id] = &[windows]window{}
				}
				r.windows[id][i].merge(w)
			}
		}
		if r.minute-minute >= slowMinutes {
			continue
		}
		for e, t := range of.timed {
			to := r.calls[e]
			if to == nil {
				to = &calls{hit: map[whom]int64{}}
				r.calls[e] = to
			}
			bins = bins[:0]
			for _, b := range t.bins {
				bins = append(bins, statistics.BinCount{Bin: int(b.bin), Count: int64(b.count)})
			}
			to.sketch.AddBins(bins)
			to.slow += t.slow
			for who, n := range t.hit {
				to.hit[who] += n
			}
		}
	}
}

// size is about how many bytes are kept from one look to the next.
func (r *recent) size() int {
	n := cellBytes * len(r.ahead)
	for _, of := range r.parts {
		for _, w := range of.windows {
			n += windowBytes + hitBytes*(len(w.byCategory)+len(w.hit))
		}
		for _, t := range of.timed {
			n += timedBytes + 8*cap(t.bins) + hitBytes*len(t.hit)
		}
	}
	return n + r.tally.size()
}
