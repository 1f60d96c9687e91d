//go:build race

package load

import "time"

// wait is longer under the race detector, which makes asking take some twenty times as long.
const wait = 40 * time.Millisecond
