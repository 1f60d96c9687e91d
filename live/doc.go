// Package live tells those who follow a tenant what changes, as soon as it is committed.
//
// A commit is only a hint: that a stream of a tenant has come to a cursor. Hints go through the process at once, and to
// other processes over a Bus (PostgreSQL's NOTIFY, or NATS), coalesced and outside of any transaction of ingestion; a poll
// covers those that are lost. Who gets one reads what is new by its own cursor, once a process and tenant, and hands it to
// all who follow. So a hint may be lost, doubled or late, and nothing else is.
//
// Each follower has a queue of its own, of a fixed length. One that does not keep up is cut off and told so: it goes on
// from its cursor when it is ready to. Whoever begins at a cursor of the past reads by itself, as fast as it takes what it
// reads, until it has come to where the others are.
package live
