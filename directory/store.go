package directory

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/tenant"
)

// Store reads and changes the directory of the context's tenant. Reads show a principal that is limited to one
// customer that customer's rows only: the database sees to it.
type Store struct {
	door     *tenant.Door
	now      func() time.Time
	eraser   Eraser
	resolver *Resolver
}

// Eraser enqueues the erasure of what else is kept of a customer (log entries, payloads), in the transaction that
// deletes the customer, so that neither happens without the other.
type Eraser interface {
	EraseCustomer(ctx context.Context, tx *tenant.Tx, customerID uuid.UUID) error
}

// NewStore makes a Store.
func NewStore(door *tenant.Door, now func() time.Time) *Store {
	s := &Store{door: door, now: now}
	s.resolver = newResolver(s)
	return s
}

// EraseWith names who erases what else is kept of a customer; without it DeleteCustomer fails. It must be called before
// the store is used.
func (s *Store) EraseWith(e Eraser) { s.eraser = e }

// Resolver is the process's one resolver of names, which remembers what it has seen.
func (s *Store) Resolver() *Resolver { return s.resolver }

// reader gives the principal if it may read the directory.
func reader(ctx context.Context) (*tenant.Principal, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.RequireRead()
}

// writer gives the principal if it may change the directory.
func writer(ctx context.Context) (*tenant.Principal, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return p, p.Require(tenant.RoleDeveloper)
}

// collect runs one statement in one round trip and reads its rows.
func collect[T any](ctx context.Context, door *tenant.Door, sql string, args ...any) (rows []*T, err error) {
	err = door.Batch(ctx, func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(sql, append([]any{tenantID}, args...)...)
	}, func(r pgx.BatchResults) error {
		rows, err = collectNext[T](r)
		return err
	})
	return rows, err
}

func collectNext[T any](r pgx.BatchResults) ([]*T, error) {
	return readRows(r, pgx.RowToAddrOfStructByNameLax[T])
}

// only gives the one row with the id, or NotFound.
func only[T any](rows map[uuid.UUID]*T, id uuid.UUID, what string) (*T, error) {
	if row := rows[id]; row != nil {
		return row, nil
	}
	return nil, errs.New(errs.NotFound, "no such %s", what)
}

// byID makes a map of rows that were read by their ids.
func byID[T any](rows []*T, id func(*T) uuid.UUID) map[uuid.UUID]*T {
	out := make(map[uuid.UUID]*T, len(rows))
	for _, row := range rows {
		out[id(row)] = row
	}
	return out
}

// optional is tenant.UUIDs with NULL for uuid.Nil.
func optional(ids []uuid.UUID) []pgtype.UUID {
	out := tenant.UUIDs(ids)
	for i, id := range ids {
		out[i].Valid = id != uuid.Nil
	}
	return out
}
