// Package directory keeps what a tenant's events name: customers, integrations, connected apps, data sources, flows.
//
// The journey of a name: an event says customer "acme" and integration "salesforce"; Resolver turns the names into
// ids, most of which are derived from the names and need no look-up; what has not been seen before is noted in a Need;
// the commit that stores the event makes those rows (Store.Ensure) and merges what state events say about them
// (Store.ApplyStates), all in its own transaction. The API then reads and changes the rows by Store's other functions.
package directory
