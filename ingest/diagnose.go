package ingest

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
)

// Catalogues gives the catalogue of errors of the context's tenant. It is asked for each request, so it remembers.
type Catalogues func(ctx context.Context, tenantID uuid.UUID) *diagnostics.Catalogue

// diagnose says what is wrong with an entry, so that it is counted by its category and found by its problem. A plain
// success costs a look at its headers.
func (r *request) diagnose(e *event) {
	it := e.entry
	if r.catalogue == nil || it == nil || !diagnostics.Notable(it) {
		return
	}
	it.Category, it.IssueID = "", uuid.Nil
	d := r.catalogue.Verdict(diagnostics.Observe(it, e.ref.Integration))
	key, ok := issues.KeyOf(&it.Head, &d)
	if !ok {
		return
	}
	it.Category, it.IssueID = string(d.Category), key.ID(r.tenantID)
	r.sightings = append(r.sightings, issues.Sighting{
		Key: key, CustomerID: it.CustomerID, ConnectedAppID: it.ConnectedAppID, At: it.OccurredAt(),
		Evidence: issues.Evidence{ID: it.ID, Kind: it.Kind}, Confidence: d.Confidence,
	})
}

// sightings are those of entries that were not sent before.
func (w *writing) sightings() []issues.Sighting {
	if len(w.batch) == 1 && len(w.again) == 0 {
		return w.batch[0].sightings
	}
	count := 0
	for _, r := range w.batch {
		count += len(r.sightings)
	}
	list := make([]issues.Sighting, 0, count)
	for _, r := range w.batch {
		for i := range r.sightings {
			if _, again := w.again[r.sightings[i].Evidence.ID]; !again {
				list = append(list, r.sightings[i])
			}
		}
	}
	return list
}

// sentBefore notes that an entry was.
func (w *writing) sentBefore(r *request, id uuid.UUID) {
	if len(r.sightings) == 0 {
		return
	}
	if w.again == nil {
		w.again = map[uuid.UUID]struct{}{}
	}
	w.again[id] = struct{}{}
}

// enqueue keeps the sightings, in the commit of their entries, until a job counts them.
func (w *writing) enqueue(tenantID uuid.UUID) {
	list := w.sightings()
	if len(list) == 0 {
		return
	}
	w.found, w.sighted = true, len(list)
	w.entries.Beside = func(b *pgx.Batch) error {
		issues.Enqueue(b, tenantID, w.journal.No, list)
		return nil
	}
}
