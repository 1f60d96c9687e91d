package detect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/tenant"
)

// finding is a condition that is not put into words altogether: {customers} stands for whom it hits.
type finding struct {
	key          issues.Key
	severity     issues.Severity
	affected     []issues.Affected
	title, cause string
	// first is a step before those of the category's advice; "" is for none.
	first string
}

// mostEvidence is how many entries an affected app shows.
const mostEvidence = 10

// keyOfFlow is the key of what is wrong with a flow.
func keyOfFlow(c diagnostics.Category, cause string, f *directory.Flow) issues.Key {
	return issues.Key{Category: c, IntegrationID: integrationOf(f), Cause: cause, Scope: nodeid.Format(nodeid.Flow, f.ID)}
}

// hit adds one that is affected. What begins first comes first.
func (f *finding) hit(w whom, since time.Time, evidence ...issues.Evidence) {
	i := slices.IndexFunc(f.affected, func(a issues.Affected) bool { return a.ConnectedAppID == w.app && a.CustomerID == w.customer })
	if i < 0 {
		f.affected = append(f.affected, issues.Affected{CustomerID: w.customer, ConnectedAppID: w.app, Since: since.UTC()})
		i = len(f.affected) - 1
	}
	a := &f.affected[i]
	if since.Before(a.Since) {
		a.Since = since.UTC()
	}
	a.Evidence = append(a.Evidence, evidence[:min(len(evidence), mostEvidence-len(a.Evidence))]...)
}

// customers are whom it hits, each once, in the order in which they began to be.
func (f *finding) customers() (list []uuid.UUID) {
	slices.SortStableFunc(f.affected, func(a, b issues.Affected) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return slices.Compare(a.CustomerID[:], b.CustomerID[:])
	})
	seen := map[uuid.UUID]bool{uuid.Nil: true}
	for i := range f.affected {
		if id := f.affected[i].CustomerID; !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	return list
}

// mostNames is how many customers are called by their names.
const mostNames = 3

// compose puts findings into words. It reads the names of customers, if there is anything to say.
func (d *Detector) compose(ctx context.Context, p *picture, found []finding) ([]issues.Condition, error) {
	hit := make([][]uuid.UUID, len(found))
	var named []uuid.UUID
	for i := range found {
		hit[i] = found[i].customers()
		named = append(named, hit[i][:min(len(hit[i]), mostNames)]...)
	}
	names, err := d.customerNames(ctx, named)
	if err != nil {
		return nil, err
	}
	conditions := make([]issues.Condition, len(found))
	for i := range found {
		f := &found[i]
		who := customers(hit[i], names)
		say := func(text string) string { return strings.ReplaceAll(text, "{customers}", who) }
		diagnosis := d.advice(f.key.Category, p.provider(f.key.IntegrationID))
		diagnosis.Category, diagnosis.Confidence = f.key.Category, 1
		diagnosis.Title = say(f.title)
		diagnosis.Cause = strings.TrimSpace(say(f.cause) + " " + diagnosis.Cause)
		if f.first != "" {
			diagnosis.Steps = append([]diagnostics.Step{{Actor: diagnostics.ActorTenant, Text: say(f.first)}}, diagnosis.Steps...)
		}
		conditions[i] = issues.Condition{Key: f.key, Severity: f.severity, Affected: f.affected, Diagnosis: diagnosis}
	}
	return conditions, nil
}

// provider is what the catalogue may know an integration as, "" when it is none.
func (s *state) provider(integration uuid.UUID) string {
	i := s.integrations[integration]
	if i == nil {
		return ""
	}
	if i.Provider != nil && *i.Provider != "" {
		return *i.Provider
	}
	return i.Name
}

// called is an integration's name.
func (s *state) called(integration uuid.UUID) string {
	if i := s.integrations[integration]; i != nil {
		return i.Name
	}
	return "The provider"
}

func (d *Detector) customerNames(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	names := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	err := d.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, "SELECT id, name FROM customer WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", tx.TenantID(), tenant.UUIDs(ids))
		if err != nil {
			return err
		}
		var id uuid.UUID
		var name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
			names[id] = name
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read names of customers: %w", err)
	}
	return names, nil
}

// customers says who they are: "Acme", "Acme and Globex", "Acme, Globex and 3 more customers".
func customers(ids []uuid.UUID, names map[uuid.UUID]string) string {
	var known []string
	for _, id := range ids {
		if name := names[id]; name != "" && len(known) < mostNames {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	switch n := len(ids); {
	case n == 0:
		return "your own product"
	case len(known) == 0 || n > len(known) && len(known) < 2:
		return counted(n, "customer")
	case n > len(known):
		return strings.Join(known[:2], ", ") + " and " + counted(n-2, "more customer")
	case n == 1:
		return known[0]
	default:
		return strings.Join(known[:n-1], ", ") + " and " + known[n-1]
	}
}

// counted is "1 run", "2 runs".
func counted[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// lasting says a duration as people do: "45 min", "3 h 20 min", "2 days 4 h".
func lasting(d time.Duration) string {
	d = d.Round(time.Minute)
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%s %d h", counted(days, "day"), hours)
	case days > 0:
		return counted(days, "day")
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d h", hours)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return "less than a minute"
}

// milliseconds says how long a call took.
func milliseconds(ms float64) string {
	if ms >= 10_000 {
		return fmt.Sprintf("%.0f s", ms/1000)
	}
	if ms >= 1000 {
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// moment says when: to the minute, in UTC.
func moment(at time.Time) string { return at.UTC().Format("2 January 15:04 UTC") }

// share says a part of all: "12 %", "0.5 %".
func share(part float64) string {
	if part < 0.1 {
		return fmt.Sprintf("%.1f %%", 100*part)
	}
	return fmt.Sprintf("%.0f %%", 100*part)
}
