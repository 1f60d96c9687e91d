// Package journal keeps what Weir exists to keep: a tenant's log entries, of every kind but flow runs, which package
// run keeps beside them.
//
// # How an entry is written
//
// Ingestion opens a transaction and begins a Commit, which locks the tenant's cursor and numbers the commit: commits
// of one tenant follow one another, in every process. Under that lock Commit.Duplicate tells what was sent before.
// Commit.Append packs the entries into segments by day and sends them in one round trip with what finds them again: a
// small row for each failure, terms for what is looked up by equality, the hashes of the senders' ids. After the
// transaction has ended, Commit.Committed lets the process remember those hashes. Later, Compact makes few large
// segments of many small ones.
//
// # How entries are read
//
// A page is a walk through windows of time, in the order that was asked for. The windows widen from one day to all
// days, or are narrowed to the moments that a guide names: rows of failures when failures are asked for, terms when
// an identifier, a run or a trace is. Within a window segments are read in order of time, skipped by masks and by
// their Bloom filters, and merged: an entry is given out once no segment that is still unread can hold one that comes
// before it. A page is done when it is full, or when it has cost enough; then it says where to go on.
//
// Every statement says the tenant and a span of time, so that only the partitions of those days take part.
package journal
