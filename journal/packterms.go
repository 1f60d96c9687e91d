package journal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/journal/term"
	"github.com/weirhq/weir/tenant"
)

const (
	// Rows of terms are merged until they are this large: as many terms as a lookup reads in no time. Those of a day that
	// is still written to are left alone sooner, or each hour would write the whole day anew.
	termRowBytes    = 64 << 10
	openTermRow     = 2 << 10
	termsAtOnce     = 16 << 20
	openTermCommits = 64
)

// packTerms makes few rows of the many that commits wrote for each day.
func (s *Store) packTerms(ctx context.Context, end int64, done *Compaction) error {
	days, err := s.days(ctx, `SELECT day FROM journal_term
WHERE tenant_id = $1 AND day < $2 AND octet_length(terms) < CASE WHEN day < $3 THEN $4::int ELSE $5::int END
GROUP BY day HAVING count(DISTINCT commit_no) > CASE WHEN day < $3 THEN 1 ELSE $6::int END ORDER BY day`,
		timeOf(end), dayOf(end).Time(), termRowBytes, openTermRow, openTermCommits)
	if err != nil {
		return fmt.Errorf("find days whose terms can be merged: %w", err)
	}
	for _, day := range days {
		limit := termRowBytes
		if day == dayOf(end) {
			limit = openTermRow
		}
		for more := true; more; {
			if more, err = s.mergeTerms(ctx, day, limit, done); err != nil {
				return fmt.Errorf("merge the terms of %s: %w", day, err)
			}
			if done.Busy {
				return nil
			}
		}
	}
	return nil
}

// mergeTerms merges rows of a day that are smaller than the limit, as many as fit into memory; more says that there are
// others, and that going on would merge something.
func (s *Store) mergeTerms(ctx context.Context, day Day, limit int, done *Compaction) (more bool, err error) {
	before, after := 0, 0
	done.Busy, err = s.rewriting(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		old, err := readTermRows(ctx, tx, day, limit)
		if err != nil || len(old.packed) < 2 {
			return err
		}
		merged, err := term.Merge(day.micros(), old.packed)
		if err != nil {
			return err
		}
		before, after = len(old.packed), len(merged)
		more = old.cut && after < before
		return old.replace(ctx, tx, day, merged)
	})
	if err == nil {
		done.TermRowsBefore, done.TermRowsAfter = done.TermRowsBefore+before, done.TermRowsAfter+after
	}
	return more && err == nil, err
}

// termRows are rows of one day.
type termRows struct {
	buckets []int16
	commits []int64
	packed  [][]byte
	// cut says that there are more.
	cut bool
}

// readTermRows leaves out rows that cannot be read: they stay, and lookups read their whole day.
func readTermRows(ctx context.Context, tx *tenant.Tx, day Day, limit int) (r termRows, err error) {
	rows, err := query(ctx, tx, `SELECT bucket, commit_no, terms FROM journal_term
WHERE tenant_id = $1 AND day = $2 AND octet_length(terms) < $3 ORDER BY octet_length(terms)`, tx.TenantID(), day.Time(), limit)
	if err != nil {
		return r, err
	}
	var bucket int16
	var commit int64
	var packed []byte
	size := 0
	_, err = pgx.ForEachRow(rows, []any{&bucket, &commit, &packed}, func() error {
		if size += len(packed); size > termsAtOnce {
			r.cut = true
			return nil
		}
		if err := term.Check(packed); err != nil {
			return nil //nolint:nilerr // See above: the row stays.
		}
		r.buckets, r.commits, r.packed = append(r.buckets, bucket), append(r.commits, commit), append(r.packed, packed)
		return nil
	})
	return r, err
}

// replace puts the merged rows into the place of these. They have the number of the last commit.
func (r *termRows) replace(ctx context.Context, tx *tenant.Tx, day Day, merged []term.Row) error {
	last := int64(0)
	for _, no := range r.commits {
		last = max(last, no)
	}
	if _, err := tx.Pgx().Exec(ctx, `DELETE FROM journal_term t USING unnest($3::smallint[], $4::bigint[]) o(bucket, commit_no)
WHERE t.tenant_id = $1 AND t.day = $2 AND t.bucket = o.bucket AND t.commit_no = o.commit_no`,
		pgx.QueryExecModeCacheDescribe, tx.TenantID(), day.Time(), r.buckets, r.commits); err != nil {
		return err
	}
	conn, err := prepareStatements(ctx, tx, sqlAppendTerms)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sqlAppendTerms, append([]any{tx.TenantID(), last}, termColumns(merged)...)...)
	return err
}
