package tenant

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/lru"
)

const (
	// useEvery is how often the last use of a key is written at most.
	useEvery = time.Minute
	// useTimeout bounds one write.
	useTimeout = 5 * time.Second
	// maxUseWrites bounds how many are under way; a use that finds none free is noted a little later.
	maxUseWrites = 4
)

// uses writes when API keys were last used, in the background, so that no request waits for it.
type uses struct {
	door  *Door
	log   *slog.Logger
	slots chan struct{}

	mu      sync.Mutex
	last    *lru.Cache[uuid.UUID, time.Time]
	stopped bool
	writing sync.WaitGroup
}

func newUses(door *Door, log *slog.Logger) *uses {
	return &uses{door: door, log: log, slots: make(chan struct{}, maxUseWrites), last: lru.New[uuid.UUID, time.Time](maxAccepted)}
}

// saw notes what the database has, so that it is not written again at once.
func (u *uses) saw(key uuid.UUID, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if had, ok := u.last.Get(key); !ok || had.Before(at) {
		u.last.Put(key, at)
	}
}

// note says that the key was used.
func (u *uses) note(tenantID, key uuid.UUID, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if had, ok := u.last.Get(key); u.stopped || (ok && at.Before(had.Add(useEvery))) {
		return
	}
	select {
	case u.slots <- struct{}{}:
	default:
		return
	}
	u.last.Put(key, at)
	u.writing.Go(func() {
		defer func() { <-u.slots }()
		u.write(tenantID, key, at)
	})
}

func (u *uses) write(tenantID, key uuid.UUID, at time.Time) {
	ctx, cancel := context.WithTimeout(WithPrincipal(context.Background(), System(tenantID)), useTimeout)
	defer cancel()
	err := u.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Pgx().Exec(ctx, `UPDATE api_key SET last_used_at = $3
			WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $4)`,
			tenantID, key, at, at.Add(-useEvery/2))
		return err
	})
	if err != nil {
		u.log.WarnContext(ctx, "note the use of an API key", "tenant", tenantID, "key", key, "error", err)
	}
}

func (u *uses) stop() {
	u.mu.Lock()
	u.stopped = true
	u.mu.Unlock()
	u.writing.Wait()
}
