package journal

import (
	"context"

	"github.com/google/uuid"

	"github.com/weirhq/weir/journal/entry"
)

// LineQuery asks for the log lines of a flow run.
type LineQuery struct {
	FlowRunID uuid.UUID
	// NodeRunID asks for those of one node run only, unless it is uuid.Nil.
	NodeRunID uuid.UUID
	// MinLevel is the lowest level that is asked for; 0 is all.
	MinLevel entry.Level
	First    int
	After    *entry.Position
}

// Lines gives a page of log lines, the oldest first, with their details. Errors: BadInput of first.
func (s *Store) Lines(ctx context.Context, q LineQuery) (Page, error) {
	return s.page(ctx, Query{
		Filter: entry.Filter{Kinds: []entry.Kind{entry.KindLogLine}, FlowRunID: q.FlowRunID, NodeRunID: q.NodeRunID, MinLevel: q.MinLevel},
		Order:  entry.OldestFirst, First: q.First, After: q.After,
	}, true)
}
