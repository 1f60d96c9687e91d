// Package shape notices when the answers of an API change their form: a field that was always there is gone, or has
// another type.
//
// The journey of an answer: ingestion offers each API request to a Sampler, which takes a few of the successful ones,
// walks through the body of each (walk.go), and keeps which paths there were, as hashes, with their types and nothing of
// their values. Flush brings the samples into the shapes of their calls (state.go), one row for each kind of call, and
// marks those that changed. Store.Conditions says of these what an issue is to say. The name of a field that is gone is
// found in the body of an entry that had it, while that is kept.
//
// What makes a field count as lost is in state.go; docs/diagnosis.md says it in words.
package shape
