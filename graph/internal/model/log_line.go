package model

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/graph/internal/load"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/journal/run"
)

// LogLine is a line that a run or a node logged.
type LogLine struct {
	At      time.Time
	Level   entry.Level
	Message string
	// Position is the line's place among those of its run.
	Position entry.Position

	data      json.RawMessage
	nodeRunID uuid.UUID
}

// NewLogLine makes a line of one that the journal keeps.
func NewLogLine(e *entry.Entry) *LogLine {
	line := &LogLine{
		At: e.OccurredAt(), Level: max(e.Level, entry.LevelDebug), Message: e.Message,
		Position: entry.Position{Micros: e.Micros(), ID: e.ID}, nodeRunID: e.NodeRunID,
	}
	if e.Detail != nil && e.Detail.RequestBody != nil {
		line.data = jsonOf(e.Detail.RequestBody)
	}
	return line
}

// NewNodeLine makes a line of one that came with the message of a node run.
func NewNodeLine(line run.Line, nodeRunID uuid.UUID, position entry.Position) *LogLine {
	return &LogLine{
		At: line.At, Level: max(line.Level, entry.LevelDebug), Message: line.Message,
		Position: position, data: line.Data, nodeRunID: nodeRunID,
	}
}

// jsonOf gives a body as JSON: as it is where it is a whole value, else as a string.
func jsonOf(b *entry.Body) json.RawMessage {
	if !b.Base64 && !b.Truncated && json.Valid([]byte(b.Text)) {
		return json.RawMessage(b.Text)
	}
	quoted, err := json.Marshal(b.Text)
	if err != nil {
		return nil // Strings always have a JSON form.
	}
	return quoted
}

// Cursor is the line's place among those of its run.
func (l LogLine) Cursor() string { return LineCursor(l.Position) }

// Data is what else was logged; nil for whoever may not see payloads.
func (l LogLine) Data(ctx context.Context) json.RawMessage {
	if load.PayloadsHidden(ctx) {
		return nil
	}
	return l.data
}

// NodeRun is the node that logged it.
func (l LogLine) NodeRun(ctx context.Context) (*NodeRun, error) { return loadNodeRun(ctx, l.nodeRunID) }

const lineList = "lines"

// LineCursor is the cursor of a place among the lines of a run.
func LineCursor(p entry.Position) string {
	return page.EncodeCursor(lineList, strconv.FormatInt(p.Micros, 10), p.ID.String())
}

// ParseLineCursor reads a cursor of log lines; "" is the start of the list, which is nil.
func ParseLineCursor(cursor string) (*entry.Position, error) { return parsePosition(lineList, cursor) }
