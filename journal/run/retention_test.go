package run

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/tenant"
)

// oldRun puts a run of some days before noon, with node runs, as one commit.
func (b *bundle) oldRun(t *testing.T, commitNo int64, external string, daysAgo, nodes int) FlowRunEvent {
	t.Helper()
	at := noon.AddDate(0, 0, -daysAgo)
	e := FlowRunEvent{
		ID: b.runID(external), ExternalID: external, At: at, RecordedAt: at, FlowID: b.flow, Status: Failed, StartedAt: &at,
		Input: json.RawMessage(`{"note":"inputword"}`), Output: json.RawMessage(`"outputword"`), Metadata: json.RawMessage(`{"m":"metaword"}`),
		Error: &Error{Code: "BOOM", Message: "errorword"}, Identifiers: []entry.Identifier{{Key: "order", Value: external}},
	}
	var list []NodeRunEvent
	for i := range nodes {
		list = append(list, NodeRunEvent{
			ID: nodeid.New(at), FlowRunID: e.ID, FlowRunExternalID: external, At: at, RecordedAt: at, NodeKey: fmt.Sprint("n", i), Status: Succeeded,
			Input: json.RawMessage(`"nodeword"`), Lines: []Line{{At: at, Level: entry.LevelInfo, Message: "said", Data: json.RawMessage(`"dataword"`)}},
		})
	}
	b.commitAs(t, commitNo, []FlowRunEvent{e}, list)
	return e
}

func (b *bundle) commitAs(t *testing.T, commitNo int64, runs []FlowRunEvent, nodes []NodeRunEvent) {
	t.Helper()
	require.NoError(t, b.door.Write(b.ctx, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := b.store.Apply(ctx, tx, commitNo, runs, nodes)
		return err
	}))
}

func (b *bundle) nodesOf(t *testing.T, runID uuid.UUID) ([]*NodeRun, map[uuid.UUID]*Payload) {
	t.Helper()
	all, err := b.store.NodeRuns(b.ctx, []uuid.UUID{runID})
	require.NoError(t, err)
	var ids []uuid.UUID
	for _, n := range all[runID] {
		ids = append(ids, n.ID)
	}
	payloads, err := b.store.NodePayloads(b.ctx, ids)
	require.NoError(t, err)
	return all[runID], payloads
}

func TestRunsLoseTheirPayloadsAndThenGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, bare := b.oldRun(t, 1, "gone", 40, 2*expireRows+3), b.oldRun(t, 2, "bare", 20, 2*stripRows+3)
	fresh := b.oldRun(t, 3, "fresh", 2, 2)
	expire := func(dry bool) Expired {
		done, err := b.store.Expire(b.ctx, noon.AddDate(0, 0, -30), noon.AddDate(0, 0, -10), dry)
		require.NoError(t, err)
		return done
	}
	want := Expired{Runs: 1, NodeRuns: 2*expireRows + 3, Payloads: 1}
	require.Equal(t, want, expire(true))
	_, payloads := b.nodesOf(t, bare.ID)
	require.Len(t, payloads, 2*stripRows+3, "a dry run takes nothing")
	require.Equal(t, want, expire(false))
	require.Equal(t, Expired{}, expire(true))
	require.Equal(t, Expired{}, expire(false))

	_, err := b.store.ByExternalID(b.ctx, "gone")
	require.True(t, errs.Is(err, errs.NotFound))
	nodes, _ := b.nodesOf(t, gone.ID)
	require.Empty(t, nodes)

	held, err := b.store.Payloads(b.ctx, []uuid.UUID{bare.ID, fresh.ID})
	require.NoError(t, err)
	require.Equal(t, &Payload{Metadata: json.RawMessage(`{"m":"metaword"}`)}, held[bare.ID])
	require.Equal(t, fresh.Input, held[fresh.ID].Input)
	nodes, payloads = b.nodesOf(t, bare.ID)
	require.Len(t, nodes, 2*stripRows+3)
	for _, n := range nodes {
		p := payloads[n.ID]
		require.Nil(t, p.Input)
		require.Equal(t, "said", p.Lines[0].Message)
		require.Nil(t, p.Lines[0].Data)
	}
	for word, found := range map[string]int{"errorword": 2, "metaword": 2, "inputword": 1, "outputword": 1} {
		list, err := b.store.List(b.ctx, Query{Size: 10, Filter: Filter{Search: word}})
		require.NoError(t, err)
		require.Len(t, list.Items, found, word)
	}

	// What a late message brings goes the next time.
	late := bare
	late.At, late.Output = late.At.Add(time.Hour), json.RawMessage(`"lateword"`)
	b.commitAs(t, 4, []FlowRunEvent{late}, nil)
	require.Equal(t, Expired{Payloads: 1}, expire(false))
	held, err = b.store.Payloads(b.ctx, []uuid.UUID{bare.ID})
	require.NoError(t, err)
	require.Nil(t, held[bare.ID].Output)

	lateNode := NodeRunEvent{
		ID: nodeid.New(noon), FlowRunID: bare.ID, FlowRunExternalID: "bare", At: late.At, RecordedAt: noon, NodeKey: "late", Status: Succeeded, Input: json.RawMessage(`"lateword"`),
	}
	b.commitAs(t, 5, nil, []NodeRunEvent{lateNode})
	_, payloads = b.nodesOf(t, bare.ID)
	require.Contains(t, payloads, lateNode.ID)
	require.Equal(t, Expired{Payloads: 1}, expire(false))
	_, payloads = b.nodesOf(t, bare.ID)
	require.NotContains(t, payloads, lateNode.ID, "of its node alone too")
}
