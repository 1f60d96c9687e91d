package lru

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForgetsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	c := New[string, int](2)
	c.Put("a", 1)
	c.Put("b", 2)
	_, ok := c.Get("a")
	require.True(t, ok)
	c.Put("c", 3)
	_, ok = c.Get("b")
	require.False(t, ok)
	a, ok := c.Get("a")
	require.True(t, ok)
	require.Equal(t, 1, a)
	c.Put("a", 4)
	a, _ = c.Get("a")
	require.Equal(t, 4, a)
	require.Equal(t, 2, c.Len())
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	c := New[int, int](10)
	for i := range 10 {
		c.Put(i, i)
	}
	c.Delete(3)
	c.DeleteFunc(func(_, v int) bool { return v%2 == 0 })
	require.Equal(t, 4, c.Len())
	_, ok := c.Get(4)
	require.False(t, ok)
	c.Put(4, 40)
	require.Equal(t, 5, c.Len())
}

func TestOldest(t *testing.T) {
	t.Parallel()
	c := New[string, int](3)
	_, ok := c.Oldest()
	require.False(t, ok)
	c.Put("a", 1)
	c.Put("b", 2)
	c.Get("a")
	key, ok := c.Oldest()
	require.True(t, ok)
	require.Equal(t, "b", key)
}

func TestLookingAtAllIsNoUse(t *testing.T) {
	t.Parallel()
	c := New[string, int](2)
	c.Put("a", 1)
	c.Put("b", 2)
	require.Equal(t, map[string]int{"a": 1, "b": 2}, maps.Collect(c.All()))
	oldest, ok := c.Oldest()
	require.True(t, ok)
	require.Equal(t, "a", oldest)
}
