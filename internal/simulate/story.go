package simulate

import (
	"time"
)

// Streams of randomness: a label for every kind of thing that draws.
const (
	streamCustomer = iota + 1
	streamArrivals
	streamSession
	streamIncidents
	streamSetup
)

// Options say what a story is about. Now is the seam between what is told as history and what goes
// on live: the incidents of the script are placed before it, some of them still open at it.
type Options struct {
	Seed  uint64
	Start time.Time
	Now   time.Time
	// Rate is the mean number of events a second between Start and Now; 0 is DefaultRate.
	Rate float64
	// LiveRate is the same after Now; 0 is Rate.
	LiveRate float64
	// Flat leaves out the rhythm of day and week, for load.
	Flat bool
	// Customers limits their number; 0 is all 40.
	Customers int
	// IncidentEvery is the mean time between incidents after Now; 0 is ten minutes.
	IncidentEvery time.Duration
}

// DefaultRate makes about 13,000 events of thirty hours.
const DefaultRate = 0.12

// Event is one event of the ingestion contract, ready to be sent.
type Event struct {
	Type, ID string
	// At is when an agent would send it. Events are emitted in this order. What an event says that it
	// happened, its occurred_at, is never later, and is earlier for a request that took its time.
	At         time.Time
	OccurredAt time.Time
	// Customer and Integration are keys; empty when the event names none.
	Customer, Integration string
	// JSON is the event as one object without a line break. It belongs to the receiver.
	JSON []byte
}

// AppendJSON appends the event as one JSON object.
func (e Event) AppendJSON(dst []byte) []byte { return append(dst, e.JSON...) }

// Story is one company's traffic. It is not safe for concurrent use.
type Story struct {
	options   Options
	queue     queue
	clock     time.Time
	providers map[string]*provider
	customers []*customer
	skew      zipf
	incidents []*Incident
	all       []*Incident
	sessions  uint64
	rhythm    rhythm
	scratch   document
}

// New makes the story of the options. Nothing happens before Advance.
func New(o Options) *Story {
	o.Start, o.Now = o.Start.UTC().Truncate(time.Microsecond), o.Now.UTC().Truncate(time.Microsecond)
	if o.Now.Before(o.Start) {
		o.Now = o.Start
	}
	if o.Rate <= 0 {
		o.Rate = DefaultRate
	}
	if o.LiveRate <= 0 {
		o.LiveRate = o.Rate
	}
	if o.Customers <= 0 || o.Customers > len(customerNames) {
		o.Customers = len(customerNames)
	}
	if o.IncidentEvery <= 0 {
		o.IncidentEvery = 10 * time.Minute
	}
	s := &Story{options: o, clock: o.Start, providers: providersByKey(), rhythm: newRhythm(o)}
	s.customers = newCustomers(o.Seed, o.Customers, flows(), s.providers)
	s.skew = newZipf(len(s.customers), 0.9)
	s.introduce()
	s.scheduleFlows()
	s.schedulePulls()
	s.planHistory()
	s.planLive()
	s.planArrivals()
	return s
}

// Advance emits everything up to and including a time, in the order of Event.At. How the way there
// is cut into steps changes nothing. A time in the past emits nothing.
func (s *Story) Advance(to time.Time, emit func(Event)) {
	limit := to.UnixNano()
	for {
		m, ok := s.queue.popUntil(limit)
		if !ok {
			break
		}
		s.clock = time.Unix(0, m.at).UTC()
		if m.event != nil {
			emit(*m.event)
			continue
		}
		m.fire(s.clock)
	}
}

// History emits everything from Start up to Now.
func (s *Story) History(emit func(Event)) { s.Advance(s.options.Now, emit) }

// session opens a stream of randomness and a scene for something that begins now.
func (s *Story) session(c *customer, now time.Time) *scene {
	s.sessions++
	return newScene(streamOf(s.options.Seed, streamSession, s.sessions), c, now)
}

// identifier is a business id to search by.
type identifier struct{ key, value string }

// envelope is what stands around an event's data.
type envelope struct {
	kind, id              string
	at                    time.Time
	customer, integration string
	app                   string
	run, node             string
	trace                 string
	identifier            identifier
	metadata              [][2]string
}

// emit queues an event for the time when it is sent.
func (s *Story) emit(sendAt time.Time, e envelope, data func(d *document)) {
	d := &s.scratch
	d.b = append(d.b[:0], '{')
	d.text("type", e.kind)
	d.text("id", e.id)
	d.at("occurred_at", e.at)
	d.optional("customer", e.customer)
	d.optional("integration", e.integration)
	d.optional("connected_app", e.app)
	d.optional("flow_run", e.run)
	d.optional("node_run", e.node)
	d.optional("trace_id", e.trace)
	if e.identifier.key != "" {
		d.open("identifiers")
		d.text(e.identifier.key, e.identifier.value)
		d.close()
	}
	if len(e.metadata) > 0 {
		d.open("metadata")
		for _, m := range e.metadata {
			d.text(m[0], m[1])
		}
		d.close()
	}
	d.open("data")
	data(d)
	d.close()
	d.close()
	s.queue.push(sendAt, &Event{
		Type: e.kind, ID: e.id, At: sendAt, OccurredAt: e.at,
		Customer: e.customer, Integration: e.integration, JSON: append([]byte(nil), d.b...),
	}, nil)
}

// newID makes an id that no other session has, nor another story that began at another time.
func newID(prefix string, sc *scene) string {
	b := append(make([]byte, 0, 32), prefix...)
	b = append(b, '_')
	b = sc.now.AppendFormat(b, "20060102T150405")
	return string(appendHex(append(b, '-'), &sc.random, 12))
}
