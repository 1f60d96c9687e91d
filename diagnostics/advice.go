package diagnostics

import "slices"

// Advice is what is said of a category where nothing more is known: its title, cause and steps, with the provider's name in
// them. The provider is named by its key or its name; "" is for what is of none.
func (c *Catalogue) Advice(category Category, provider string) Diagnosis {
	a := c.advice[category]
	n := names{humanize(provider), "the host"}
	if p := c.byKey[providerKey(provider)]; p != nil && provider != "" {
		n.provider = p.Name
	}
	d := Diagnosis{Category: category, Confidence: 1, Title: n.in(a.Title), Cause: n.in(a.Cause), Steps: slices.Clone(a.Steps)}
	for i := range d.Steps {
		d.Steps[i].Text = n.in(d.Steps[i].Text)
	}
	if by := category.ResolvedBy(); len(by) > 0 {
		d.ResolvedBy = by[0]
	} else if len(d.Steps) > 0 {
		d.ResolvedBy = d.Steps[0].Actor
	}
	return d
}
