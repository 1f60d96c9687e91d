package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
)

const (
	expiringWithin = 7 * 24 * time.Hour
	// expiredFor is how long after their end it is still told: then what fails tells it.
	expiredFor = 24 * time.Hour
	// urgentWithin is when it becomes an error.
	urgentWithin = 24 * time.Hour
	// shortLived credentials are renewed by machines.
	shortLived = 7 * 24 * time.Hour
)

// renewing tells whether something can be expected to renew credentials before they end, as it did before. said is what was
// said of their end, the last being of now.
func renewing(said []directory.Expiry, now time.Time) bool {
	if len(said) == 0 {
		return false
	}
	present := said[len(said)-1]
	if present.Until.Sub(present.SaidAt) < shortLived {
		return true
	}
	// How long before their end they were renewed, the shortest of what is known.
	var lead time.Duration
	renewed := false
	for i := 1; i < len(said); i++ {
		if before := said[i-1].Until.Sub(said[i].SaidAt); said[i].Until.After(said[i-1].Until) && before > 0 {
			if lead = min(before, lead); !renewed {
				lead, renewed = before, true
			}
		}
	}
	// It is late when half of that has passed.
	return renewed && present.Until.Sub(now) > lead/2
}

// findExpiring finds credentials that end soon, and that nothing renews.
func findExpiring(p *picture) []finding {
	byIntegration := map[uuid.UUID]*finding{}
	soonest := map[uuid.UUID]time.Time{}
	slices.SortFunc(p.expiring, func(a, b *directory.ConnectedApp) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for _, a := range p.expiring {
		if a.CredentialsExpireAt == nil {
			continue
		}
		ends := *a.CredentialsExpireAt
		if ends.Before(p.now.Add(-expiredFor)) || ends.After(p.now.Add(expiringWithin)) || renewing(a.Expiries(), p.now) {
			continue
		}
		f := byIntegration[a.IntegrationID]
		if f == nil {
			f = &finding{key: issues.Key{Category: diagnostics.CredentialsExpiring, IntegrationID: a.IntegrationID, Cause: "credentials"}, severity: issues.Warning}
			byIntegration[a.IntegrationID], soonest[a.IntegrationID] = f, ends
		}
		if ends.Before(p.now.Add(urgentWithin)) {
			f.severity = issues.Error
		}
		if ends.Before(soonest[a.IntegrationID]) {
			soonest[a.IntegrationID] = ends
		}
		f.hit(whom{a.ID, a.CustomerID}, ends.Add(-expiringWithin))
	}
	for id, f := range byIntegration {
		ends := soonest[id]
		if left := ends.Sub(p.now); left > 0 {
			f.title = fmt.Sprintf("The credentials of {customers} for %s end in %s", p.called(id), lasting(left))
		} else {
			f.title = fmt.Sprintf("The credentials of {customers} for %s ended %s ago", p.called(id), lasting(-left))
		}
		f.cause = fmt.Sprintf("The first of them end on %s.", moment(ends))
	}
	return sorted(byIntegration)
}
