package journal

import (
	"container/list"
	"encoding/binary"
	"sync"

	"github.com/google/uuid"
)

// keyring is what this process remembers of the ids that senders gave to their events: a set for each tenant and day,
// the least recently used of which are forgotten when all together are too large. It holds what is committed, and
// nothing else.
type keyring struct {
	mu      sync.Mutex
	limit   int64
	bytes   int64
	tenants map[uuid.UUID]*tenantKeys
	recent  list.List // of *dayKeys, the most recently used in front
}

// tenantKeys knows which commits of a tenant this process made itself: all from streak to last. They are in the sets.
type tenantKeys struct {
	streak, last int64
	days         map[Day]*dayKeys
}

// dayKeys are the keys of one tenant and day. They hold all that commits up to upTo wrote.
type dayKeys struct {
	tenantID uuid.UUID
	day      Day
	place    *list.Element // nil when it was forgotten
	counted  int64

	mu   sync.Mutex
	set  keySet
	upTo int64
}

// unknown is the last own commit where there is none: it precedes no number.
const unknown = -1

func newKeyring(limit int64) *keyring {
	return &keyring{limit: limit, tenants: map[uuid.UUID]*tenantKeys{}}
}

// find gives the set of each day, nil where there is none.
func (r *keyring) find(tenantID uuid.UUID, days []Day) []*dayKeys {
	found := make([]*dayKeys, len(days))
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[tenantID]; t != nil {
		for i, day := range days {
			if k := t.days[day]; k != nil {
				r.recent.MoveToFront(k.place)
				found[i] = k
			}
		}
	}
	return found
}

// stale tells which of the sets lack something of the commits before commitNo, and from which commit on. lost says that
// the number was given out before: the database has lost commits whose keys the sets hold, and they are worth nothing.
func (r *keyring) stale(tenantID uuid.UUID, commitNo int64, sets []*dayKeys) (stale []bool, since int64, lost bool) {
	streak, last := r.own(tenantID)
	stale, since, lost = make([]bool, len(sets)), commitNo-1, last >= commitNo
	for i, k := range sets {
		if k == nil {
			continue
		}
		k.mu.Lock()
		switch {
		case k.upTo >= commitNo:
			lost = true
		case k.upTo == commitNo-1, last == commitNo-1 && k.upTo+1 >= streak:
			k.upTo = commitNo - 1
		default:
			stale[i], since = true, min(since, k.upTo)
		}
		k.mu.Unlock()
	}
	return stale, since, lost
}

// own is which commits of the tenant this process made itself and has in its sets; last is unknown when there are none.
func (r *keyring) own(tenantID uuid.UUID) (streak, last int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[tenantID]; t != nil {
		return t.streak, t.last
	}
	return 0, unknown
}

// put remembers a set that holds all of its day up to its upTo.
func (r *keyring) put(k *dayKeys) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[k.tenantID]
	if t == nil {
		t = &tenantKeys{last: unknown, days: map[Day]*dayKeys{}}
		r.tenants[k.tenantID] = t
	}
	if old := t.days[k.day]; old != nil && old != k {
		r.drop(old)
		r.tenants[k.tenantID] = t
	}
	if k.place == nil {
		k.place = r.recent.PushFront(k)
		t.days[k.day] = k
	}
	r.count(k)
	r.evict(k)
}

// publish notes that this process made the commit, whose keys are in its sets by now.
func (r *keyring) publish(tenantID uuid.UUID, commitNo int64, sets []*dayKeys) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return // Every set of the tenant was forgotten meanwhile.
	}
	switch {
	case t.last == commitNo-1:
		t.last = commitNo
	case t.last < commitNo:
		t.last, t.streak = commitNo, commitNo
	}
	for _, k := range sets {
		if k.place == nil {
			// It was forgotten while the commit went on. Another may stand in its place, which lacks these keys.
			t.last = unknown
			continue
		}
		r.count(k)
		r.evict(k)
	}
}

// forget drops all of a tenant.
func (r *keyring) forget(tenantID uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[tenantID]; t != nil {
		for _, k := range t.days {
			r.drop(k)
		}
	}
	delete(r.tenants, tenantID)
}

func (r *keyring) count(k *dayKeys) {
	k.mu.Lock()
	now := k.set.bytes()
	k.mu.Unlock()
	r.bytes += now - k.counted
	k.counted = now
}

func (r *keyring) evict(keep *dayKeys) {
	for r.bytes > r.limit {
		oldest := r.recent.Back().Value.(*dayKeys)
		if oldest == keep {
			return
		}
		r.drop(oldest)
	}
}

func (r *keyring) drop(k *dayKeys) {
	r.recent.Remove(k.place)
	k.place = nil
	r.bytes -= k.counted
	k.counted = 0
	t := r.tenants[k.tenantID]
	delete(t.days, k.day)
	if len(t.days) == 0 {
		delete(r.tenants, k.tenantID)
	}
}

// load adds packed hashes.
func (k *dayKeys) load(packed []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set.reserve(k.set.used + len(packed)/8)
	for ; len(packed) >= 8; packed = packed[8:] {
		k.set.add(binary.BigEndian.Uint64(packed))
	}
}

func (k *dayKeys) has(hash uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set.has(hash)
}

// add publishes the keys of a commit, before which the set lacked nothing.
func (k *dayKeys) add(hashes []uint64, commitNo int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range hashes {
		k.set.add(h)
	}
	k.upTo = max(k.upTo, commitNo)
}
