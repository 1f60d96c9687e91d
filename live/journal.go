package live

import (
	"context"

	"github.com/weirhq/weir/journal"
)

// JournalStream is the name of the stream of what commits add to the journal and change in it.
const JournalStream = "journal"

// NewJournal adds the stream of the journal to a hub: its cursor is the number of a commit.
func NewJournal(hub *Hub, entries *journal.Store, logs *journal.Logs) *Feed[journal.Change] {
	return NewFeed(hub, Stream[journal.Change]{
		Name: JournalStream,
		Head: entries.LastCommit,
		Read: func(ctx context.Context, after int64, deep bool) (Batch[journal.Change], error) {
			changes, err := logs.Changes(ctx, after, deep)
			if err != nil {
				return Batch[journal.Change]{}, err
			}
			batch := Batch[journal.Change]{Through: changes.Through, More: changes.More, Items: make([]Item[journal.Change], len(changes.Items))}
			for i, c := range changes.Items {
				batch.Items[i] = Item[journal.Change]{At: c.No, Value: c}
			}
			return batch, nil
		},
		Lean: journal.Change.Lean,
	})
}
