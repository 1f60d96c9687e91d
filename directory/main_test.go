package directory_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/tenant"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// start is when the tests' clocks begin.
var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

type bundle struct {
	door     *tenant.Door
	store    *directory.Store
	tenantID uuid.UUID
	// ctx is of the tenant's owner.
	ctx context.Context
	now time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	door := tenant.NewDoor(pgtest.New(t).Pool(t))
	t.Cleanup(func() { require.NoError(t, door.Close()) })
	b := &bundle{door: door, tenantID: uuid.New(), now: start}
	b.ctx = tenant.WithPrincipal(t.Context(), tenant.System(b.tenantID))
	b.store = b.process()
	return b
}

// process is a store as another process has it: nothing is remembered.
func (b *bundle) process() *directory.Store {
	return directory.NewStore(b.door, func() time.Time { return b.now })
}

// ingest does what a commit does with the directory.
func (b *bundle) ingest(t require.TestingT, s *directory.Store, refs ...directory.Ref) []directory.Target {
	targets, _ := b.apply(t, s, refs, nil)
	return targets
}

// apply is ingest with a state event for each ref for which states gives one.
func (b *bundle) apply(t require.TestingT, s *directory.Store, refs []directory.Ref, states []directory.StateEvent) ([]directory.Target, []bool) {
	targets, need, err := s.Resolver().Resolve(b.ctx, refs)
	require.NoError(t, err)
	for i := range states {
		require.Nil(t, targets[i].Err)
		states[i].Target = targets[i]
	}
	changed, err := b.commit(s, need, states)
	require.NoError(t, err)
	return targets, changed
}

func (b *bundle) commit(s *directory.Store, need *directory.Need, states []directory.StateEvent) (changed []bool, err error) {
	err = b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		made, err := s.Ensure(ctx, tx, need, b.now)
		if err != nil {
			return err
		}
		changed, err = s.ApplyStates(ctx, tx, states, made)
		return err
	})
	if err == nil {
		s.Resolver().Committed(b.tenantID, need)
	}
	return changed, err
}

func (b *bundle) app(t require.TestingT, id uuid.UUID) *directory.ConnectedApp {
	rows, err := b.store.ConnectedAppsByIDs(b.ctx, []uuid.UUID{id})
	require.NoError(t, err)
	require.Contains(t, rows, id)
	return rows[id]
}

func (b *bundle) source(t require.TestingT, id uuid.UUID) *directory.DataSource {
	rows, err := b.store.DataSourcesByIDs(b.ctx, []uuid.UUID{id})
	require.NoError(t, err)
	require.Contains(t, rows, id)
	return rows[id]
}

func ptr[T any](v T) *T { return &v }

func name(i int) string { return fmt.Sprintf("c-%02d", i) }

// uuidPattern finds ids, in both of the forms in which rows hold them.
var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|app_[0-9a-z]{26}`)

func systemContext(ctx context.Context, tenantID uuid.UUID) context.Context {
	return tenant.WithPrincipal(ctx, tenant.System(tenantID))
}
