package directory

import (
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
)

// asked is the refs of one call, by what they name: most events of a request name the same.
type asked struct {
	tenantID uuid.UUID
	groups   []*group
	// of is the group of each ref.
	of []*group
	// links and named are the connected apps of the groups, as they were when they were loaded.
	links map[linkKey]*link
	named map[string]*namedApp
}

// group is the refs that name the same.
type group struct {
	Ref
	target Target
	// pulls are what those that are pulls showed of a cursor.
	pulls []pulled
	// latest is when the newest of them happened, in microseconds; 0 when none says.
	latest int64
}

type names struct {
	customer, integration, app, flow, source string
	use                                      Use
}

func newAsked(tenantID uuid.UUID, refs []Ref) *asked {
	a := &asked{
		tenantID: tenantID, of: make([]*group, len(refs)),
		links: map[linkKey]*link{}, named: map[string]*namedApp{},
	}
	seen := map[names]*group{}
	for i := range refs {
		ref := &refs[i]
		key := names{ref.Customer, ref.Integration, ref.ConnectedApp, ref.Flow, ref.DataSource, ref.Use}
		g := seen[key]
		if g == nil {
			g = &group{Ref: *ref}
			seen[key] = g
			a.groups = append(a.groups, g)
			a.derive(g)
		}
		if !ref.At.IsZero() {
			g.latest = max(g.latest, ref.At.UnixMicro())
			if ref.Cursor != CursorUnknown {
				g.pulls = append(g.pulls, pulled{ref.At.UnixMicro(), ref.Cursor})
			}
		}
		a.of[i] = g
	}
	return a
}

// derive sets the ids that follow from the names, and refuses names that cannot be stored.
func (a *asked) derive(g *group) {
	for _, n := range []struct{ field, name string }{
		{"customer", g.Customer}, {"integration", g.Integration}, {"connected_app", g.ConnectedApp},
		{"data.flow", g.Flow}, {"data.data_source", g.DataSource},
	} {
		if problem := nameProblem(n.name); problem != "" {
			g.target.Err = errs.Invalid(n.field, "%s", problem)
			return
		}
	}
	if g.Customer != "" {
		g.target.CustomerID = CustomerID(a.tenantID, g.Customer)
	}
	if g.Integration != "" {
		g.target.IntegrationID = IntegrationID(a.tenantID, g.Integration)
	}
	if g.Flow != "" {
		g.target.FlowID = FlowID(a.tenantID, g.Flow)
	}
}

func nameProblem(name string) string {
	switch {
	case len(name) > maxExternalID && utf8.RuneCountInString(name) > maxExternalID:
		return "must have at most 200 characters"
	case !storable(name):
		return "must be UTF-8 without NUL"
	}
	return ""
}

// link is the key of the customer and integration that the group names, if it names both.
func (a *asked) link(g *group) (linkKey, bool) {
	key := linkKey{a.tenantID, g.target.CustomerID, g.target.IntegrationID}
	return key, key.customerID != uuid.Nil && key.integrationID != uuid.Nil
}

// asksForApp tells whether the group may belong to a connected app.
func (a *asked) asksForApp(g *group) bool {
	_, linked := a.link(g)
	return g.target.Err == nil && (linked || g.ConnectedApp != "")
}

func (a *asked) targets(refs []Ref) []Target {
	out := make([]Target, len(refs))
	for i, g := range a.of {
		out[i] = g.target
	}
	return out
}

// moved tells whether a time in microseconds is far enough ahead of what was written last.
func moved(latest, written int64, every time.Duration) bool {
	return latest != 0 && (written == 0 || latest >= written+every.Microseconds())
}
