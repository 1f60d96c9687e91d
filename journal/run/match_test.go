package run

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// Whether a run is followed is decided by the same rules as whether it is listed.
func TestMatcherFindsWhatListFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := tenant.FromContext(b.ctx)
	require.NoError(t, err)
	tenantID, customerID := p.TenantID, uuid.New()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Pgx().Exec(ctx, "INSERT INTO customer (tenant_id, id, external_id, name, created_at) VALUES ($1, $2, 'acme', 'Acme', $3)", tenantID, customerID, noon)
		return err
	}))
	r := rand.New(rand.NewPCG(7, 7))
	var events []FlowRunEvent
	for i := range 60 {
		started := noon.Add(time.Duration(r.IntN(3600)) * time.Second)
		e := FlowRunEvent{
			ID: FlowRunID(tenantID, fmt.Sprint("match-", i)), ExternalID: fmt.Sprint("match-", i), At: started, RecordedAt: noon, FlowID: b.flow,
			Status: []Status{Queued, Running, Succeeded, Failed, Canceled, Skipped}[r.IntN(6)], StartedAt: &started,
		}
		if r.IntN(2) == 0 {
			e.CustomerID = customerID
		}
		if e.Status.Final() {
			finished := started.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
			e.FinishedAt = &finished
		}
		if e.Status == Failed {
			e.Error = &Error{Code: []string{"", "X"}[r.IntN(2)], Message: "it broke badly"}
		}
		if r.IntN(3) == 0 {
			e.Identifiers = []entry.Identifier{{Key: "order", Value: fmt.Sprint(r.IntN(3))}}
		}
		if r.IntN(3) == 0 {
			e.TraceID, e.Input = "0123456789abcdef0123456789abcdef", []byte(`{"word":"needle"}`)
		}
		events = append(events, e)
	}
	b.apply(t, events, nil)
	half, second, two := 500.0, 1000.0, 2000.0
	filters := []Filter{
		{}, {IDs: []uuid.UUID{events[0].ID, events[9].ID}}, {FlowIDs: []uuid.UUID{b.flow}}, {FlowIDs: []uuid.UUID{uuid.New()}}, {CustomerIDs: []uuid.UUID{customerID}},
		{IntegrationIDs: []uuid.UUID{uuid.New()}}, {Statuses: []Status{Failed, Running}}, {ErrorCodes: []string{"X"}}, {HasError: true},
		{TraceID: "0123456789abcdef0123456789abcdef"}, {DurationMS: entry.FloatRange{Min: &half}}, {DurationMS: entry.FloatRange{Min: &second, Max: &two}},
		{Range: entry.Range{From: noon.Add(time.Minute), To: noon.Add(30 * time.Minute)}}, {Range: entry.Range{To: events[3].At}}, {Range: entry.Range{From: events[3].At}},
		{Identifier: &entry.IdentifierFilter{Value: "1"}}, {Identifier: &entry.IdentifierFilter{Key: "order", Value: "2"}}, {Identifier: &entry.IdentifierFilter{Key: "other", Value: "2"}},
		{Search: "needle"}, {Search: `"broke badly"`}, {Search: "needle", Statuses: []Status{Succeeded}},
	}
	for _, p := range []*tenant.Principal{
		tenant.System(tenantID),
		{TenantID: tenantID, Kind: tenant.KindMember, Role: tenant.RoleViewer},
		{TenantID: tenantID, Kind: tenant.KindCustomer, Role: tenant.RoleSupport, CustomerID: customerID},
	} {
		ctx := tenant.WithPrincipal(context.WithoutCancel(t.Context()), p)
		everything, err := b.store.List(b.ctx, Query{Size: 1000})
		require.NoError(t, err)
		for i, f := range filters {
			listed, err := b.store.List(ctx, Query{Filter: f, Size: 1000})
			require.NoError(t, err)
			m, err := NewMatcher(p, f)
			require.NoError(t, err)
			var want, got []uuid.UUID
			for _, one := range listed.Items {
				want = append(want, one.ID)
			}
			for _, one := range everything.Items {
				payloads := map[uuid.UUID]*Payload{}
				if m.NeedsPayload() {
					payloads, err = b.store.Payloads(b.ctx, []uuid.UUID{one.ID})
					require.NoError(t, err)
				}
				if m.Matches(one, payloads[one.ID]) {
					got = append(got, one.ID)
				}
			}
			require.ElementsMatch(t, want, got, "filter %d of %s", i, p.Role)
			require.True(t, len(want) > 0 || slices.Contains([]int{3, 5, 17}, i) || p.Role != tenant.RoleOwner, "filter %d finds nothing", i)
		}
	}
}
