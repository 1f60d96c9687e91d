package main

import "os"

// ballastBytes is memory that is never touched, so that it takes none: it only counts. Go collects garbage when the heap
// has doubled, which of the few MiB that a service holds at rest would be dozens of times a second, for events allocate
// much that lives for one commit. Collecting less often by a higher GOGC multiplies what a large request holds as well:
// with GOGC=300 a body of 64 MiB raised the process by 40 MiB, with the ballast by half of that, for the same time spent
// on collecting.
const ballastBytes = 12 << 20

// ballast must be kept alive for as long as the process works. There is none where GOGC says how to collect.
func ballast() []byte {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return make([]byte, ballastBytes)
}
