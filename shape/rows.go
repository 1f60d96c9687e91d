package shape

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// mostCalls bounds the calls of a tenant whose forms are kept. Those that are not made any more make room after a month.
const mostCalls = 2_000

// rowKey is the key of a row, but for the tenant.
type rowKey struct {
	integrationID uuid.UUID
	call          int64
}

func (a rowKey) compare(b rowKey) int {
	return cmp.Or(bytes.Compare(a.integrationID[:], b.integrationID[:]), cmp.Compare(a.call, b.call))
}

// row is the form of one call.
type row struct {
	key   rowKey
	call  call
	state *state
	fresh bool
}

// merge brings samples into the rows of their calls, which it locks in one order, so that processes wait for one another.
// A row that cannot be read begins anew.
func merge(ctx context.Context, tx *tenant.Tx, samples []*sample) error {
	rows := map[rowKey]*row{}
	for _, s := range samples {
		key := rowKey{s.call.integrationID, s.call.key()}
		if rows[key] == nil {
			rows[key] = &row{key: key, call: s.call, state: &state{}, fresh: true}
		}
	}
	if err := lock(ctx, tx, rows); err != nil {
		return err
	}
	if err := bound(ctx, tx, rows); err != nil {
		return err
	}
	for _, s := range samples {
		if r := rows[rowKey{s.call.integrationID, s.call.key()}]; r != nil {
			r.state.apply(s)
		}
	}
	return save(ctx, tx, rows)
}

// lock reads what there is of the rows.
func lock(ctx context.Context, tx *tenant.Tx, rows map[rowKey]*row) error {
	integrations, calls := make([]uuid.UUID, 0, len(rows)), make([]int64, 0, len(rows))
	for key := range rows {
		integrations, calls = append(integrations, key.integrationID), append(calls, key.call)
	}
	found, err := tx.Pgx().Query(ctx, `SELECT integration_id, call, state FROM response_shape
		WHERE tenant_id = $1 AND (integration_id, call) IN (SELECT * FROM unnest($2::uuid[], $3::bigint[]))
		ORDER BY integration_id, call FOR UPDATE`, tx.TenantID(), tenant.UUIDs(integrations), calls)
	if err != nil {
		return fmt.Errorf("lock shapes: %w", err)
	}
	var key rowKey
	var raw []byte
	_, err = pgx.ForEachRow(found, []any{&key.integrationID, &key.call, &raw}, func() error {
		rows[key].fresh = false
		if s, err := unpack(raw); err == nil {
			rows[key].state = s
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("lock shapes: %w", err)
	}
	return nil
}

// bound leaves out new rows when the tenant has as many as it may.
func bound(ctx context.Context, tx *tenant.Tx, rows map[rowKey]*row) error {
	fresh := 0
	for _, r := range rows {
		if r.fresh {
			fresh++
		}
	}
	if fresh == 0 {
		return nil
	}
	var had int
	if err := tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM response_shape WHERE tenant_id = $1", tx.TenantID()).Scan(&had); err != nil {
		return fmt.Errorf("count shapes: %w", err)
	}
	for key, r := range rows {
		if r.fresh && had >= mostCalls {
			delete(rows, key)
		} else if r.fresh {
			had++
		}
	}
	return nil
}

// save writes the rows. An integration that is not there, or not yet, has none; of two processes that see a call for the
// first time at once, one's sample is lost.
func save(ctx context.Context, tx *tenant.Tx, rows map[rowKey]*row) error {
	keys := make([]rowKey, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, rowKey.compare)
	n := len(keys)
	integrations, calls, methods, endpoints := make([]uuid.UUID, n), make([]int64, n), make([]string, n), make([]string, n)
	samples, last, drifting, states := make([]int64, n), make([]time.Time, n), make([]bool, n), make([][]byte, n)
	for i, key := range keys {
		r := rows[key]
		integrations[i], calls[i], methods[i], endpoints[i] = key.integrationID, key.call, r.call.method, r.call.endpoint
		samples[i], last[i], drifting[i], states[i] = int64(r.state.samples), time.Unix(r.state.lastAt, 0), r.state.drifting(), r.state.pack() //nolint:gosec // There are not that many.
	}
	_, err := tx.Pgx().Exec(ctx, `INSERT INTO response_shape (tenant_id, integration_id, call, method, endpoint, samples, last_at, drifting, state)
		SELECT $1, v.* FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::boolean[], $9::bytea[])
			AS v (integration_id, call, method, endpoint, samples, last_at, drifting, state)
		WHERE EXISTS (SELECT FROM integration i WHERE i.tenant_id = $1 AND i.id = v.integration_id)
		ORDER BY v.integration_id, v.call
		ON CONFLICT (tenant_id, integration_id, call) DO UPDATE
			SET samples = excluded.samples, last_at = excluded.last_at, drifting = excluded.drifting, state = excluded.state`,
		tx.TenantID(), tenant.UUIDs(integrations), calls, methods, endpoints, samples, last, drifting, states)
	if err != nil {
		return fmt.Errorf("write shapes: %w", err)
	}
	return nil
}
