package graph

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/directory"
	"github.com/weirhq/weir/issues"
	"github.com/weirhq/weir/journal/entry"
)

// among says which customers or connected apps have one of the healths; nil is all of them.
func (r *Resolver) among(ctx context.Context, of entry.ParentKind, healths []issues.Health) (*directory.Among, error) {
	if len(healths) == 0 {
		return nil, nil //nolint:nilnil // Nil asks for all.
	}
	unwell, err := r.unwell(ctx, of)
	if err != nil {
		return nil, err
	}
	out := &directory.Among{
		Active: slices.Contains(healths, issues.Healthy), Idle: slices.Contains(healths, issues.Idle), Since: r.deps.Now().Add(-issues.IdleAfter),
	}
	for health, ids := range unwell {
		out.Except = append(out.Except, ids...)
		if slices.Contains(healths, health) {
			out.IDs = append(out.IDs, ids...)
		}
	}
	return out, nil
}

// failingCustomers counts the customers that are FAILING.
func (r *Resolver) failingCustomers(ctx context.Context) (int, error) {
	unwell, err := r.unwell(ctx, entry.ParentCustomer)
	return len(unwell[issues.Failing]), err
}

// unwell are those that issues hit which count for their health, by what it is.
func (r *Resolver) unwell(ctx context.Context, of entry.ParentKind) (map[issues.Health][]uuid.UUID, error) {
	found, err := r.deps.Issues.Unwell(ctx, of)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := map[issues.Health][]uuid.UUID{}
	for id, worst := range found {
		if health := issues.HealthOf(worst, &now, now); health != issues.Healthy {
			out[health] = append(out[health], id)
		}
	}
	return out, nil
}
