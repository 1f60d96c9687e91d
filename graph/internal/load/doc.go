// Package load reads what the rows of an answer refer to: each kind of thing once an answer, for all rows together. The
// loaders live as long as one response, in its context, so that an answer sees each thing in one state and a
// subscription's next message sees it anew.
package load
