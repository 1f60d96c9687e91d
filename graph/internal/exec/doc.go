// Package exec executes operations: what gqlgen makes of the schema, and the few helpers that the generated code calls in
// place of gqlgen's own.
package exec
