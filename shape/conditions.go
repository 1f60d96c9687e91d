package shape

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/diagnostics"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// mostNamed is how many fields the title of a change names, and mostListed how many its cause does.
const (
	mostNamed  = 2
	mostListed = 20
)

// sure is how sure a change is: the form did change, and that it matters is likely.
const sure = 0.9

// Conditions are the changes of form that hold at a time, of the context's tenant: one for all that changed with one
// answer of a call. A change ends when the field is back, or after seven days, when the new form is normal.
func (s *Store) Conditions(ctx context.Context, now time.Time) ([]issues.Condition, error) {
	p, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.drifting(ctx)
	if err != nil {
		return nil, err
	}
	var list []issues.Condition
	for _, r := range rows {
		for _, c := range r.changes(now) {
			names, err := s.names(ctx, p.TenantID, c)
			if err != nil {
				return nil, err
			}
			list = add(list, c.condition(names))
		}
	}
	return list, nil
}

// add adds a condition; those with one key, of calls that ask for other fields, are one.
func add(list []issues.Condition, c issues.Condition) []issues.Condition {
	for i := range list {
		if list[i].Key == c.Key {
			for _, a := range c.Affected {
				if !slices.ContainsFunc(list[i].Affected, func(had issues.Affected) bool {
					return had.CustomerID == a.CustomerID && had.ConnectedAppID == a.ConnectedAppID
				}) {
					list[i].Affected = append(list[i].Affected, a)
				}
			}
			return list
		}
	}
	return append(list, c)
}

// names are the paths of the fields that changed, from an answer that still had them.
func (s *Store) names(ctx context.Context, tenantID uuid.UUID, c *change) (map[uint64]string, error) {
	paths := make([]uint64, len(c.fields))
	for i, f := range c.fields {
		paths[i] = f.path
	}
	names := map[uint64]string{}
	good, _ := c.good()
	// A field of another type stands in the new answers too.
	for _, id := range []uuid.UUID{good, c.entry} {
		if id == uuid.Nil || s.deps.Body == nil || len(names) == len(paths) {
			continue
		}
		text, ok, err := s.deps.Body(ctx, id)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read the answer of entry %s", id), err)
		}
		if ok {
			for path, name := range namesOf(rootOf(tenantID), text, paths) {
				names[path] = name
			}
		}
	}
	return names, nil
}

func (c *change) condition(names map[uint64]string) issues.Condition {
	scope := c.call.method + " " + c.call.endpoint
	return issues.Condition{
		Key: issues.Key{
			Category: diagnostics.SchemaDrift, IntegrationID: c.key.integrationID, Cause: fmt.Sprintf("%016x", c.fields[0].path), Scope: scope,
		},
		Diagnosis: c.diagnosis(scope, names), Affected: c.affected(), Severity: issues.Warning,
	}
}

// affected are the connected apps whose answers changed. The evidence is the first answer of the new form, and the last of
// the old one.
func (c *change) affected() []issues.Affected {
	since := time.Unix(c.at, 0).UTC()
	var accounts uint32
	for _, f := range c.fields {
		accounts |= f.odd.accounts
	}
	first := c.fields[0].odd.slot
	good, goodSlot := c.good()
	var list []issues.Affected
	for slot, a := range c.state.accounts {
		if accounts&(1<<slot) == 0 {
			continue
		}
		hit := issues.Affected{CustomerID: a.customer, ConnectedAppID: a.app, Since: since}
		// An entry is shown with its own account: no customer is told of another's.
		if slot == first && c.entry != uuid.Nil {
			hit.Evidence = append(hit.Evidence, issues.Evidence{ID: c.entry, Kind: entry.KindAPIRequest})
		}
		if slot == goodSlot {
			hit.Evidence = append(hit.Evidence, issues.Evidence{ID: good, Kind: entry.KindAPIRequest})
		}
		list = append(list, hit)
	}
	if len(list) == 0 {
		list = append(list, issues.Affected{Since: since})
	}
	return list
}

