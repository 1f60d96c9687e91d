package simulate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// told is what the causal tests read of an event.
type told struct {
	Type, ID, Customer, Integration string
	FlowRun                         string    `json:"flow_run"`
	NodeRun                         string    `json:"node_run"`
	TraceID                         string    `json:"trace_id"`
	OccurredAt                      time.Time `json:"occurred_at"`
	Data                            struct {
		Flow, Node, Status, Source string
		Parents                    []string
		Attempt                    int
		Iteration                  *int
		StartedAt                  time.Time `json:"started_at"`
		FinishedAt                 time.Time `json:"finished_at"`
		DurationMS                 float64   `json:"duration_ms"`
		Trigger                    struct{ Kind, Event string }
		Skip                       *struct{ Code string }
		Error                      *struct{ Code, Message string }
	}
}

func tellAll(t *testing.T, o Options, to time.Time) []told {
	t.Helper()
	events := collect(New(o), to)
	out := make([]told, len(events))
	for i, e := range events {
		require.NoError(t, json.Unmarshal(e.JSON, &out[i]))
	}
	return out
}

func TestRunsFollowFromTheirEvents(t *testing.T) {
	t.Parallel()
	events := map[string]told{}
	launched := map[string]int{}
	kinds := map[string]int{}
	for _, e := range tellAll(t, aDay(1), seam) {
		switch e.Type {
		case "external_webhook", "external_event_pull":
			events[e.ID] = e
		case "external_event":
			source, known := events[e.Data.Source]
			require.True(t, known, "%s came from nowhere", e.ID)
			require.Equal(t, source.Customer, e.Customer)
			require.False(t, e.OccurredAt.Before(source.OccurredAt))
			events[e.ID] = e
		case "internal_event":
			events[e.ID] = e
		case "flow_run":
			kinds[e.Data.Trigger.Kind]++
			if e.Data.Trigger.Event == "" {
				continue
			}
			cause, known := events[e.Data.Trigger.Event]
			require.True(t, known, "%s was launched by an event that nobody told of", e.ID)
			require.Equal(t, e.Data.Trigger.Kind, cause.Type)
			require.Equal(t, cause.Customer, e.Customer)
			require.Equal(t, cause.TraceID, e.TraceID)
			require.Nil(t, cause.Data.Skip, "%s was skipped and launched", cause.ID)
			require.False(t, e.OccurredAt.Before(cause.OccurredAt))
			launched[cause.ID]++
		}
	}
	for _, kind := range []string{triggeredExternally, triggeredInternally, triggeredBySchedule, triggeredByAPI, triggeredManually} {
		require.NotZero(t, kinds[kind], kind)
	}
	require.NotEmpty(t, launched)
}

func TestNodesBelongToTheirRuns(t *testing.T) {
	t.Parallel()
	runs, nodes := map[string]told{}, map[string]told{}
	ended := map[string]map[string]time.Time{} // run, node key: the latest end
	retried, looped, fannedIn, failed := 0, 0, 0, 0
	for _, e := range tellAll(t, aDay(2), seam.Add(10*time.Minute)) {
		switch e.Type {
		case "flow_run":
			if e.Data.Status != "queued" {
				runs[e.ID] = e
			}
		case "node_run":
			run, known := runs[e.FlowRun]
			require.True(t, known, "%s is told before its run", e.ID)
			require.Contains(t, []string{"running"}, run.Data.Status, "%s after the end of its run", e.ID)
			require.Equal(t, run.Customer, e.Customer)
			require.False(t, e.Data.StartedAt.Before(run.Data.StartedAt))
			for _, parent := range e.Data.Parents {
				end, ran := ended[e.FlowRun][parent]
				require.True(t, ran, "%s of %s has the parent %s, which did not run", e.Data.Node, e.FlowRun, parent)
				if e.Data.Iteration == nil {
					require.False(t, e.Data.StartedAt.Before(end), "%s starts before %s is over", e.ID, parent)
				}
			}
			require.Equal(t, e.Data.Node == "trigger", len(e.Data.Parents) == 0)
			nodes[e.ID] = e
			if e.Data.Status == "running" {
				continue
			}
			if ended[e.FlowRun] == nil {
				ended[e.FlowRun] = map[string]time.Time{}
			}
			ended[e.FlowRun][e.Data.Node] = e.Data.FinishedAt
			retried += e.Data.Attempt - 1
			if e.Data.Iteration != nil && *e.Data.Iteration > 0 {
				looped++
			}
			if len(e.Data.Parents) > 1 {
				fannedIn++
			}
			if e.Data.Status == "failed" {
				failed++
				require.NotNil(t, e.Data.Error)
			}
		}
	}
	require.NotZero(t, retried)
	require.NotZero(t, looped)
	require.NotZero(t, fannedIn)
	require.NotZero(t, failed)
	checkEnds(t, runs, nodes)
}

// checkEnds holds what a run says at its end to what its nodes said.
func checkEnds(t *testing.T, runs, nodes map[string]told) {
	t.Helper()
	byStatus := map[string]int{}
	for _, r := range runs {
		byStatus[r.Data.Status]++
		require.Equal(t, r.Data.Status == "failed" || r.Data.Status == "canceled", r.Data.Error != nil)
	}
	for _, status := range []string{"succeeded", "failed", "canceled", "running"} {
		require.NotZero(t, byStatus[status], status)
	}
	for _, n := range nodes {
		r := runs[n.FlowRun]
		if !r.Data.FinishedAt.IsZero() && !n.Data.FinishedAt.IsZero() {
			require.False(t, n.Data.FinishedAt.After(r.Data.FinishedAt), "%s ends after its run", n.ID)
		}
	}
}

func TestRequestsLieWithinTheirNodes(t *testing.T) {
	t.Parallel()
	events := tellAll(t, aDay(3), seam)
	nodes := map[string]told{}
	for _, e := range events {
		if e.Type == "node_run" {
			nodes[e.ID] = e
		}
	}
	within := 0
	for _, e := range events {
		n, finished := nodes[e.NodeRun]
		if e.Type != "api_request" || !finished || n.Data.FinishedAt.IsZero() {
			continue
		}
		within++
		require.Equal(t, n.FlowRun, e.FlowRun)
		require.Equal(t, n.TraceID, e.TraceID)
		require.False(t, e.OccurredAt.Before(n.Data.StartedAt))
		answered := e.OccurredAt.Add(time.Duration(e.Data.DurationMS * float64(time.Millisecond)))
		require.False(t, answered.After(n.Data.FinishedAt), "%s is answered after its node %s", e.ID, n.ID)
	}
	require.Greater(t, within, 500)
}
