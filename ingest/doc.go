// Package ingest takes in what tenants send to POST /v1/events, and what Aino's agents send to their own API. Nothing is
// answered before it is committed, and nothing is kept, logged or queued before it is redacted.
//
// # The journey of an event
//
// Handler checks who sends, how the body is packed and how large it is; Service reads it. The cutter takes events out
// of the body as it arrives, one by one, so that a body of 64 MiB needs no 64 MiB. A document is one event as a flat
// list of nodes over its text, checked against JSON's grammar in one pass. The decoder makes an event of it: a log entry,
// a message about a run or a node, or the state of something in the directory. It checks each field, redacts each text
// and only then cuts what is too long, and it finds out what the sender need not say: whether a call failed although
// its status is 200, the provider's own code for it, the template of its path. An event that is wrong is rejected by
// index, code and field, and costs its neighbours nothing.
//
// What the events name is turned into ids. When a request has more than a thousand entries, those that are there are
// packed into segments while the rest arrives. Then the request waits in its tenant's lane of the queue. A committer
// takes all that waits there, up to a bound, and writes it in one transaction: the tenant's lock, what is named and not
// there yet, states, runs and nodes, then segments with what finds them again. Whatever else must be as durable as the
// entries, such as statistics, is written there too. After the commit each request hears how many of its events are
// new. A batch that fails for what is in it is written again request by request, so that the one at fault is alone
// with its failure.
//
// Aino's transactions differ in how they are read (aino_decode.go) and answered (aino.go), and in nothing between.
//
// # What is not an error
//
// A list without events is answered as stored, with zeros, because there is nothing that a sender could mend; an empty
// body cannot be read, and is refused. A line of application/x-ndjson that is no JSON is rejected alone, with its line
// and column, unless no line is JSON. Of members that stand twice the last one counts. Bytes that are no UTF-8 become
// U+FFFD, and NUL is left out. A null is a field that is missing.
package ingest
