package load

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/graph/internal/turn"
)

// reader gives numbers as texts, and remembers what it was asked for together.
type reader struct {
	mu    sync.Mutex
	asked [][]int
	// hold is what the reader waits for, when it is set.
	hold chan struct{}
}

var errUnlucky = errors.New("unlucky")

// Keys that cannot be read.
const unlucky, broken, missing = -13, -666, -1

func (r *reader) read(_ context.Context, keys []int) (map[int]string, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, keys)
	out := map[int]string{}
	for _, k := range keys {
		switch {
		case k == unlucky:
			return nil, errUnlucky
		case k == broken:
			panic("no")
		case k >= 0:
			out[k] = strconv.Itoa(k)
		}
	}
	return out, nil
}

// answer has somebody begin to answer with loaders that wait too long for a test to live to see it.
func answer(t *testing.T) (context.Context, *desk) {
	t.Helper()
	d := &desk{wait: time.Hour}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, d.work = turn.With(ctx, d.dispatch)
	d.ctx = ctx
	return ctx, d
}

// Keys are read together once nobody is left who could ask for more, and no sooner.
func TestKeysAreReadOnceNobodyIsLeftToAsk(t *testing.T) {
	t.Parallel()
	ctx, d := answer(t)
	texts, more := &reader{}, &reader{}
	l, second := loader(d, texts.read), loader(d, more.read)
	const n = 50
	turn.Each(ctx, n, func(i int) {
		v, err := One(ctx, l, i/2)
		if err != nil || v != strconv.Itoa(i/2) {
			t.Errorf("%d: %q, %v", i, v, err)
		}
		// What was read leads to more, and is remembered.
		if _, err := One(ctx, second, i); err != nil {
			t.Error(err)
		}
		if _, err := One(ctx, l, i/2); err != nil {
			t.Error(err)
		}
	})
	require.Len(t, texts.asked, 1)
	require.Len(t, texts.asked[0], n/2)
	require.Len(t, more.asked, 1)
	require.Len(t, more.asked[0], n)
	v, err := One(ctx, l, 1000)
	require.NoError(t, err, "whoever is alone does not wait for anybody")
	require.Equal(t, "1000", v)
}

// While somebody is at work for long, others do not wait for ever.
func TestKeysAreReadInTimeThoughSomebodyIsAtWork(t *testing.T) {
	t.Parallel()
	ctx, d := answer(t)
	d.wait = time.Millisecond
	l := loader(d, (&reader{}).read)
	d.work.Begin(1) // somebody
	v, err := One(ctx, l, 7)
	require.NoError(t, err)
	require.Equal(t, "7", v)
}

func TestABatchThatIsFullIsRead(t *testing.T) {
	t.Parallel()
	ctx, d := answer(t)
	r := &reader{}
	l := loader(d, r.read)
	turn.Each(ctx, batch+1, func(i int) {
		if _, err := One(ctx, l, i); err != nil {
			t.Error(err)
		}
	})
	require.Len(t, r.asked, 2)
	require.Equal(t, batch+1, len(r.asked[0])+len(r.asked[1]))
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	ctx, d := answer(t)
	l := loader(d, (&reader{}).read)
	_, err := One(ctx, l, unlucky)
	require.ErrorIs(t, err, errUnlucky)
	_, err = One(ctx, l, broken)
	require.ErrorContains(t, err, "panic: no")
	_, err = One(ctx, l, missing)
	require.ErrorContains(t, err, "gone")
	v, err := One(ctx, l, 5)
	require.NoError(t, err)
	require.Equal(t, "5", v)
}

// Whoever stops waiting is at work again; whoever still waits is counted in when it is told.
func TestWhoeverStopsWaitingIsCounted(t *testing.T) {
	t.Parallel()
	ctx, d := answer(t)
	held := &reader{hold: make(chan struct{})}
	l, other := loader(d, held.read), loader(d, (&reader{}).read)
	impatient, stop := context.WithCancelCause(ctx)
	turn.Each(ctx, 2, func(i int) {
		if i == 0 {
			_, err := One(impatient, l, 1)
			if !errors.Is(err, errUnlucky) {
				t.Errorf("stopped with %v", err)
			}
			close(held.hold)
			return
		}
		stop(errUnlucky)
		if _, err := One(ctx, l, 2); err != nil {
			t.Error(err)
		}
	})
	// Were the count wrong, nobody would ever read this.
	v, err := One(ctx, other, 3)
	require.NoError(t, err)
	require.Equal(t, "3", v)
}
