package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// Commit is the journal's part of one transaction of ingestion. It is not for concurrent use.
type Commit struct {
	// No numbers the commits of the tenant, densely, in the order in which they become visible.
	No int64

	store  *Store
	tx     *tenant.Tx
	claims []claim
}

// claim is what a commit adds to the keys of a day.
type claim struct {
	day   Day
	known *dayKeys
	taken keySet
	order []uint64
}

const (
	sqlNextCommit = `INSERT INTO journal_cursor (tenant_id, commit_no) VALUES ($1, 1)
ON CONFLICT (tenant_id) DO UPDATE SET commit_no = journal_cursor.commit_no + 1 RETURNING commit_no`

	sqlKeys = `SELECT day, hashes FROM journal_key
WHERE tenant_id = $1 AND day = ANY($2) AND commit_no > $3`
)

// Begin locks the tenant's cursor until the transaction ends, and makes sure that the keys of the days are known:
// those of all Keys that will be asked for, and of the days before those of Keys with OrDayBefore.
func (s *Store) Begin(ctx context.Context, tx *tenant.Tx, days []Day) (*Commit, error) {
	sets := s.keys.find(tx.TenantID(), days)
	var cold []Day
	for i, k := range sets {
		if k == nil {
			cold = append(cold, days[i])
		}
	}
	conn, err := prepareStatements(ctx, tx, sqlNextCommit, sqlKeys)
	if err != nil {
		return nil, err
	}
	c := &Commit{store: s, tx: tx, claims: make([]claim, len(days))}
	fresh := make([]*dayKeys, len(days))
	for i, day := range days {
		c.claims[i].day = day
		fresh[i] = &dayKeys{tenantID: tx.TenantID(), day: day}
	}

	// The keys are read by a statement that begins after the cursor is locked, so it sees all commits before this one.
	batch := &pgx.Batch{}
	batch.Queue(sqlNextCommit, tx.TenantID())
	if len(cold) > 0 {
		batch.Queue(sqlKeys, tx.TenantID(), dayTimes(cold), int64(0))
	}
	results := conn.SendBatch(ctx, batch)
	err = results.QueryRow().Scan(&c.No)
	if err == nil && len(cold) > 0 {
		err = loadKeys(results.Query, fresh)
	}
	if closing := results.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("begin a commit: %w", err)
	}
	return c, c.refresh(ctx, conn, sets, fresh)
}

// refresh reads what other processes committed since the sets that this one has were read.
func (c *Commit) refresh(ctx context.Context, conn *pgx.Conn, sets, fresh []*dayKeys) error {
	ring := c.store.keys
	stale, since, lost := ring.stale(c.tx.TenantID(), c.No, sets)
	if lost {
		ring.forget(c.tx.TenantID())
		since = 0
	}
	var behind []Day
	var into []*dayKeys
	for i, k := range sets {
		if k == nil || lost {
			k = fresh[i]
		}
		c.claims[i].known = k
		if stale[i] || lost {
			behind, into = append(behind, c.claims[i].day), append(into, k)
		}
	}
	if len(behind) > 0 {
		if err := loadKeys(func() (pgx.Rows, error) {
			return conn.Query(ctx, sqlKeys, c.tx.TenantID(), dayTimes(behind), since)
		}, into); err != nil {
			return fmt.Errorf("read the keys of other processes: %w", err)
		}
	}
	for i := range c.claims {
		known := c.claims[i].known
		known.add(nil, c.No-1)
		if known == fresh[i] {
			ring.put(known)
		}
	}
	return nil
}

func loadKeys(query func() (pgx.Rows, error), into []*dayKeys) error {
	rows, err := query()
	if err != nil {
		return err
	}
	var day time.Time
	var packed []byte
	_, err = pgx.ForEachRow(rows, []any{&day, &packed}, func() error {
		for _, k := range into {
			if k.day == DayOf(day) {
				k.load(packed)
			}
		}
		return nil
	})
	return err
}

func dayTimes(days []Day) []time.Time {
	times := make([]time.Time, len(days))
	for i, d := range days {
		times[i] = d.Time()
	}
	return times
}

// Duplicate tells whether an event of the key was committed before, or asked for before in this commit. If not, the
// key is the commit's from now on. The days of keys must be among those that Begin was told: it panics on another.
func (c *Commit) Duplicate(k Key) bool {
	claim := c.claim(k.Day)
	if claim.known.has(k.Hash) {
		return true
	}
	if k.OrDayBefore {
		if before := c.claim(k.Day - 1); before.known.has(k.Hash) || before.taken.has(k.Hash) {
			return true
		}
	}
	if !claim.taken.add(k.Hash) {
		return true
	}
	claim.order = append(claim.order, k.Hash)
	return false
}

func (c *Commit) claim(day Day) *claim {
	for i := range c.claims {
		if c.claims[i].day == day {
			return &c.claims[i]
		}
	}
	panic("journal: a key of a day that Begin was not told: " + day.String())
}

// Committed notes that the transaction was committed. It is to be called soon after, and only then.
func (c *Commit) Committed() {
	var sets []*dayKeys
	for i := range c.claims {
		if claim := &c.claims[i]; len(claim.order) > 0 {
			claim.known.add(claim.order, c.No)
			sets = append(sets, claim.known)
		}
	}
	c.store.keys.publish(c.tx.TenantID(), c.No, sets)
}

// Failed notes that the transaction was not committed; unknown says that it may have been all the same, because the
// connection broke while it was.
func (c *Commit) Failed(unknown bool) {
	if unknown {
		c.store.keys.forget(c.tx.TenantID())
	}
}

// prepareStatements makes sure that the connection has the statements prepared. It costs a round trip when one is new; then
// arguments and results travel in binary, whatever the mode of the pool is.
func prepareStatements(ctx context.Context, tx *tenant.Tx, statements ...string) (*pgx.Conn, error) {
	conn := tx.River().Conn()
	for _, sql := range statements {
		if _, err := conn.Prepare(ctx, sql, sql); err != nil {
			return nil, fmt.Errorf("prepare a statement: %w", err)
		}
	}
	return conn, nil
}
