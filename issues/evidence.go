package issues

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// exhibit is evidence, and whose.
type exhibit struct {
	Evidence
	customer uuid.UUID
}

// What is kept of the evidence of a problem: the first, the latest, and a sample of what is between; and the latest of each
// customer.
const (
	firstKept   = 5
	latestKept  = 20
	sampledKept = 25
)

// choose gives what is kept of evidence: the same, in whatever steps it comes. Entries between the first and the latest are
// sampled by a hash of their ids, the smallest ones, so that each is as likely as any other.
func choose(all []exhibit) (kept []exhibit) {
	all = inOrder(all)
	if len(all) <= firstKept+latestKept+sampledKept {
		return all
	}
	latest := map[uuid.UUID]uuid.UUID{}
	for _, e := range all {
		latest[e.customer] = e.ID
	}
	middle := all[firstKept : len(all)-latestKept]
	kept = append(slices.Clone(all[:firstKept]), all[len(all)-latestKept:]...)
	byHash := slices.Clone(middle)
	slices.SortStableFunc(byHash, func(a, b exhibit) int { return cmp.Compare(hash(a.ID), hash(b.ID)) })
	kept = append(kept, byHash[:sampledKept]...)
	for _, e := range byHash[sampledKept:] {
		if latest[e.customer] == e.ID {
			kept = append(kept, e)
		}
	}
	return kept
}

// inOrder sorts evidence by time, each once.
func inOrder(all []exhibit) []exhibit {
	slices.SortFunc(all, func(a, b exhibit) int {
		return cmp.Or(a.At.Compare(b.At), slices.Compare(a.ID[:], b.ID[:]))
	})
	return slices.CompactFunc(all, func(a, b exhibit) bool { return a.ID == b.ID })
}

// What is kept of the evidence of what is only watched: of each customer's first in each hour the latest, and the latest of
// each customer. Most of what is watched never becomes an issue, so that more of the same costs nothing.
const (
	watchedOfHour = 5
	watchedKept   = 20
)

// chooseWatched gives what is kept of the evidence of what is only watched.
func chooseWatched(all []exhibit) (kept []exhibit) {
	type of struct {
		customer uuid.UUID
		hour     time.Time
	}
	seen, latest := map[of]int{}, map[uuid.UUID]uuid.UUID{}
	var first []exhibit
	for _, e := range inOrder(all) {
		o := of{e.customer, e.At.Truncate(time.Hour)}
		if seen[o]++; seen[o] <= watchedOfHour {
			first, latest[e.customer] = append(first, e), e.ID
		}
	}
	for i, e := range first {
		if len(first)-i <= watchedKept || latest[e.customer] == e.ID {
			kept = append(kept, e)
		}
	}
	return kept
}

func hash(id uuid.UUID) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(id[:])
	// The last bytes of an id hardly reach the high bits of its hash.
	sum := h.Sum64()
	return (sum ^ sum>>29) * 0x9e3779b97f4a7c15
}

const (
	sqlEvidenceOf = `SELECT issue_id, entry_id, kind, customer_id, at FROM issue_evidence WHERE tenant_id = $1 AND issue_id = ANY ($2::uuid[])`

	sqlAddEvidence = `INSERT INTO issue_evidence (tenant_id, issue_id, entry_id, kind, customer_id, at)
SELECT $1, v.* FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::uuid[], $6::timestamptz[]) AS v ON CONFLICT DO NOTHING`

	sqlDropEvidence = `DELETE FROM issue_evidence e USING unnest($2::uuid[], $3::uuid[]) AS v (issue_id, entry_id)
WHERE e.tenant_id = $1 AND e.issue_id = v.issue_id AND e.entry_id = v.entry_id`
)

// keepEvidence brings new evidence of issues in, and lets go of what is not to be kept.
func keepEvidence(ctx context.Context, tx *tenant.Tx, found map[uuid.UUID][]exhibit, choose func([]exhibit) []exhibit) error {
	if len(found) == 0 {
		return nil
	}
	all, had, err := storedEvidence(ctx, tx, found)
	if err != nil {
		return err
	}
	var added, dropped struct{ issues, entries, customers []uuid.UUID }
	var kinds []int16
	var times []time.Time
	for issueID, list := range all {
		keep := map[uuid.UUID]bool{}
		for _, e := range choose(list) {
			keep[e.ID] = true
			if had[issueID][e.ID] {
				continue
			}
			added.issues, added.entries, added.customers = append(added.issues, issueID), append(added.entries, e.ID), append(added.customers, e.customer)
			kinds, times = append(kinds, int16(e.Kind)), append(times, e.At)
		}
		for id := range had[issueID] {
			if !keep[id] {
				dropped.issues, dropped.entries = append(dropped.issues, issueID), append(dropped.entries, id)
			}
		}
	}
	b := &pgx.Batch{}
	if len(added.issues) > 0 {
		b.Queue(sqlAddEvidence, tx.TenantID(), tenant.UUIDs(added.issues), tenant.UUIDs(added.entries), kinds, tenant.UUIDs(added.customers), times)
	}
	if len(dropped.issues) > 0 {
		b.Queue(sqlDropEvidence, tx.TenantID(), tenant.UUIDs(dropped.issues), tenant.UUIDs(dropped.entries))
	}
	return send(ctx, tx, b)
}

