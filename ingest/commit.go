package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/journal/term"
	"github.com/weirhq/weir/tenant"
)

// commitTimeout bounds a commit, the wait for the tenant's lock included.
const commitTimeout = 30 * time.Second

// commit stores the requests in one transaction and answers them. When what one of them holds cannot be stored, each is
// stored on its own, so that it costs its neighbours nothing.
func (s *Service) commit(tenantID uuid.UUID, batch []*request) {
	err := s.write(tenantID, batch)
	switch {
	case err == nil:
	case directory.IsStale(err):
		s.again(tenantID, batch)
		return
	case len(batch) > 1 && !transient(err):
		for _, r := range batch {
			s.commit(tenantID, []*request{r})
		}
		return
	}
	for _, r := range batch {
		r.done <- err
	}
}

// again stores the requests one by one, after the names in them have been resolved anew: another process has changed
// the directory since. What is sealed cannot be resolved anew; its sender must send it again.
func (s *Service) again(tenantID uuid.UUID, batch []*request) {
	s.directory.Resolver().Forget(tenantID)
	for _, r := range batch {
		r.done <- s.retry(tenantID, r)
	}
}

func (s *Service) retry(tenantID uuid.UUID, r *request) error {
	if len(r.sealed) > 0 {
		return errs.New(errs.Unavailable, "the directory of customers changed: send the events again")
	}
	ctx, cancel := s.background(tenantID, r)
	defer cancel()
	r.unsettled, r.need, r.sightings = 0, nil, nil
	if err := s.resolve(ctx, r); err != nil {
		return err
	}
	if err := s.write(tenantID, []*request{r}); err != nil {
		if directory.IsStale(err) {
			return errs.Wrap(err, errs.Unavailable, "the directory of customers is changing: send the events again")
		}
		return err
	}
	return nil
}

// background is a context of Weir's own work for a tenant: the sender's does not end it. What is done for one request alone
// is told to that one.
func (s *Service) background(tenantID uuid.UUID, batch ...*request) (context.Context, context.CancelFunc) {
	ctx := context.Background()
	if len(batch) == 1 && batch[0].context != nil {
		ctx = context.WithoutCancel(batch[0].context)
	}
	return context.WithTimeout(tenant.WithPrincipal(ctx, tenant.System(tenantID)), commitTimeout)
}

// write is one transaction of a tenant. All that a commit writes, whatever for, is written here.
func (s *Service) write(tenantID uuid.UUID, batch []*request) (err error) {
	// A committer belongs to no request, so that nothing else keeps a panic in it from ending the process.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("commit %d requests: %w", len(batch), errs.Panicked(p))
		}
	}()
	ctx, cancel := s.background(tenantID, batch...)
	defer cancel()
	w := newWriting(batch)
	began := s.now()
	done := false
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if w.journal, err = s.journal.Begin(ctx, tx, w.days); err != nil {
			return err
		}
		if err := s.writeStates(ctx, tx, w, began); err != nil {
			return err
		}
		if err := s.writeRuns(ctx, tx, w); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, w); err != nil {
			return err
		}
		w.claimKeys()
		w.enqueue(tenantID)
		if err := w.journal.Append(ctx, w.entries); err != nil {
			return err
		}
		done = true
		return nil
	})
	if err != nil {
		if w.journal != nil {
			// After done only COMMIT can have failed, and it may have been heard all the same.
			w.journal.Failed(done)
		}
		return fmt.Errorf("commit %d requests: %w", len(batch), err)
	}
	w.journal.Committed()
	s.directory.Resolver().Committed(tenantID, w.need)
	w.publish(s)
	s.metrics.Commit(w.size(), s.now().Sub(began))
	s.committed(tenantID, w.journal.No)
	if w.found {
		s.found(tenantID, w.sighted)
	}
	return nil
}

// writing is what one transaction writes, and what comes of it.
type writing struct {
	batch []*request
	days  []journal.Day
	need  *directory.Need

	runs   []run.FlowRunEvent
	nodes  []run.NodeRunEvent
	states []directory.StateEvent
	// Whose they are.
	runsOf, nodesOf, statesOf []owner

	journal *journal.Commit
	entries journal.Batch
	// again are entries that were sent before, where there are sightings.
	again map[uuid.UUID]struct{}
	// found tells that there is something for issues: sightings, or states of connected apps.
	found   bool
	sighted int
	// tallies are by request.
	tallies []tally
}

// owner is whose an event is.
type owner struct {
	request int
	kind    eventType
}

// tally is what became of the events of one request.
type tally struct{ accepted, duplicates [typeCount]int }

