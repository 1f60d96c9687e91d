package statistics

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/tenant"
)

// EraseCustomer makes the figures of the context's tenant forget who a customer was: what was counted for it counts as
// nobody's from then on, and nothing of its connected apps is told apart. Sums stay as they were. Each transaction does a
// day; it may be stopped at any point, and run again. What is committed for the customer meanwhile may stay.
func (s *Store) EraseCustomer(ctx context.Context, customerID uuid.UUID) (rows int, err error) {
	var days []time.Time
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		found, err := tx.Pgx().Query(ctx, `SELECT day FROM statistic WHERE tenant_id = $1
UNION SELECT day FROM statistic_minute WHERE tenant_id = $1 ORDER BY 1`, tx.TenantID())
		if err == nil {
			days, err = pgx.CollectRows(found, pgx.RowTo[time.Time])
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find days that have statistics: %w", err)
	}
	for _, day := range days {
		n, err := s.eraseDay(ctx, customerID, day)
		if err != nil {
			return rows, fmt.Errorf("erase customer %s from the statistics of %s: %w", customerID, day.Format(time.DateOnly), err)
		}
		rows += n
	}
	return rows, nil
}

func (s *Store) eraseDay(ctx context.Context, customerID uuid.UUID, day time.Time) (changed int, err error) {
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, sqlLock, tx.TenantID().String()); err != nil {
			return err
		}
		c := compacting{store: s, tx: tx, day: day, rolling: newRolling(floorDiv(MinuteOf(day), minutesOfDay)), minutes: NewCollector()}
		waiting, err := c.erase(ctx, "statistic", customerID, func(*Cells) {})
		if err != nil {
			return err
		}
		rolledUp, err := c.erase(ctx, "statistic_minute", customerID, c.rolling.add)
		if err != nil || rolledUp == 0 {
			changed = waiting
			return err
		}
		changed = waiting + rolledUp
		// When it was rolled up stays: the cells are the same.
		if err := tx.Pgx().QueryRow(ctx, "SELECT coalesce(max(rolled_up_to), $2) FROM statistic_rollup WHERE tenant_id = $1 AND day = $2",
			tx.TenantID(), day).Scan(&c.before); err != nil {
			return err
		}
		return c.writeRollups(ctx)
	})
	return changed, err
}

// erase packs the rows of the day anew that know the customer. Each is given to one, as it is from then on.
func (c *compacting) erase(ctx context.Context, table string, customerID uuid.UUID, each func(*Cells)) (changed int, err error) {
	var ids, empty []pgtype.UUID
	var packed [][]byte
	err = c.read(ctx, func(id pgtype.UUID, raw []byte) error {
		cells, err := Open(raw)
		if err != nil {
			c.store.report(ctx, c.tx, id)
			return nil //nolint:nilerr // It is reported, and goes when its time is over.
		}
		knew := cells.forget(customerID)
		each(cells)
		if knew {
			c.minutes.addRow(cells)
			rows := c.minutes.Pack()
			if len(rows) == 0 {
				empty = append(empty, id) // Its cells took one another back.
				return nil
			}
			ids, packed = append(ids, id), append(packed, rows[0].Packed)
		}
		return nil
	}, "SELECT id, cells FROM "+table+" WHERE tenant_id = $1 AND day = $2", c.tx.TenantID(), c.day)
	if err != nil || len(ids)+len(empty) == 0 {
		return 0, err
	}
	if _, err := c.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = $1 AND day = $2 AND id = ANY($3)", c.tx.TenantID(), c.day, empty); err != nil {
		return 0, err
	}
	_, err = c.exec(ctx, "UPDATE "+table+` t SET cells = u.cells FROM unnest($3::uuid[], $4::bytea[]) u(id, cells)
WHERE t.tenant_id = $1 AND t.day = $2 AND t.id = u.id`, c.tx.TenantID(), c.day, ids, packed)
	return len(ids) + len(empty), err
}

// forget makes the cells of a customer nobody's; false when there are none.
func (c *Cells) forget(customerID uuid.UUID) bool {
	at := slices.Index(c.customers, customerID)
	if at < 0 {
		return false
	}
	for i := range c.customer {
		if int(c.customer[i]) == at+1 {
			c.customer[i], c.app[i] = 0, 0
		}
	}
	return true
}