func (c *change) diagnosis(scope string, names map[uint64]string) diagnostics.Diagnosis {
	d := diagnostics.Diagnosis{
		Category: diagnostics.SchemaDrift, Confidence: sure, ResolvedBy: diagnostics.ActorTenant,
		Title: c.title(scope, names), Cause: c.cause(names),
		Steps: []diagnostics.Step{
			{Actor: diagnostics.ActorTenant, Text: "Compare the two answers that are shown: one from before, and the first that is different."},
			{Actor: diagnostics.ActorTenant, Text: "Look for what reads these fields in the integration, and make it bear that they are missing or different."},
			{Actor: diagnostics.ActorTenant, Text: "Read the provider's changelog, and whether the version of the API that is called is about to be retired. If nothing is announced, ask the provider's support with both answers."},
		},
	}
	for _, f := range c.fields[:min(len(c.fields), mostListed)] {
		d.Signals = append(d.Signals, f.signal(names))
	}
	return d
}

// named are the names of the fields of one sort of change, and how many there are.
func (c *change) named(names map[uint64]string, which func(*field) bool) (list []string, n int) {
	for _, f := range c.fields {
		if which(f) {
			n++
			if name := names[f.path]; name != "" {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return list, n
}

func gone(f *field) bool    { return f.odd.kind == kindNone }
func retyped(f *field) bool { return f.odd.kind != kindNone }

func (c *change) title(scope string, names map[uint64]string) string {
	lost, lostN := c.named(names, gone)
	other, otherN := c.named(names, retyped)
	switch {
	case lostN == 0 && otherN == 1 && len(other) == 1:
		f := c.fields[0]
		return fmt.Sprintf("%s in the answers of %s is %s now, and was %s", other[0], scope, f.odd.kind, f.kind)
	case lostN == 0:
		return fmt.Sprintf("The answers of %s have another type for %s", scope, enumerate(other, otherN))
	case otherN == 0:
		return fmt.Sprintf("The answers of %s no longer have %s", scope, enumerate(lost, lostN))
	}
	return fmt.Sprintf("The answers of %s have another form: without %s, and with another type for %s", scope, enumerate(lost, lostN), enumerate(other, otherN))
}

// enumerate names some of n fields.
func enumerate(names []string, n int) string {
	shown := names[:min(len(names), mostNamed)]
	switch rest := n - len(shown); {
	case len(shown) == 0 && n == 1:
		return "a field that they always had"
	case len(shown) == 0:
		return fmt.Sprintf("%d fields that they always had", n)
	case rest == 1:
		return strings.Join(shown, ", ") + " and one field more"
	case rest > 1:
		return fmt.Sprintf("%s and %d fields more", strings.Join(shown, ", "), rest)
	}
	return strings.Join(shown, " and ")
}

func (c *change) cause(names map[uint64]string) string {
	f := c.fields[0]
	text := fmt.Sprintf("Since %s each answer that was looked at is different, %d up to now.", time.Unix(c.at, 0).UTC().Format("2006-01-02 15:04 UTC"), f.odd.count)
	if lost, n := c.named(names, gone); n > 0 {
		text += " " + listed(lost, n) + " was in practically all answers before, and is in none of these."
	}
	if other, n := c.named(names, retyped); n > 0 {
		text += " " + listed(other, n) + " always had one type before, and has another."
	}
	if len(names) < len(c.fields) {
		text += " Weir keeps the forms of answers as hashes: the names of fields are known as long as an answer is kept that had them, which is over for some."
	}
	return text
}

// listed names all of n fields, as far as a text goes.
func listed(names []string, n int) string {
	switch {
	case len(names) == 0 && n == 1:
		return "A field"
	case len(names) == 0:
		return fmt.Sprintf("Each of %d fields", n)
	}
	shown := names[:min(len(names), mostListed)]
	if rest := n - len(shown); rest > 0 {
		return fmt.Sprintf("Each of %s and %d more", strings.Join(shown, ", "), rest)
	}
	if n > 1 {
		return "Each of " + strings.Join(shown, ", ")
	}
	return shown[0]
}

func (f *field) signal(names map[uint64]string) string {
	name := names[f.path]
	if name == "" {
		name = fmt.Sprintf("field %016x", f.path)
	}
	if gone(f) {
		return fmt.Sprintf("%s: in %d of %d answers before, in none of the last %d", name, f.seen, f.chances, f.odd.count)
	}
	return fmt.Sprintf("%s: %s in %d answers before, %s in the last %d", name, f.kind, f.typed, f.odd.kind, f.odd.count)
}
