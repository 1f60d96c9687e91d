package graph

// Resolver answers the fields that need more than what their object has. Its methods stand in *.resolvers.go, one file
// for each file of the schema, and nothing else does: gqlgen writes those files again.
type Resolver struct{ deps Deps }
