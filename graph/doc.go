// Package graph is the GraphQL API, and nothing else: it turns arguments into one call of the domain, and what comes
// back into the schema's shapes.
//
// The journey of a query: transport.go reads it out of the HTTP request; preflight.go refuses what would cost too much
// merely to validate; gqlgen parses and validates it; cost.go counts what it would cost to answer; guard.go lets no
// field begin without a principal; the resolvers, one file for each of schema/*.graphqls, answer; relations between
// rows are read through loaders that live as long as the response (internal/load); errors.go says what of an error is
// shown. Types that differ from the domain's are in internal/model, and what gqlgen generates is in internal/exec:
// gqlgen is imported here and below here only.
//
// The principal must be in the request's context: whoever serves the handler authenticates first.
package graph
