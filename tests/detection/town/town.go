package town

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/robfig/cron/v3"
)

// Event is one event of POST /v1/events.
type Event struct {
	// At is when it is sent.
	At time.Time
	// Failed tells that it is one that shows an error.
	Failed bool
	JSON   []byte
}

// App is a customer's use of an integration, and what goes on in it.
type App struct {
	Customer, Integration string
	// Calls and Webhooks are how many there are in a busy hour.
	Calls, Webhooks float64
	// Pull is how often its changes are pulled; 0 for never.
	Pull time.Duration
	// Nightly has the integration's scheduled flow run for it, and Rhythm a flow without a schedule, so often.
	Nightly bool
	Rhythm  time.Duration
	// Lives is how long its credentials do, which are renewed in time; 0 when nothing is said of it.
	Lives time.Duration
	// Steady has neither nights nor weekends; Zone is how far it is from Greenwich.
	Steady bool
	Zone   time.Duration
	// Grows multiplies what goes on; nil for 1.
	Grows func(t time.Time) float64
	// Gone is when it is disconnected; zero for never.
	Gone time.Time
}

// Options are what a town is made of.
type Options struct {
	Seed uint64
	// Start is a whole minute.
	Start time.Time
	Apps  []*App
	// Schedules are of the integrations' scheduled flows, in cron's syntax.
	Schedules map[string]string
	Faults    []*Fault
	Holidays  []time.Time
	// Noise is the share of calls that fail on a good day.
	Noise float64
}

// Town is the company.
type Town struct {
	opt       Options
	faults    map[Kind][]*Fault
	planted   []*Fault
	schedules map[string]cron.Schedule
	cursors   map[*App]int
	// heard and pauses are when an app's last webhook was, and the longest time between two.
	heard  map[*App]time.Time
	pauses map[*App]time.Duration
	minute time.Time
	begun  bool
	queue  queue
	ids    int
	// Events counts what was told so far.
	Events int
}

// New makes a town in which nothing has happened yet. A schedule that cannot be read is a mistake of the caller: it panics.
func New(o Options) *Town {
	t := &Town{opt: o, faults: map[Kind][]*Fault{}, schedules: map[string]cron.Schedule{}, cursors: map[*App]int{}, minute: o.Start,
		heard: map[*App]time.Time{}, pauses: map[*App]time.Duration{}}
	for _, f := range o.Faults {
		t.Plant(f)
	}
	for integration, text := range o.Schedules {
		s, err := cron.ParseStandard(text)
		if err != nil {
			panic(err)
		}
		t.schedules[integration] = s
	}
	return t
}

// Plant adds a fault, which must not begin before what was told already.
func (t *Town) Plant(f *Fault) *Fault {
	t.faults[f.Kind], t.planted = append(t.faults[f.Kind], f), append(t.planted, f)
	return f
}

// Until gives what is sent up to a time, in order.
func (t *Town) Until(to time.Time) (out []Event) {
	if !t.begun {
		t.begun = true
		t.introduce()
	}
	for ; t.minute.Before(to); t.minute = t.minute.Add(time.Minute) {
		for _, a := range t.opt.Apps {
			t.live(a)
		}
		t.turn()
	}
	for len(t.queue) > 0 && !t.queue[0].At.After(to) {
		out = append(out, heap.Pop(&t.queue).(queued).Event)
	}
	t.Events += len(out)
	return out
}

// live is a minute of an app.
func (t *Town) live(a *App) {
	if !a.Gone.IsZero() && !t.minute.Before(a.Gone) {
		if t.minute.Equal(a.Gone) {
			t.connection(a.Gone, a, "disconnected", "")
		}
		return
	}
	r := randomOf(t.opt.Seed, labelOf(a.Customer, a.Integration), uint64(t.minute.Unix())) //nolint:gosec // after 1970
	level := 1.0
	if !a.Steady {
		level = busy(t.minute, a.Zone, t.opt.Holidays)
	}
	if a.Grows != nil {
		level *= a.Grows(t.minute)
	}
	for range poisson(r, a.Calls/60*level) {
		t.call(t.within(r), a, "", r)
	}
	for range poisson(r, a.Webhooks/60*level) {
		t.webhook(t.within(r), a, r)
	}
	t.pull(a, level, r)
	t.scheduled(a, r)
	t.renew(a)
}

// within is a time in the minute.
func (t *Town) within(r *rand.Rand) time.Time {
	return t.minute.Add(time.Duration(r.Int64N(int64(time.Minute)))).Truncate(time.Millisecond)
}

// turn begins and ends faults that do something at these moments.
func (t *Town) turn() {
	for _, f := range t.planted {
		for _, a := range t.opt.Apps {
			switch {
			case !f.holds(f.From, a):
			case f.Kind == Expiring:
				t.expire(f, a)
			case f.Kind.mends() && t.isNow(f.To):
				t.connection(f.To, a, "connected", "")
			}
		}
	}
}

// warning is how long before the end of credentials somebody should hear of it.
const warning = 7 * 24 * time.Hour

// expire tells three days ahead that an app's credentials end a week after the fault begins, and at its end that they
// were renewed.
func (t *Town) expire(f *Fault, a *App) {
	switch {
	case t.isNow(f.Begins()):
		t.connection(t.minute, a, "connected", f.From.Add(warning).UTC().Format(time.RFC3339))
	case t.isNow(f.From):
		f.trace(f.From, a)
	case t.isNow(f.To):
		t.connection(t.minute, a, "connected", f.To.AddDate(0, 3, 0).UTC().Format(time.RFC3339))
	}
}

// isNow tells whether a time is in the minute.
func (t *Town) isNow(at time.Time) bool { return at.Truncate(time.Minute).Equal(t.minute) }

// queued keeps the order of events of the same moment.
type queued struct {
	Event
	n int
}

type queue []queued

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].At.Before(q[j].At) || q[i].At.Equal(q[j].At) && q[i].n < q[j].n
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is of heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(queued)) }

// Pop is of heap.Interface.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
