package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/migrations"
)

// erasureBatch is how many rows a transaction of a deletion deletes: few enough to hold no lock for long.
const erasureBatch = 5_000

// DeleteTenant deletes the context's tenant: its API keys first, so that nothing new comes in, then every row of every
// table, children first, in small transactions, and at last its place in the directory. It may be called again when it
// was interrupted. It needs the role OWNER.
func (s *Store) DeleteTenant(ctx context.Context) error {
	p, err := FromContext(ctx)
	if err != nil {
		return err
	}
	if err := p.Require(RoleOwner); err != nil {
		return err
	}
	tables := []string{"api_key"}
	for _, t := range slices.Backward(migrations.Tables) {
		if t.Placement == migrations.Distributed {
			tables = append(tables, t.Name)
		}
	}
	for {
		var erased int64
		for _, table := range tables {
			n, err := s.eraseTable(ctx, table)
			if err != nil {
				return fmt.Errorf("delete the tenant's rows of %s: %w", table, err)
			}
			erased += n
		}
		// What was under way when the keys went may have written once more.
		if erased == 0 {
			break
		}
	}
	return s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "SELECT delete_current_tenant()"); err != nil {
			return fmt.Errorf("delete the tenant from the directory: %w", err)
		}
		return nil
	})
}

func (s *Store) eraseTable(ctx context.Context, table string) (erased int64, err error) {
	statement := ""
	for {
		var n int64
		err := s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
			if statement == "" {
				if statement, err = erasure(ctx, tx, table); err != nil {
					return err
				}
			}
			tag, err := tx.Pgx().Exec(ctx, statement, tx.TenantID())
			n = tag.RowsAffected()
			return err
		})
		erased += n
		if err != nil || n < erasureBatch {
			return erased, err
		}
	}
}

// erasure is the statement that deletes some rows of a tenant ($1) by the table's primary key, which the catalog knows.
func erasure(ctx context.Context, tx *Tx, table string) (string, error) {
	rows, err := tx.Pgx().Query(ctx, `SELECT a.attname FROM pg_index i
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
		WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)`, table)
	if err != nil {
		return "", err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	for i, column := range columns {
		columns[i] = pgx.Identifier{column}.Sanitize()
	}
	key, name := strings.Join(columns, ", "), pgx.Identifier{table}.Sanitize()
	return fmt.Sprintf("DELETE FROM %[1]s WHERE tenant_id = $1 AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE tenant_id = $1 ORDER BY %[2]s LIMIT %[3]d)",
		name, key, erasureBatch), nil
}
