package simulate

import (
	"fmt"
	"sync"
	"time"
)

// Summary is what a run came to. Latencies are of requests, the last attempt of each.
type Summary struct {
	Sent, Accepted, Duplicates, Rejected int
	Requests, Retries                    int
	Elapsed                              time.Duration
	P50, P95                             time.Duration
	// FirstRejection tells why events were rejected, when any were.
	FirstRejection *Rejection
}

// Rate is the number of events acknowledged a second.
func (s Summary) Rate() float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return float64(s.Accepted+s.Duplicates) / s.Elapsed.Seconds()
}

// String is the summary as the command prints it.
func (s Summary) String() string {
	text := fmt.Sprintf("sent %d events in %s: %d accepted, %d duplicates, %d rejected; %.0f events/s; %d requests, %d retries, p50 %s, p95 %s",
		s.Sent, s.Elapsed.Round(time.Millisecond), s.Accepted, s.Duplicates, s.Rejected, s.Rate(), s.Requests, s.Retries, brief(s.P50), brief(s.P95))
	if r := s.FirstRejection; r != nil {
		text += fmt.Sprintf("\nfirst rejection: %s: %s %s (%s)", r.ID, r.Field, r.Message, r.Code)
	}
	return text
}

func brief(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// tally counts what senders are told.
type tally struct {
	mu      sync.Mutex
	total   Summary
	latency latencies
	second  latencies
	printed int
	at      time.Duration
	waiting error // the last thing that made a sender wait, since the last line
}

func (t *tally) trouble(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = err
}

func (t *tally) add(events int, a Ack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Sent += events
	t.total.Accepted += a.Accepted
	t.total.Duplicates += a.Duplicates
	t.total.Rejected += len(a.Rejected)
	t.total.Requests += a.Attempts
	t.total.Retries += a.Attempts - 1
	if t.total.FirstRejection == nil && len(a.Rejected) > 0 {
		t.total.FirstRejection = &a.Rejected[0]
	}
	t.latency.add(a.Latency)
	t.second.add(a.Latency)
}

// line tells the last second, and begins the next.
func (t *tally) line(elapsed time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	acknowledged := t.total.Accepted + t.total.Duplicates
	rate := float64(acknowledged-t.printed) / max((elapsed-t.at).Seconds(), 1e-3)
	text := fmt.Sprintf("%5s  %8d acknowledged  %6d duplicates  %6d rejected  %8.0f events/s  p50 %s  p95 %s",
		elapsed.Round(time.Second), acknowledged, t.total.Duplicates, t.total.Rejected, rate, brief(t.second.quantile(0.5)), brief(t.second.quantile(0.95)))
	if t.waiting != nil {
		text += "  waiting: " + t.waiting.Error()
	}
	t.second, t.printed, t.at, t.waiting = latencies{}, acknowledged, elapsed, nil
	return text
}

func (t *tally) summary(elapsed time.Duration) Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.total
	s.Elapsed, s.P50, s.P95 = elapsed, t.latency.quantile(0.5), t.latency.quantile(0.95)
	return s
}
