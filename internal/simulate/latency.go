package simulate

import (
	"math"
	"time"
)

// latencies is a histogram with buckets 2 % wide from 10 µs to about ten minutes: enough for a
// percentile, and of constant size however long a run lasts.
type latencies struct {
	buckets [910]int
	count   int
}

const (
	finest = 10 * time.Microsecond
	growth = 1.02
)

func (l *latencies) add(d time.Duration) {
	at := 0
	if d > finest {
		at = int(math.Log(float64(d)/float64(finest)) / math.Log(growth))
	}
	l.buckets[min(at, len(l.buckets)-1)]++
	l.count++
}

// quantile returns the latency below which a share q of all lie; zero when there are none.
func (l *latencies) quantile(q float64) time.Duration {
	want := int(math.Ceil(q * float64(l.count)))
	seen := 0
	for i, n := range l.buckets {
		if seen += n; n > 0 && seen >= want {
			return time.Duration(float64(finest) * math.Pow(growth, float64(i)+0.5))
		}
	}
	return 0
}
