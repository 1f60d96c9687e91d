// Package heap decides how often garbage is collected: the memory of a service at rest stays small, and one that takes
// events all the time does not spend its processors on collecting.
//
// Go collects when what is alive has doubled, which of the few MiB that a service holds at rest would be dozens of times a
// second, for events allocate much that lives for one commit. What is allowed beside what is alive is called headroom here.
package heap

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// ballastBytes is memory that is never touched, so that it takes none: it only counts as alive. A higher GOGC instead would
	// multiply what a large request holds as well: with GOGC=300 a body of 64 MiB raised the process by 40 MiB, with the
	// ballast by half of that, for the same time spent on collecting.
	ballastBytes = 12 << 20
	// headroom is what may be allocated between two collections of a busy service.
	headroom = 96 << 20
	// highest bounds the percentage, since what is alive may grow until it is set anew.
	highest = 400
	usual   = 100
)

const (
	every = time.Second
	// window is what "recently" means, in ticks.
	window = 60
	// A service is busy once it collected this often within the window, and no longer when it collected so seldom. One request
	// of 64 MiB is about ten collections.
	manyCycles, fewCycles = 30, 3
)

// Tend collects seldom while the service is busy, and as usual otherwise, until the context ends. It leaves everything as it
// is where GOGC says how to collect.
func Tend(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	ballast := make([]byte, ballastBytes)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	var p pace
	set := usual
	for {
		select {
		case <-ctx.Done():
			runtime.KeepAlive(ballast)
			return
		case <-ticker.C:
		}
		metrics.Read(samples)
		if percent := p.next(samples[0].Value.Uint64(), samples[1].Value.Uint64()); worthSetting(set, percent) {
			debug.SetGCPercent(percent)
			set = percent
		}
	}
}

// worthSetting tells whether percentages differ by more than a tenth, or one is the usual: setting it stops the world.
func worthSetting(set, percent int) bool {
	return set != percent && (percent == usual || 10*max(set-percent, percent-set) > set)
}

// pace is what is known of the collections of the last minute.
type pace struct {
	// cycles are how many collections there had been at each tick.
	cycles [window]uint64
	ticks  int
	busy   bool
}

// next is the percentage for the next second: cycles is how many collections there have been, live what the last one left.
func (p *pace) next(cycles, live uint64) int {
	if p.ticks == 0 {
		for i := range p.cycles {
			p.cycles[i] = cycles
		}
	}
	at := p.ticks % window
	recent := cycles - p.cycles[at]
	p.cycles[at] = cycles
	p.ticks++
	switch {
	case recent >= manyCycles:
		p.busy = true
	case recent <= fewCycles:
		p.busy = false
	}
	if !p.busy {
		return usual
	}
	return int(min(max(headroom*usual/max(live, 1), usual), highest))
}
