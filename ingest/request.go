package ingest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/segment"
)

// request is the events of one request, on their way into a commit.
type request struct {
	tenantID uuid.UUID
	now      time.Time
	// context is the sender's: while it waits for its commit, a request whose sender is gone is dropped.
	context context.Context //nolint:containedctx // The request is handed from its sender to a committer.

	count int
	bytes int
	// events are those to be stored that are not sealed yet.
	events []*event
	// entries is how many of the events are log entries.
	entries int
	sealed  []*journal.Sealed
	// keys are of what is sealed.
	keys []sealedKey
	// unsettled is where the events begin whose names have not been resolved.
	unsettled int
	need      *directory.Need
	firstDay  journal.Day
	lastDay   journal.Day
	// keyless counts what is sealed and has no key, so that it cannot be a duplicate.
	keyless [typeCount]int
	refused map[outcome]int
	result  Result
	// sightings are of what was found wrong.
	sightings []issues.Sighting
	catalogue *diagnostics.Catalogue

	done chan error
}

// sealedKey is what is left of an event whose entry is sealed: how to tell that it is a duplicate.
type sealedKey struct {
	key  journal.Key
	id   uuid.UUID
	kind eventType
}

type outcome struct {
	kind eventType
	code string
}

const (
	// sealAt is how many entries of a request wait for its end. More are packed while the rest arrives.
	sealAt = segment.MaxEntries
	// sealBytes is the same of the bytes that they hold.
	sealBytes = 2 << 20
	// sealOwn is how many entries are worth segments of their own: they are packed before the commit, outside of the
	// tenant's lock, so that requests of one tenant are packed side by side. Fewer share segments with other requests.
	sealOwn = 256
)

// read takes the events out of a body. What it gives is nothing but texts of the body and rows to be: nothing is stored.
func (s *Service) read(ctx context.Context, d *decoder, r *request, c *cutter) error {
	held := 0
	most, tooMany := c.form.most()
	for {
		found, err := c.next()
		if err != nil {
			return err
		}
		if found == foundEnd {
			break
		}
		if r.count == most {
			return tooMany
		}
		if r.entries >= sealAt || held > sealBytes {
			if err := s.seal(ctx, d, r); err != nil {
				return err
			}
			held = 0
		}
		held += d.doc.i
		e := r.take(d, c.form, found)
		e.index = r.count
		r.count++
		if r.add(e); e.fault != nil {
			d.records.reject(e)
		}
	}
	if c.broken != nil && len(r.result.Rejected) == r.count && r.onlyBroken() {
		return c.broken
	}
	if r.entries >= sealOwn {
		return s.seal(ctx, d, r)
	}
	return s.resolve(ctx, r)
}

// onlyBroken tells whether no line of a body could be read: then it is not lines of JSON at all.
func (r *request) onlyBroken() bool { return r.refused[outcome{noType, CodeInvalidField}] == r.count }

func (r *request) take(d *decoder, form Form, found finding) *event {
	switch found {
	case foundLarge:
		e := &event{kind: transaction}
		if form != FormTransactions {
			e.kind, e.id = d.salvage()
		}
		e.fault = &Rejection{ID: e.id, Code: CodeTooLarge, Message: "an event has at most 1 MiB"}
		return e
	case foundBroken:
		return &event{fault: &Rejection{Code: CodeInvalidField, Message: d.doc.problem}}
	}
	if form == FormTransactions {
		return d.sentTransaction()
	}
	return d.event()
}

func (r *request) add(e *event) {
	if e.fault != nil {
		r.reject(e)
		return
	}
	e.identify(r.tenantID)
	r.events = append(r.events, e)
	if e.entry != nil {
		r.entries++
	}
}

func (r *request) reject(e *event) {
	e.fault.Index, e.fault.ID = e.index, e.id
	r.result.Rejected = append(r.result.Rejected, *e.fault)
	if r.refused == nil {
		r.refused = map[outcome]int{}
	}
	r.refused[outcome{e.kind, e.fault.Code}]++
}

// resolve finds out what the events name, and rejects those that name what cannot be.
func (s *Service) resolve(ctx context.Context, r *request) error {
	fresh := r.events[r.unsettled:]
	if len(fresh) == 0 {
		return nil
	}
	refs := make([]directory.Ref, len(fresh))
	for i, e := range fresh {
		refs[i] = e.ref
	}
	targets, need, err := s.directory.Resolver().Resolve(ctx, refs)
	if err != nil {
		return fmt.Errorf("resolve what the events name: %w", err)
	}
	if r.need == nil {
		r.need = need
	} else {
		r.need.Add(need)
	}
	kept := r.events[:r.unsettled]
	for i, e := range fresh {
		if problem := targets[i].Err; problem != nil {
			if e.entry != nil {
				r.entries--
			}
			e.fault = &Rejection{Code: CodeInvalidField, Message: problem.Message}
			if len(problem.Field) > 0 {
				e.fault.Field = problem.Field[0]
			}
			r.reject(e)
			continue
		}
		e.settle(&targets[i])
		r.diagnose(e)
		if e.entry != nil {
			s.offer(r.tenantID, e.entry)
		}
		r.span(e)
		kept = append(kept, e)
	}
	clear(r.events[len(kept):])
	r.events, r.unsettled = kept, len(kept)
	return nil
}

// span widens the days that the request needs partitions of.
func (r *request) span(e *event) {
	if e.entry == nil && e.run == nil {
		return
	}
	day := journal.DayOf(e.at)
	if r.firstDay == 0 || day < r.firstDay {
		r.firstDay = day
	}
	r.lastDay = max(r.lastDay, day)
}

// seal packs the entries that are there, so that a large request does not hold all that it sent. The decoder's records of
// them are used again.
func (s *Service) seal(ctx context.Context, d *decoder, r *request) error {
	if err := s.resolve(ctx, r); err != nil {
		return err
	}
	entries := make([]*entry.Entry, 0, r.entries)
	states := r.events[:0]
	for _, e := range r.events {
		if e.entry == nil {
			states = append(states, e)
			continue
		}
		entries = append(entries, e.entry)
		if e.keyed {
			r.keys = append(r.keys, sealedKey{key: e.key, id: e.entry.ID, kind: e.kind})
		} else {
			r.keyless[e.kind]++
		}
	}
	clear(r.events[len(states):])
	r.events, r.unsettled, r.entries = states, len(states), 0
	sealed, err := s.journal.Seal(entries)
	if err != nil {
		return err
	}
	r.sealed = append(r.sealed, sealed...)
	d.records.packed()
	return nil
}

// size is how many events wait to be stored.
func (r *request) size() int {
	n := len(r.events)
	for _, s := range r.sealed {
		n += s.Len()
	}
	return n
}

// finish puts the rejections into the order of the events.
func (r *request) finish() Result {
	slices.SortFunc(r.result.Rejected, func(a, b Rejection) int { return a.Index - b.Index })
	if r.result.Rejected == nil {
		r.result.Rejected = []Rejection{}
	}
	return r.result
}

// counting counts the bytes of a body, and stops at the most that there may be.
type counting struct {
	in   io.Reader
	read int64
	most int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if c.read += int64(n); c.read > c.most {
		return 0, errBodyTooLarge
	}
	return n, err
}
