package live

import (
	"context"

	"github.com/weirhq/weir/notify/alarm"
)

// AlarmStream is the name of the stream of alarms that change.
const AlarmStream = "alarm"

// NewAlarms adds the stream of alarms to a hub: its cursor is the number of a change.
func NewAlarms(hub *Hub, store *alarm.Store) *Feed[alarm.Update] {
	return NewFeed(hub, Stream[alarm.Update]{
		Name: AlarmStream,
		Head: store.LastUpdate,
		Read: func(ctx context.Context, after int64, _ bool) (Batch[alarm.Update], error) {
			updates, err := store.Updates(ctx, after)
			batch := Batch[alarm.Update]{Through: updates.Through, More: updates.More, Items: make([]Item[alarm.Update], len(updates.Items))}
			for i, u := range updates.Items {
				batch.Items[i] = Item[alarm.Update]{At: u.No, Value: u}
			}
			return batch, err
		},
	})
}