// storedEvidence adds what is stored to what was found, and tells of each issue which entries are stored.
func storedEvidence(ctx context.Context, tx *tenant.Tx, found map[uuid.UUID][]exhibit) (all map[uuid.UUID][]exhibit, had map[uuid.UUID]map[uuid.UUID]bool, err error) {
	all, had = map[uuid.UUID][]exhibit{}, map[uuid.UUID]map[uuid.UUID]bool{}
	var ids []uuid.UUID
	for id, list := range found {
		if len(list) > 0 {
			all[id], had[id], ids = list, map[uuid.UUID]bool{}, append(ids, id)
		}
	}
	rows, err := tx.Pgx().Query(ctx, sqlEvidenceOf, tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return nil, nil, err
	}
	var issueID uuid.UUID
	var e exhibit
	var kind int16
	_, err = pgx.ForEachRow(rows, []any{&issueID, &e.ID, &kind, &e.customer, &e.At}, func() error {
		e.Kind = entry.Kind(kind) //nolint:gosec // It was one when it was stored.
		had[issueID][e.ID] = true
		all[issueID] = append(all[issueID], e)
		return nil
	})
	return all, had, err
}

// evidenceList is in the cursors of lists of evidence.
const evidenceList = "issue_evidence"

// Cursor is the evidence's place in the list of an issue's evidence.
func (e Evidence) Cursor() string {
	return page.EncodeCursor(evidenceList, tenant.TimeKey(e.At), e.ID.String())
}

// EvidenceCursor is the evidence's place in the list that Evidence gives.
func (s *Store) EvidenceCursor(e Evidence) string { return e.Cursor() }

// family is the issue $2 and what is folded into it.
const family = `(SELECT id FROM issue WHERE tenant_id = $1 AND status <> 'WATCHED' AND (id = $2 OR parent_id = $2))`

const (
	sqlEvidence = `SELECT DISTINCT at, entry_id, kind FROM issue_evidence
WHERE tenant_id = $1 AND issue_id IN ` + family + ` AND ($3::timestamptz IS NULL OR (at, entry_id) < ($3, $4::uuid))
ORDER BY at DESC, entry_id DESC LIMIT $5`

	sqlEvidenceTotal = `SELECT count(DISTINCT entry_id) FROM issue_evidence WHERE tenant_id = $1 AND issue_id IN ` + family
)

// Evidence lists log entries that show an issue, or what is folded into it: the newest first, with their count. Errors:
// BadInput for a bad size or cursor.
func (s *Store) Evidence(ctx context.Context, issueID uuid.UUID, req page.Request) (out page.Page[Evidence], err error) {
	if _, err := reader(ctx); err != nil {
		return out, err
	}
	at, id, err := position(evidenceList, req)
	if err != nil {
		return out, err
	}
	err = s.deps.Door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sqlEvidence, tenantID, issueID, at, id, req.Size+1)
		b.Queue(sqlEvidenceTotal, tenantID, issueID)
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		var e Evidence
		var kind int16
		if _, err := pgx.ForEachRow(rows, []any{&e.At, &e.ID, &kind}, func() error {
			e.Kind = entry.Kind(kind) //nolint:gosec // It was one when it was stored.
			e.At = e.At.UTC()
			out.Items = append(out.Items, e)
			return nil
		}); err != nil {
			return err
		}
		return r.QueryRow().Scan(&out.Total)
	})
	if err != nil {
		return page.Page[Evidence]{}, fmt.Errorf("list the evidence of issue %s: %w", issueID, err)
	}
	cut(&out, req)
	return out, nil
}

// position is the time and id that a cursor of a list holds; both are nil for the start of the list.
func position(list string, req page.Request) (at *time.Time, id *uuid.UUID, err error) {
	if req.Size < 1 {
		return nil, nil, errs.Invalid("first", "must be at least 1")
	}
	if req.After == "" {
		return nil, nil, nil
	}
	keys, err := page.DecodeCursor(list, req.After, 2)
	if err != nil {
		return nil, nil, err
	}
	micros, err := strconv.ParseInt(keys[0], 10, 64)
	if err != nil {
		return nil, nil, errs.Invalid("after", "this is no cursor of this list")
	}
	parsed, err := uuid.Parse(keys[1])
	if err != nil {
		return nil, nil, errs.Invalid("after", "this is no cursor of this list")
	}
	instant := time.UnixMicro(micros).UTC()
	return &instant, &parsed, nil
}

// cut takes the one row off that was read to see whether there is more.
func cut[T any](p *page.Page[T], req page.Request) {
	p.HasPrevious = req.After != ""
	if len(p.Items) > req.Size {
		p.Items, p.HasNext = p.Items[:req.Size], true
	}
}
