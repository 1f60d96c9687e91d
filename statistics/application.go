package statistics

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Landscape is applications and what went between them.
type Landscape struct {
	Applications []*Application
	Links        []*NamedLink
}

// Application is one end of links. IntegrationID is uuid.Nil for the tenant's own product and for what only transactions
// name.
type Application struct {
	Name          string
	IntegrationID uuid.UUID
	Total, Failed int64
}

// NamedLink is a link by the names of its ends.
type NamedLink struct {
	From, To string
	*Link
}

// Names say what applications are called.
type Names struct {
	// Own is the tenant's own product.
	Own string
	// Integrations are the names of integrations by their ids, and Keys how events name them.
	Integrations, Keys map[uuid.UUID]string
}

// Draw puts links together by the names of their ends. What a transaction names like an integration, or like its key, in
// whatever case, is that integration. Integrations of one name are told apart by their keys.
func Draw(links []*Link, names Names) *Landscape {
	d := drawing{names: names, byName: map[string]Party{}, called: map[uuid.UUID]string{}, apps: map[Party]*Application{}, links: map[[2]Party]*NamedLink{}}
	for id, key := range names.Keys {
		d.byName[strings.ToLower(key)] = Party{IntegrationID: id}
	}
	sharing := map[string]int{}
	for _, name := range names.Integrations {
		sharing[strings.ToLower(name)]++
	}
	for id, name := range names.Integrations {
		if sharing[strings.ToLower(name)] > 1 {
			name += " (" + names.Keys[id] + ")"
		}
		d.called[id] = name
		d.byName[strings.ToLower(name)] = Party{IntegrationID: id}
	}
	d.byName[strings.ToLower(names.Own)] = Party{}
	for _, l := range links {
		d.take(l)
	}
	return d.result()
}

type drawing struct {
	names  Names
	byName map[string]Party
	called map[uuid.UUID]string
	apps   map[Party]*Application
	links  map[[2]Party]*NamedLink
}

func (d *drawing) take(l *Link) {
	from, to := d.party(l.From), d.party(l.To)
	source, target := d.app(from), d.app(to)
	source.Total, source.Failed = source.Total+l.Total, source.Failed+l.Failed
	if target != source {
		target.Total, target.Failed = target.Total+l.Total, target.Failed+l.Failed
	}
	known := d.links[[2]Party{from, to}]
	if known == nil {
		d.links[[2]Party{from, to}] = &NamedLink{From: source.Name, To: target.Name, Link: l}
		return
	}
	known.Merge(&l.Totals)
	for name, n := range l.Operations {
		known.Operations[name] += n
	}
	if l.LastSeenAt.After(known.LastSeenAt) {
		known.LastSeenAt = l.LastSeenAt
	}
}

// party is the one of that name, if there is one.
func (d *drawing) party(p Party) Party {
	if p.Name == "" {
		return p
	}
	if known, ok := d.byName[strings.ToLower(p.Name)]; ok {
		return known
	}
	d.byName[strings.ToLower(p.Name)] = p
	return p
}

func (d *drawing) app(p Party) *Application {
	a := d.apps[p]
	if a == nil {
		a = &Application{Name: p.Name, IntegrationID: p.IntegrationID}
		switch {
		case p.IntegrationID != uuid.Nil:
			a.Name = cmp.Or(d.called[p.IntegrationID], p.IntegrationID.String())
		case p.Name == "":
			a.Name = d.names.Own
		}
		d.apps[p] = a
	}
	return a
}

func (d *drawing) result() *Landscape {
	out := &Landscape{}
	for _, a := range d.apps {
		out.Applications = append(out.Applications, a)
	}
	slices.SortFunc(out.Applications, func(a, b *Application) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Name, b.Name), slices.Compare(a.IntegrationID[:], b.IntegrationID[:]))
	})
	for _, l := range d.links {
		out.Links = append(out.Links, l)
	}
	slices.SortFunc(out.Links, func(a, b *NamedLink) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}
