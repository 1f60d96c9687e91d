package lru

import (
	"container/list"
	"iter"
)

// Cache holds at most a fixed number of values. It is not safe for concurrent use.
type Cache[K comparable, V any] struct {
	size  int
	order *list.List
	items map[K]*list.Element
}

type item[K comparable, V any] struct {
	key   K
	value V
}

// New makes a cache of at most size values; size is at least 1.
func New[K comparable, V any](size int) *Cache[K, V] {
	return &Cache[K, V]{size: max(size, 1), order: list.New(), items: map[K]*list.Element{}}
}

// Len is the number of values.
func (c *Cache[K, V]) Len() int { return len(c.items) }

// Get gives the key's value and makes it the most recently used one.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	element, ok := c.items[key]
	if !ok {
		return value, false
	}
	c.order.MoveToFront(element)
	return element.Value.(*item[K, V]).value, true
}

// Put sets the key's value, and forgets the least recently used one when there are too many.
func (c *Cache[K, V]) Put(key K, value V) {
	if element, ok := c.items[key]; ok {
		element.Value.(*item[K, V]).value = value
		c.order.MoveToFront(element)
		return
	}
	c.items[key] = c.order.PushFront(&item[K, V]{key: key, value: value})
	if len(c.items) > c.size {
		c.remove(c.order.Back())
	}
}

// Oldest is the least recently used key; ok is false when there is none.
func (c *Cache[K, V]) Oldest() (key K, ok bool) {
	element := c.order.Back()
	if element == nil {
		return key, false
	}
	return element.Value.(*item[K, V]).key, true
}

// All gives the keys and values, in no order. None of them counts as used.
func (c *Cache[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, element := range c.items {
			if !yield(key, element.Value.(*item[K, V]).value) {
				return
			}
		}
	}
}

// Delete forgets the key.
func (c *Cache[K, V]) Delete(key K) {
	if element, ok := c.items[key]; ok {
		c.remove(element)
	}
}

// DeleteFunc forgets every key for which drop is true.
func (c *Cache[K, V]) DeleteFunc(drop func(key K, value V) bool) {
	for key, element := range c.items {
		if drop(key, element.Value.(*item[K, V]).value) {
			c.remove(element)
		}
	}
}

func (c *Cache[K, V]) remove(element *list.Element) {
	c.order.Remove(element)
	delete(c.items, element.Value.(*item[K, V]).key)
}
