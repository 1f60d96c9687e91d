package load

import (
	"context"
	"sync"
	"time"

	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/internal/errs"
)

const (
	// batch bounds how many keys one statement takes.
	batch = 1000
	// wait is how long a loader collects keys at most. It reads them before that, once nobody is left who could ask for
	// more: this is for when somebody is at work for long.
	wait = 100 * time.Millisecond
)

// Loader reads values by their keys, many at a time and each once. It is safe for concurrent use.
type Loader[K comparable, V any] struct {
	desk *desk
	read func(context.Context, []K) (map[K]V, error)

	mu    sync.Mutex
	asked map[K]*reading[K, V]
	// open collects keys; nil when there are none.
	open *reading[K, V]
}

// reading is keys that are read together.
type reading[K comparable, V any] struct {
	keys    []K
	began   bool
	late    *time.Timer
	waiting int
	over    bool
	done    chan struct{}
	values  map[K]V
	err     error
}

// desk is what the loaders of a response share.
type desk struct {
	ctx  context.Context //nolint:containedctx // The loaders read for the response, whoever of it asks first.
	work *turn.Work
	wait time.Duration

	mu sync.Mutex
	// collected are the readings that have not begun, by how they do.
	collected []func()
}

func (d *desk) collect(begin func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.collected = append(d.collected, begin)
}

// dispatch reads all that is collected.
func (d *desk) dispatch() {
	d.mu.Lock()
	begin := d.collected
	d.collected = nil
	d.mu.Unlock()
	for _, fn := range begin {
		fn()
	}
}

func loader[K comparable, V any](d *desk, read func(context.Context, []K) (map[K]V, error)) *Loader[K, V] {
	return &Loader[K, V]{desk: d, read: read, asked: map[K]*reading[K, V]{}}
}

// load gives the value of a key; ok is false when there is none.
func (l *Loader[K, V]) load(ctx context.Context, key K) (v V, ok bool, err error) {
	l.mu.Lock()
	r := l.asked[key]
	if r == nil {
		r = l.ask(key)
	}
	waits := !r.over
	if waits {
		r.waiting++
	}
	l.mu.Unlock()
	if waits {
		l.desk.work.End()
		select {
		case <-r.done:
		case <-ctx.Done():
			l.giveUp(r)
			return v, false, context.Cause(ctx)
		}
	}
	if r.err != nil {
		return v, false, r.err
	}
	v, ok = r.values[key]
	return v, ok, nil
}

// giveUp counts somebody in again who does not wait for a reading any more.
func (l *Loader[K, V]) giveUp(r *reading[K, V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.over {
		r.waiting--
		l.desk.work.Begin(1)
	}
}

// ask adds a key to what is collected.
func (l *Loader[K, V]) ask(key K) *reading[K, V] {
	r := l.open
	if r == nil {
		r = &reading[K, V]{done: make(chan struct{})}
		l.open = r
		begin := func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.begin(r)
		}
		l.desk.collect(begin)
		r.late = time.AfterFunc(l.desk.wait, begin)
	}
	r.keys = append(r.keys, key)
	l.asked[key] = r
	if len(r.keys) == batch {
		l.begin(r)
	}
	return r
}

// begin has the keys read, once.
func (l *Loader[K, V]) begin(r *reading[K, V]) {
	if r.began {
		return
	}
	r.began = true
	r.late.Stop()
	if l.open == r {
		l.open = nil
	}
	// Whoever waits for it is likely to ask for more: it counts as work.
	l.desk.work.Begin(1)
	go func() {
		defer l.desk.work.End()
		r.err = errs.Catch(func() (err error) {
			r.values, err = l.read(l.desk.ctx, r.keys)
			return err
		})
		l.mu.Lock()
		r.over = true
		l.desk.work.Begin(r.waiting)
		l.mu.Unlock()
		close(r.done)
	}()
}
