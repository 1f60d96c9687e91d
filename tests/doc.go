// Package tests looks at Weir from outside: the built binary, its commands and its processes, over HTTP. What is shown
// here holds for a user; each package has its own tests beside it.
package tests
