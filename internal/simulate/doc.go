// Package simulate makes the traffic of a company that integrates its product with a dozen
// providers: for the demo, for trying out a running service, and for load.
//
// A Story is one such company. It has 40 customers of very different size, their connected apps,
// flows and data sources, a rhythm of days and weeks, and incidents that begin and end. Everything
// in it is decided by a seed and by two points in time, never by the wall clock or by how often it
// is asked: [Story.Advance] emits what happens up to a time, and the same events come out in one
// step of a day or in a thousand steps of a minute.
//
// The journey of one fact: a trigger fires (a webhook arrives, a pull finds a change, a schedule is
// due, the product emits an event), which becomes a session with its own source of randomness. The
// session writes its external or internal event, starts the flow's run, walks the run's nodes in
// their order, and lets every node call its provider. Whether a call fails is a function of the
// incidents that hold at that moment. All of it is queued at the time when an agent would have sent
// it, so that causes always come out before their effects.
//
// A Corpus is something else: plain API requests of a known size and skew, for benchmarks. Client
// and Run send either of them to a running service.
package simulate
