package graph

import (
	"github.com/weirhq/weir/graph/internal/exec"
)

func (r *Resolver) Mutation() exec.MutationResolver { return &mutationResolver{r} }

type mutationResolver struct{ *Resolver }
