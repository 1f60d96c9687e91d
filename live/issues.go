package live

import (
	"context"

	"github.com/weirhq/weir/issues"
)

// IssueStream is the name of the stream of issues that change.
const IssueStream = "issue"

// NewIssues adds the stream of issues to a hub: its cursor is the number of a change.
func NewIssues(hub *Hub, store *issues.Store) *Feed[issues.Update] {
	return NewFeed(hub, Stream[issues.Update]{
		Name: IssueStream,
		Head: store.LastUpdate,
		Read: func(ctx context.Context, after int64, deep bool) (Batch[issues.Update], error) {
			updates, err := store.Updates(ctx, after, deep)
			batch := Batch[issues.Update]{Through: updates.Through, More: updates.More, Items: make([]Item[issues.Update], len(updates.Items))}
			for i, u := range updates.Items {
				batch.Items[i] = Item[issues.Update]{At: u.No, Value: u}
			}
			return batch, err
		},
		Lean: issues.Update.Lean,
	})
}
