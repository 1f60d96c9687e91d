package issues

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
	"github.com/weirhq/weir/tenant"
)

// question asks what was called of one integration, from one minute on to before another, by whom a problem may hit.
type question struct {
	integration uuid.UUID
	from, to    time.Time
	calls       calls
	// total takes how many of the calls there were; nil where nobody wants to know. each takes those of each of the whoms in a
	// minute, and how many of them succeeded.
	total func(n int64)
	whoms []whom
	each  func(w whom, minute time.Time, n, succeeded int64)
	// asked are the whoms.
	asked map[whom]bool
}

// ask reads the traffic that questions are about: that of the last hour is held, of what is older all is read once.
func (s *Store) ask(ctx context.Context, questions []question) error {
	if len(questions) == 0 {
		return nil
	}
	for i := range questions {
		questions[i].asked = map[whom]bool{}
		for _, w := range questions[i].whoms {
			questions[i].asked[w] = true
		}
	}
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	lately, most := s.latelyOf(p.TenantID)
	older, err := lately.answer(ctx, s.deps.Traffic, questions, s.now(), most)
	if err != nil || len(older) == 0 {
		return err
	}
	from, to := older[0].from, older[0].to
	of := map[uuid.UUID][]*question{}
	for i := range older {
		q := &older[i]
		from, to = earlier(from, q.from), later(to, q.to)
		of[q.integration] = append(of[q.integration], q)
	}
	var f statistics.Filter
	if len(of) == 1 {
		f.IntegrationID = older[0].integration
	}
	err = s.deps.Traffic.Cells(ctx, f, from, to, func(c *statistics.Cell) {
		// A filter without an integration asks for all of them.
		asked := of[c.IntegrationID]
		if len(asked) == 0 {
			return
		}
		minute := time.Unix(c.Minute*60, 0).UTC()
		for _, q := range asked {
			if !minute.Before(q.from) && minute.Before(q.to) && c.Status != entry.StatusPending && q.calls.has(c) {
				q.take(c, minute)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("read the traffic: %w", err)
	}
	return nil
}

// take takes a cell that is of the calls.
func (q *question) take(c *statistics.Cell, minute time.Time) {
	if q.total != nil {
		q.total(c.Count)
	}
	for _, w := range whose(whom{c.CustomerID, c.ConnectedAppID}) {
		if q.asked[w] {
			n := int64(0)
			if succeeded(c) {
				n = c.Count
			}
			q.each(w, minute, c.Count, n)
			return
		}
	}
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

// has tells whether a cell counts such calls.
func (c *calls) has(cell *statistics.Cell) bool { return c.are(cell.Kind, cell.Call) }

// are tells whether calls of a kind and endpoint are such. Only of API requests is the endpoint counted.
func (c *calls) are(kind entry.Kind, call statistics.Call) bool {
	if !c.kinds[kind] {
		return false
	}
	return c.scope == "" || kind != entry.KindAPIRequest || c.scope == call.Method+" "+call.Endpoint
}

// whose are those whom a problem may hit whose calls are of the one who called: a problem may know the app, the customer, or
// neither.
func whose(w whom) [4]whom {
	return [4]whom{w, {uuid.Nil, w.app}, {w.customer, uuid.Nil}, {}}
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
