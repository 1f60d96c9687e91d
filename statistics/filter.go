package statistics

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/tenant"
)

// Filter says whose entries are counted: all that is set must hold.
type Filter struct {
	CustomerID, IntegrationID, ConnectedAppID uuid.UUID
	// FlowID asks for runs of the flow.
	FlowID uuid.UUID
}

// limited is the filter as far as the context's principal may see; ok is false when that is nothing.
func (f Filter) limited(ctx context.Context) (_ Filter, ok bool, err error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return f, false, err
	}
	if p.CustomerID == uuid.Nil {
		return f, true, nil
	}
	if f.CustomerID != uuid.Nil && f.CustomerID != p.CustomerID {
		return f, false, nil
	}
	f.CustomerID = p.CustomerID
	return f, true, nil
}

// selection is a filter made ready for a row: by the row's own numbers.
type selection struct {
	span
	cells                       *Cells
	customer, integration, flow uint32
	byCustomer, byIntegration   bool
	byFlow                      bool
	app                         uuid.UUID
}

// on makes the filter ready for a row; some is false when nothing in it can match.
func (f *Filter) on(c *Cells, of span) (s selection, some bool) {
	s = selection{cells: c, span: of, app: f.ConnectedAppID}
	number := func(ids []uuid.UUID, id uuid.UUID, by *bool, to *uint32) bool {
		if *by = id != uuid.Nil; !*by {
			return true
		}
		i := slices.Index(ids, id)
		*to = uint32(i + 1) //nolint:gosec // As many as there are cells.
		return i >= 0
	}
	some = number(c.customers, f.CustomerID, &s.byCustomer, &s.customer) &&
		number(c.integrations, f.IntegrationID, &s.byIntegration, &s.integration) && number(c.flows, f.FlowID, &s.byFlow, &s.flow)
	return s, some
}

func (s *selection) has(i int) bool {
	c := s.cells
	return c.minutes[i] >= s.first && c.minutes[i] < s.end &&
		(!s.byIntegration || c.integration[i] == s.integration) && (!s.byCustomer || c.customer[i] == s.customer) &&
		(!s.byFlow || c.flow[i] == s.flow) && (s.app == uuid.Nil || c.appID(i) == s.app)
}
