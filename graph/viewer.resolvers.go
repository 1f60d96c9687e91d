package graph

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/graph/internal/model"
)

// Viewer is the resolver for the viewer field.
func (r *queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	panic(fmt.Errorf("not implemented: Viewer - viewer"))
}
