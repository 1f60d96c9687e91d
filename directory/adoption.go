package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/tenant"
)

// Life is the time in which a customer has an integration connected: from when its connected app was made
// until it was disconnected.
type Life struct {
	CustomerID uuid.UUID
	From       time.Time
	// Until is the zero time while it goes on.
	Until time.Time
}

// Lives gives the lives of the connected apps of each integration; of all when none is named. What was disconnected and
// connected again is one life: only the last change of status is known.
func (s *Store) Lives(ctx context.Context, integrationIDs ...uuid.UUID) (map[uuid.UUID][]Life, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	rows, err := collect[ConnectedApp](ctx, s.door, `SELECT integration_id, customer_id, created_at, status, status_changed_at
FROM connected_app WHERE tenant_id = $1 AND ($2 OR integration_id = ANY ($3::uuid[]))`, len(integrationIDs) == 0, tenant.UUIDs(integrationIDs))
	if err != nil {
		return nil, fmt.Errorf("read who has integrations connected: %w", err)
	}
	lives := map[uuid.UUID][]Life{}
	for _, a := range rows {
		lives[a.IntegrationID] = append(lives[a.IntegrationID], a.life())
	}
	return lives, nil
}

func (a *ConnectedApp) life() Life {
	l := Life{CustomerID: a.CustomerID, From: a.CreatedAt}
	if a.Status == Disconnected {
		l.Until = a.CreatedAt
		if a.StatusChangedAt != nil {
			l.Until = *a.StatusChangedAt
		}
	}
	return l
}

// Adoption is how many customers have an integration connected, and how that changed in a time.
type Adoption struct {
	// Connected are the customers that have it connected at the end; Added those that began in the time, and Removed those
	// that stopped.
	Connected, Added, Removed int
	// Series are the customers that have it connected at the end of each part.
	Series []int
}

// AdoptionOf counts customers by their lives, of which one may have several, from a time on to the end of the last part.
func AdoptionOf(lives []Life, from time.Time, ends []time.Time) Adoption {
	customers := map[uuid.UUID][]Life{}
	for _, l := range lives {
		customers[l.CustomerID] = append(customers[l.CustomerID], l)
	}
	connectedAt := func(at time.Time) (n int) {
		for _, lives := range customers {
			if anyAt(lives, at) {
				n++
			}
		}
		return n
	}
	a := Adoption{Series: make([]int, len(ends))}
	for i, end := range ends {
		a.Series[i] = connectedAt(end)
	}
	if len(ends) == 0 {
		return a
	}
	to := ends[len(ends)-1]
	a.Connected = a.Series[len(ends)-1]
	for _, lives := range customers {
		before, after := anyAt(lives, from), anyAt(lives, to)
		switch {
		case after && !before:
			a.Added++
		case before && !after:
			a.Removed++
		}
	}
	return a
}

// anyAt tells whether one of the lives had begun before the time, and had not ended.
func anyAt(lives []Life, at time.Time) bool {
	for _, u := range lives {
		if u.From.Before(at) && (u.Until.IsZero() || !u.Until.Before(at)) {
			return true
		}
	}
	return false
}
