// Package harness runs the built weir for tests and benchmarks that look at the whole service from outside: it builds
// the binary, runs its commands, starts and kills its processes, and talks to them over HTTP. It knows nothing of
// testing.TB, so that programs can use it too.
package harness
