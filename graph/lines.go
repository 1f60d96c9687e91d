package graph

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// lineArgs are the arguments of a list of log lines.
type lineArgs struct {
	first    *int
	after    *string
	minLevel *entry.Level
}

// lines gives a page of what a run, or one node run of it, logged, the oldest first. Lines come in two ways: as events
// of their own, which the journal keeps, and inside the messages of node runs, which are kept with those. They are
// merged by time.
func (r *Resolver) lines(ctx context.Context, args lineArgs, runID, nodeRunID uuid.UUID) (*model.LogLineConnection, error) {
	size, err := pageSize(args.first, maxLines, maxLines)
	if err != nil {
		return nil, err
	}
	after, err := model.ParseLineCursor(text(args.after))
	if err != nil {
		return nil, err
	}
	minLevel := entry.LevelDebug
	if args.minLevel != nil {
		minLevel = *args.minLevel
	}
	if load.ForCustomer(ctx) {
		minLevel = max(minLevel, entry.LevelInfo) // What is for debugging is for the tenant.
	}
	kept, err := r.deps.Journal.Lines(ctx, journal.LineQuery{FlowRunID: runID, NodeRunID: nodeRunID, MinLevel: minLevel, First: size, After: after})
	if err != nil {
		return nil, err
	}
	inside, err := r.linesInside(ctx, runID, nodeRunID, minLevel)
	if err != nil {
		return nil, err
	}
	out := page.Page[*model.LogLine]{HasNext: kept.HasNext, HasPrevious: after != nil}
	for _, e := range kept.Items {
		out.Items = append(out.Items, model.NewLogLine(e))
	}
	var last *entry.Position
	if kept.HasNext {
		last = kept.Resume
	}
	for _, line := range inside {
		// What lies behind the journal's part of the page belongs to a later one.
		if follows(line.Position, after) && (last == nil || !follows(line.Position, last)) {
			out.Items = append(out.Items, line)
		}
	}
	slices.SortFunc(out.Items, func(a, b *model.LogLine) int { return compare(a.Position, b.Position) })
	if len(out.Items) > size {
		out.Items, out.HasNext, last = out.Items[:size], true, nil
	}
	end := ""
	if last != nil {
		end = model.LineCursor(*last)
	}
	return model.NewConnection(out, end), nil
}

// linesInside gives the lines that node runs logged in their own messages.
func (r *Resolver) linesInside(ctx context.Context, runID, nodeRunID uuid.UUID, minLevel entry.Level) ([]*model.LogLine, error) {
	ids := []uuid.UUID{nodeRunID}
	if nodeRunID == uuid.Nil {
		nodes, err := r.deps.Runs.NodeRuns(ctx, []uuid.UUID{runID})
		if err != nil {
			return nil, err
		}
		ids = ids[:0]
		for _, n := range nodes[runID] {
			ids = append(ids, n.ID)
		}
	}
	payloads, err := r.deps.Runs.NodePayloads(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []*model.LogLine
	for _, id := range ids {
		if payloads[id] == nil {
			continue
		}
		for i, line := range payloads[id].Lines {
			if line.Level >= minLevel {
				out = append(out, model.NewNodeLine(line, id, linePosition(id, i, line)))
			}
		}
	}
	return out, nil
}

// linePosition makes a place for the i-th line of a node run among the lines of its run. It looks like that of an
// entry of the same time, so that both can be compared, and keeps the order of lines of one microsecond.
func linePosition(nodeRunID uuid.UUID, i int, line run.Line) entry.Position {
	id := nodeid.First(line.At)
	sum := sha256.Sum256(nodeRunID[:])
	copy(id[9:12], sum[:])
	binary.BigEndian.PutUint32(id[12:], uint32(i)) // A message of 1 MiB has few lines.
	return entry.Position{Micros: line.At.UnixMicro(), ID: id}
}

func compare(a, b entry.Position) int {
	return cmp.Or(cmp.Compare(a.Micros, b.Micros), bytes.Compare(a.ID[:], b.ID[:]))
}

// follows tells whether a place lies behind another; everything lies behind the start of the list.
func follows(p entry.Position, start *entry.Position) bool {
	return start == nil || compare(p, *start) > 0
}
