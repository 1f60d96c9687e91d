// Package errs is Weir's one error type: a code that says what kind of failure it is, a message that is safe to show
// to whoever asked, and the cause, which only the server's log sees.
//
// Domain packages return these; graph/errors.go and ingest/errors.go alone map them to GraphQL and HTTP. An error
// that is not of this type is INTERNAL to clients, whatever it says.
package errs
