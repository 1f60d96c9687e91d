// Package run keeps flow runs: one execution of a flow, the runs of its nodes, and the graph that they make.
//
// What is known of a run arrives in messages, in any order: its node runs before it, its end before its beginning.
// Store.Apply merges each message field by field, by when the message says that its state held, so that the rows are
// the same whatever the order was. A run that was heard of only through its nodes has no flow yet, and is not shown.
package run
