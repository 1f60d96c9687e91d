package detection

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/tests/detection/town"
)

// answered is how a provider answers a call that a test makes by hand.
type answered struct {
	status int
	body   string
}

var (
	fine    = answered{200, `{"id":"1"}`}
	expired = answered{401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`}
	revoked = answered{401, `{"status":"error","message":"The token used to make this request was revoked.","category":"REVOKED_AUTHENTICATION"}`}
	limited = answered{429, `{"error":"rate_limited","message":"Too many requests, retry in 10 seconds"}`}
	down    = answered{503, `{"error":"Service Unavailable","message":"The service is temporarily unavailable"}`}
)

// call is an API request of a customer.
func call(at time.Time, customer, integration string, a answered) town.Event {
	return town.Event{At: at, Failed: a.status >= 400, JSON: fmt.Appendf(nil,
		`{"type":"api_request","occurred_at":%q,"customer":%q,"integration":%q,"data":{"method":"GET","url":"https://api.example.com/v1/records/7","endpoint":"/v1/records/{id}","duration_ms":120,"response":{"status":%d,"headers":{"Content-Type":"application/json"},"body":%s}}}`,
		at.Format(time.RFC3339Nano), customer, integration, a.status, a.body)}
}

// connected is what a customer's app says of itself.
func connected(at time.Time, customer, integration string) town.Event {
	return town.Event{At: at, JSON: fmt.Appendf(nil, `{"type":"connected_app","occurred_at":%q,"customer":%q,"integration":%q,"data":{"status":"connected"}}`,
		at.Format(time.RFC3339Nano), customer, integration)}
}

// send sends events by hand, and does what the jobs do at the clock's time.
func (s *scenario) send(events ...town.Event) {
	s.t.Helper()
	require.NoError(s.t, s.Send(s.t.Context(), events))
	require.NoError(s.t, s.Look(s.t.Context()))
}

// pass lets minutes pass in which each of the customers makes a call, answered the same.
func (s *scenario) pass(minutes int, integration string, a answered, customers ...string) {
	s.t.Helper()
	for range minutes {
		at := s.Now().Add(time.Minute)
		s.At(at)
		var events []town.Event
		for i, c := range customers {
			events = append(events, call(at.Add(time.Duration(i-len(customers))*time.Millisecond), c, integration, a))
		}
		s.send(events...)
	}
}

// idle lets minutes pass in which nothing happens.
func (s *scenario) idle(minutes int) { s.pass(minutes, "", fine) }

// only gives the one issue that ever was.
func (s *scenario) only() *Issue {
	s.t.Helper()
	all := s.issues()
	require.Len(s.t, all, 1, "%v", all)
	return all[0]
}

// actions are what happened to an issue, in order.
func (i *Issue) actions() (out []string) {
	for _, a := range i.Activity {
		out = append(out, a.Action)
	}
	return out
}

// names are so many customers.
func names(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("customer-%04d", i+1))
	}
	return out
}
