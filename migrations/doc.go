// Package migrations holds the schema, its changes in order, and the list of its tables.
//
// The owner of the schema runs them. What the service's role may do is granted after them, table by table from
// Tables, never with ALL TABLES: a partition that the service could reach by its own name would have no policy.
package migrations
