// Package turn lets the items of a list be answered one after the other for as long as none of them waits for anything,
// and at once as soon as they do.
//
// gqlgen answers each item in a goroutine of its own, so that a loader is asked for the keys of all of them. A page of
// log entries mostly needs no loader: fifty goroutines then cost more, in stacks that grow and in switches, than the
// fields that they answer. Here a few goroutines go through the items, and whoever is about to wait says so by Yield:
// another goroutine then goes on with the next item, so that a loader still hears of all of them while it collects.
package turn
