//go:build !race

package load

import "time"

// wait is how long a loader collects keys before it reads them. The fields of a page ask at once, so this is only the
// time that their goroutines need to get there.
const wait = 2 * time.Millisecond
