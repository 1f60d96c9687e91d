package shape

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// Deps are what a Store works with.
type Deps struct {
	Door *tenant.Door
	// Body is the body that an API request was answered with; ok is false when it is not kept any more. The context carries
	// the tenant's principal.
	Body func(ctx context.Context, entryID uuid.UUID) (text string, ok bool, err error)
	// Log may be nil.
	Log *slog.Logger
}

// Store says which forms have changed. It is safe for concurrent use.
type Store struct{ deps Deps }

// NewStore makes a Store.
func NewStore(deps Deps) *Store {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{deps: deps}
}

// drifting reads the rows of the tenant that changed.
func (s *Store) drifting(ctx context.Context) ([]*row, error) {
	var rows []*row
	err := s.deps.Door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) (err error) {
		rows, err = s.read(ctx, tx, `SELECT integration_id, call, method, endpoint, state FROM response_shape
			WHERE tenant_id = $1 AND drifting ORDER BY integration_id, call`)
		return err
	})
	return rows, err
}

func (s *Store) read(ctx context.Context, tx *tenant.Tx, statement string) ([]*row, error) {
	found, err := tx.Pgx().Query(ctx, statement, tx.TenantID())
	if err != nil {
		return nil, fmt.Errorf("read shapes: %w", err)
	}
	var rows []*row
	var r row
	var raw []byte
	_, err = pgx.ForEachRow(found, []any{&r.key.integrationID, &r.key.call, &r.call.method, &r.call.endpoint, &raw}, func() error {
		if state, err := unpack(raw); err == nil {
			rows = append(rows, &row{key: r.key, call: r.call, state: state})
		} else {
			s.deps.Log.WarnContext(ctx, "a shape cannot be read: it begins anew with the next sample", "tenant", tx.TenantID(), "call", r.key.call, "error", err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read shapes: %w", err)
	}
	return rows, nil
}

// EraseCustomer forgets which connected apps and entries of a customer showed what.
func (s *Store) EraseCustomer(ctx context.Context, customerID uuid.UUID) error {
	return s.deps.Door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		list, err := s.read(ctx, tx, `SELECT integration_id, call, method, endpoint, state FROM response_shape
			WHERE tenant_id = $1 ORDER BY integration_id, call FOR UPDATE`)
		if err != nil {
			return err
		}
		changed := map[rowKey]*row{}
		for _, r := range list {
			for slot := range r.state.accounts {
				if r.state.accounts[slot].customer == customerID {
					r.state.forget(slot)
					changed[r.key] = r
				}
			}
		}
		if len(changed) == 0 {
			return nil
		}
		return save(ctx, tx, changed)
	})
}

// Expire forgets the forms of calls that were not made since a time, and says how many there were.
func (s *Store) Expire(ctx context.Context, before time.Time) (int64, error) {
	var n int64
	err := s.deps.Door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		tag, err := tx.Pgx().Exec(ctx, "DELETE FROM response_shape WHERE tenant_id = $1 AND last_at < $2", tx.TenantID(), before)
		n = tag.RowsAffected()
		return err
	})
	if err != nil {
		return n, fmt.Errorf("forget shapes: %w", err)
	}
	return n, nil
}

// change is the changes of a call that began with one sample.
type change struct {
	*row
	at     int64
	entry  uuid.UUID
	fields []*field
}

// changes are those of a row that hold at a time, the first one first.
func (r *row) changes(now time.Time) (list []*change) {
	for i := range r.state.fields {
		f := &r.state.fields[i]
		if !f.drifted() || now.Unix()-f.odd.at >= normalAfter {
			continue
		}
		at := slices.IndexFunc(list, func(c *change) bool { return c.at == f.odd.at && c.entry == f.odd.entry })
		if at < 0 {
			at, list = len(list), append(list, &change{row: r, at: f.odd.at, entry: f.odd.entry})
		}
		list[at].fields = append(list[at].fields, f)
	}
	for _, c := range list {
		slices.SortFunc(c.fields, func(a, b *field) int {
			if a.path < b.path {
				return -1
			}
			return 1
		})
	}
	return list
}

// good is the entry that shows what the answers were, of an account whose answers changed; uuid.Nil when none is known.
func (c *change) good() (entryID uuid.UUID, slot int) {
	var accounts uint32
	for _, f := range c.fields {
		accounts |= f.odd.accounts
	}
	if slot = c.fields[0].odd.slot; slot >= 0 && c.state.accounts[slot].good != uuid.Nil {
		return c.state.accounts[slot].good, slot
	}
	for i := range c.state.accounts {
		if accounts&(1<<i) != 0 && c.state.accounts[i].good != uuid.Nil {
			return c.state.accounts[i].good, i
		}
	}
	return uuid.Nil, -1
}
