package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// Ensure makes the rows that the need names and that are not there, and moves the times of activity forward. It runs
// in a commit that holds the tenant's lock, so that no other commit makes connected apps meanwhile; at is the time of
// the commit. It is ErrStale when what the need was resolved from is no longer so.
//
// Statements are one a table. Their rows are sorted by id, and every commit takes the tables in the same order, so that
// two transactions cannot wait for each other.
func (s *Store) Ensure(ctx context.Context, tx *tenant.Tx, need *Need, at time.Time) (Made, error) {
	made := Made{}
	if need.Empty() {
		return made, nil
	}
	apps, err := s.ensureNames(ctx, tx, need, at, made)
	if err != nil {
		return nil, fmt.Errorf("make customers and integrations: %w", err)
	}
	if err := s.ensureLinks(ctx, tx, need, apps, at, made); err != nil {
		return nil, fmt.Errorf("make connected apps: %w", err)
	}
	return made, nil
}

const (
	makeCustomersSQL = `INSERT INTO customer (tenant_id, id, external_id, name, created_at, last_activity_at)
		SELECT $1, v.id, v.external_id, v.external_id, $4, v.at
		FROM unnest($2::uuid[], $3::text[], $5::timestamptz[]) AS v (id, external_id, at) ORDER BY v.id
		ON CONFLICT DO NOTHING RETURNING id`
	makeIntegrationsSQL = `INSERT INTO integration (tenant_id, id, key, name, created_at)
		SELECT $1, v.id, v.key, v.name, $5 FROM unnest($2::uuid[], $3::text[], $4::text[]) AS v (id, key, name) ORDER BY v.id
		ON CONFLICT DO NOTHING RETURNING id`
)

// ensureNames makes customers and integrations, and reads the connected apps that those which are missing depend on.
func (s *Store) ensureNames(ctx context.Context, tx *tenant.Tx, need *Need, at time.Time, made Made) (*apps, error) {
	var b pgx.Batch
	var customers []uuid.UUID
	var externalIDs []string
	var activity []*time.Time
	for _, id := range sorted(need.customers) {
		if c := need.customers[id]; c.missing {
			customers, externalIDs, activity = append(customers, id), append(externalIDs, c.externalID), append(activity, fromMicros(c.activity))
		}
	}
	if len(customers) > 0 {
		b.Queue(makeCustomersSQL, tx.TenantID(), tenant.UUIDs(customers), externalIDs, at, activity)
	}
	if ids := sorted(need.integrations); len(ids) > 0 {
		keys, titles := make([]string, len(ids)), make([]string, len(ids))
		for i, id := range ids {
			keys[i], titles[i] = need.integrations[id], humanise(need.integrations[id])
		}
		b.Queue(makeIntegrationsSQL, tx.TenantID(), tenant.UUIDs(ids), keys, titles, at)
	}
	inserts := b.Len()
	links, names := need.missingApps(tx.TenantID())
	if len(names) > 0 {
		queueApps(&b, tx.TenantID(), links, names)
	}
	if b.Len() == 0 {
		return nil, nil
	}
	results := tx.Pgx().SendBatch(ctx, &b)
	err := func() error {
		for range inserts {
			if err := readMade(results, made); err != nil {
				return err
			}
		}
		return nil
	}()
	var found *apps
	if err == nil && len(names) > 0 {
		found, err = readApps(results)
	}
	return found, errors.Join(err, results.Close())
}

// missingApps lists what must be known of the connected apps that may have to be made.
func (n *Need) missingApps(tenantID uuid.UUID) (links []linkKey, names []string) {
	for _, id := range sorted(n.apps) {
		if a := n.apps[id]; a.missing {
			links = append(links, linkKey{tenantID, a.customerID, a.integrationID})
			names = append(names, a.externalID)
		}
	}
	return links, names
}

func readMade(results pgx.BatchResults, made Made) error {
	ids, err := readRows(results, pgx.RowTo[uuid.UUID])
	for _, id := range ids {
		made[id] = struct{}{}
	}
	return err
}

// sorted gives the ids in the one order in which rows are locked.
func sorted[V any](rows map[uuid.UUID]V) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(rows))
	for id := range rows {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// humanise makes a name of a key: google-analytics becomes Google Analytics.
func humanise(key string) string {
	words := strings.FieldsFunc(key, func(r rune) bool { return r == '-' || r == '_' || r == '.' || unicode.IsSpace(r) })
	for i, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		words[i] = string(unicode.ToUpper(first)) + word[size:]
	}
	if len(words) == 0 {
		return key
	}
	return strings.Join(words, " ")
}
