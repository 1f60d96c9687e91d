package statistics

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// Party is one end of a link: an application by the name that a transaction gives it, an integration by its id, or, when
// both are empty, the tenant's own product.
type Party struct {
	Name          string
	IntegrationID uuid.UUID
}

// Link is what went from one application to another.
type Link struct {
	From, To Party
	Totals
	// Operations are how many entries there were of each operation.
	Operations map[string]int64
	// LastSeenAt is to the minute.
	LastSeenAt time.Time
}

// Links adds up what was exchanged: transactions by what they say, API requests by who called whom, webhooks and pulls
// from the integration to the tenant. They come in no order.
func (s *Store) Links(ctx context.Context, b Buckets) ([]*Link, error) {
	f, ok, err := Filter{}.limited(ctx)
	if err != nil || !ok {
		return nil, err
	}
	type ends struct{ from, to Party }
	links := map[ends]*Link{}
	of := b.span()
	byMinute := cut(minutesOfDay, of.first, of.end)
	if f.CustomerID != uuid.Nil {
		byMinute = spans{of} // cells by day say when a link was seen last, whoever's it was
	}
	err = s.byDays(ctx, f, of, byMinute, func(c *Cells, i int) {
		from, to, operation, ok := partiesOf(c, i)
		if !ok {
			return
		}
		l := links[ends{from, to}]
		if l == nil {
			l = &Link{From: from, To: to, Operations: map[string]int64{}}
			links[ends{from, to}] = l
		}
		l.add(c, i)
		if operation != "" {
			l.Operations[operation] += c.counts[i]
		}
		if at := timeOf(c.minutes[i]); at.After(l.LastSeenAt) {
			l.LastSeenAt = at
		}
	})
	out := make([]*Link, 0, len(links))
	for _, l := range links {
		out = append(out, l)
	}
	return out, err
}

// MostOperations are the operations of a link with the most entries, at most n.
func (l *Link) MostOperations(n int) []string {
	names := make([]string, 0, len(l.Operations))
	for name := range l.Operations {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if l.Operations[a] != l.Operations[b] {
			return int(l.Operations[b] - l.Operations[a])
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	return names[:min(n, len(names))]
}

func partiesOf(c *Cells, i int) (from, to Party, operation string, ok bool) {
	app := Party{IntegrationID: pick(c.integrations, c.integration[i])}
	switch c.kind(i) {
	case entry.KindTransaction:
		t := pick(c.transfers, c.transfer[i])
		return Party{Name: t.From}, Party{Name: t.To}, t.Operation, t.From != "" && t.To != ""
	case entry.KindAPIRequest:
		call := pick(c.calls, c.call[i])
		operation = call.Method + " " + call.Endpoint
		if c.direction(i) == entry.Inbound {
			return app, Party{}, operation, app != Party{}
		}
		return Party{}, app, operation, app != Party{}
	case entry.KindExternalWebhook:
		return app, Party{}, "webhook", app != Party{}
	case entry.KindExternalEventPull:
		return app, Party{}, "pull", app != Party{}
	}
	return from, to, "", false
}
