// Package isolation asks one tenant's questions about another tenant's things, in every way that the schema offers, and
// expects no answer. It has tests only.
//
// What is asked is made from the introspected schema, so a field, an argument, a mutation or a type that is new is
// asked about without a change here, or fails the tests with words about what to add: a value in the tables of
// hints_test.go, or an event in events_test.go. The tenants are
//
//   - a, the victim: nobody changes it, and at the end a crawl of it must give what it gave at the start;
//   - b, which reads: with every id, external id, key, cursor and word of a, in every role;
//   - c, which changes: every mutation with every kind of id of a;
//   - d, which sends events that name what is a's.
//
// All four use the same external ids and keys, so that what is derived from them or remembered by them is tempted to
// collide. Every other text says whose it is (TENANT-A-C1-…: of tenant a, of its customer 1), so one byte in the wrong
// place is found by looking at the raw answer.
package isolation
