// Package term packs where to look for what is searched by equality: business identifiers, flow runs, traces, the
// senders' ids of events.
//
// A term is a hash and a time. Those of one commit are packed into rows by day and by bucket, which is the first bits of
// the hash: so many that a row holds some tens of terms, since a row of its own would cost ten times what a term does. A
// lookup reads the one row of each day, or commit, in which its term would lie. Rows of many commits are merged into few
// when the day is over.
//
// It knows no database: package journal keeps the rows.
package term