func newWriting(batch []*request) *writing {
	w := &writing{batch: batch, need: directory.NewNeed(), tallies: make([]tally, len(batch))}
	for i, r := range batch {
		if r.need != nil {
			w.need.Add(r.need)
		}
		for _, e := range r.events {
			o := owner{i, e.kind}
			switch {
			case e.run != nil:
				w.runs, w.runsOf = append(w.runs, *e.run), append(w.runsOf, o)
			case e.node != nil:
				w.nodes, w.nodesOf = append(w.nodes, *e.node), append(w.nodesOf, o)
			case e.state != nil:
				w.states, w.statesOf = append(w.states, *e.state), append(w.statesOf, o)
				w.found = w.found || e.state.ConnectedApp != nil
			default:
				if e.keyed {
					w.day(e.key)
				}
			}
		}
		for k := range r.keys {
			w.day(r.keys[k].key)
		}
		w.entries.Sealed = append(w.entries.Sealed, r.sealed...)
	}
	slices.Sort(w.days)
	return w
}

// day notes the days whose keys will be asked for.
func (w *writing) day(key journal.Key) {
	if !slices.Contains(w.days, key.Day) {
		w.days = append(w.days, key.Day)
	}
	if before := key.Day - 1; key.OrDayBefore && !slices.Contains(w.days, before) {
		w.days = append(w.days, before)
	}
}

// writeStates makes what the events name and is not there, and brings in what state events say.
func (s *Service) writeStates(ctx context.Context, tx *tenant.Tx, w *writing, at time.Time) error {
	made, err := s.directory.Ensure(ctx, tx, w.need, at)
	if err != nil {
		return err
	}
	changed, err := s.directory.ApplyStates(ctx, tx, w.states, made)
	if err != nil {
		return err
	}
	w.tally(w.statesOf, changed)
	return nil
}

// writeRuns merges what the events say of runs and nodes.
func (s *Service) writeRuns(ctx context.Context, tx *tenant.Tx, w *writing) error {
	done, err := s.runs.Apply(ctx, tx, w.journal.No, w.runs, w.nodes)
	if err != nil {
		return fmt.Errorf("apply runs: %w", err)
	}
	w.tally(w.runsOf, done.RunChanged)
	w.tally(w.nodesOf, done.NodeChanged)
	w.entries.Cells, w.entries.Runs = done.Cells, done.Changed
	for i, changed := range done.RunChanged {
		if changed {
			w.terms(&w.runs[i])
		}
	}
	return nil
}

// terms notes what a run is found by beside the entries. The time is that of the message, whose day has partitions.
func (w *writing) terms(r *run.FlowRunEvent) {
	at := r.At.UnixMicro()
	for _, id := range r.Identifiers {
		w.entries.Terms = append(w.entries.Terms, term.Term{Hash: entry.TermHash(entry.TermIdentifier, id.Value), Micros: at})
	}
	if r.TraceID != "" {
		w.entries.Terms = append(w.entries.Terms, term.Term{Hash: entry.TermHash(entry.TermTrace, r.TraceID), Micros: at})
	}
}

func (w *writing) tally(owners []owner, changed []bool) {
	for i, o := range owners {
		w.count(o, !changed[i])
	}
}

func (w *writing) count(o owner, duplicate bool) {
	if duplicate {
		w.tallies[o.request].duplicates[o.kind]++
		return
	}
	w.tallies[o.request].accepted[o.kind]++
}

// claimKeys leaves out the entries that were sent before. It goes through the requests, and each request's events, in
// their order, so that of two that are the same the first is kept.
func (w *writing) claimKeys() {
	for i, r := range w.batch {
		for k := range r.keys {
			key := &r.keys[k]
			duplicate := w.journal.Duplicate(key.key)
			if w.count(owner{i, key.kind}, duplicate); duplicate {
				if w.entries.Dropped == nil {
					w.entries.Dropped = map[uuid.UUID]struct{}{}
				}
				w.entries.Dropped[key.id] = struct{}{}
				w.sentBefore(r, key.id)
			}
		}
		for kind, n := range r.keyless {
			w.tallies[i].accepted[kind] += n
		}
		for _, e := range r.events {
			if e.entry == nil {
				continue
			}
			duplicate := e.keyed && w.journal.Duplicate(e.key)
			w.count(owner{i, e.kind}, duplicate)
			if duplicate {
				w.sentBefore(r, e.entry.ID)
			} else {
				w.entries.Loose = append(w.entries.Loose, e.entry)
			}
		}
	}
}

// publish tells each request what became of its events.
func (w *writing) publish(s *Service) {
	for i, r := range w.batch {
		t := &w.tallies[i]
		for kind := range typeCount {
			accepted, duplicates := t.accepted[kind], t.duplicates[kind]
			r.result.Accepted += accepted
			r.result.Duplicates += duplicates
			if accepted > 0 {
				s.metrics.Event(kind.String(), "accepted", accepted)
			}
			if duplicates > 0 {
				s.metrics.Event(kind.String(), "duplicate", duplicates)
			}
		}
	}
}

func (w *writing) size() (n int) {
	for _, r := range w.batch {
		n += r.size()
	}
	return n
}
