// Package memory shows how much memory the service takes, as the kernel counts it: it runs the built binary and looks at
// it from outside.
package memory
