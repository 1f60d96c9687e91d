// Package model is what stands between the domain's types and the GraphQL schema where the two differ: scalars,
// connections, and the log entries and runs, whose relations are read through the response's loaders (package load).
// Types that fit as they are, such as a customer, are bound to the domain's own (see gqlgen.yml).
package model
