package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// question asks what was called of one integration, from one minute on to before another.
type question struct {
	integration uuid.UUID
	from, to    time.Time
	take        func(c *statistics.Cell, minute time.Time)
}

// inOne is how old traffic is at most that lies as commits wrote it, all integrations in one: it is read once for all
// questions. What is older is read once for each integration.
const inOne = 2 * time.Hour

// ask reads the traffic that questions are about.
func (s *Store) ask(ctx context.Context, questions []question) error {
	var recent []question
	byIntegration := map[uuid.UUID][]question{}
	since := s.now().Add(-inOne)
	for _, q := range questions {
		if q.from.After(since) {
			recent = append(recent, q)
		} else {
			byIntegration[q.integration] = append(byIntegration[q.integration], q)
		}
	}
	if err := s.askOf(ctx, recent); err != nil {
		return err
	}
	for _, list := range byIntegration {
		if err := s.askOf(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// askOf reads once what all of the questions are about.
func (s *Store) askOf(ctx context.Context, list []question) error {
	if len(list) == 0 {
		return nil
	}
	from, to := list[0].from, list[0].to
	of := map[uuid.UUID][]*question{}
	for i := range list {
		q := &list[i]
		from, to = earlier(from, q.from), later(to, q.to)
		of[q.integration] = append(of[q.integration], q)
	}
	var f statistics.Filter
	if len(of) == 1 {
		f.IntegrationID = list[0].integration
	}
	err := s.deps.Traffic.Cells(ctx, f, from, to, func(c *statistics.Cell) {
		// A filter without an integration asks for all of them.
		asked := of[c.IntegrationID]
		if len(asked) == 0 {
			return
		}
		minute := time.Unix(c.Minute*60, 0).UTC()
		for _, q := range asked {
			if !minute.Before(q.from) && minute.Before(q.to) {
				q.take(c, minute)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("read the traffic: %w", err)
	}
	return nil
}

// calls are the calls that a problem is about.
type calls struct {
	kinds map[entry.Kind]bool
	scope string
}

// callsOf are the calls of a problem that was seen in entries of the kinds: of its endpoint when it is about one.
func callsOf(key *Key, kinds []entry.Kind) calls {
	c := calls{kinds: map[entry.Kind]bool{}}
	for _, kind := range kinds {
		c.kinds[kind] = true
	}
	if len(kinds) == 0 {
		c.kinds[entry.KindAPIRequest] = true
	}
	if byEndpoint[key.Category] {
		c.scope = key.Scope
	}
	return c
}

// has tells whether a cell counts such calls. Only of API requests is the endpoint counted.
func (c *calls) has(cell *statistics.Cell) bool {
	if !c.kinds[cell.Kind] {
		return false
	}
	return c.scope == "" || cell.Kind != entry.KindAPIRequest || c.scope == cell.Call.Method+" "+cell.Call.Endpoint
}

// whose are those whom a problem may hit whose calls a cell counts: a problem may know the app, the customer, or neither.
func whose(cell *statistics.Cell) [4]whom {
	return [4]whom{{cell.CustomerID, cell.ConnectedAppID}, {uuid.Nil, cell.ConnectedAppID}, {cell.CustomerID, uuid.Nil}, {}}
}

// succeeded tells whether a cell counts successes.
func succeeded(cell *statistics.Cell) bool {
	return cell.Status == entry.StatusSuccess && cell.Count > 0
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
