package run

import (
	"time"

	"github.com/weirhq/weir/journal/entry"
	"github.com/weirhq/weir/statistics"
)

// cells is what a change of the row changes in the statistics: what was counted is taken back, what is there now is
// counted. A run counts once it is shown, where it stands and as it ended.
func (r *runRow) cells() []statistics.Cell {
	if r.FlowID == none {
		return nil
	}
	now := r.cell()
	if r.counted == nil {
		return []statistics.Cell{now}
	}
	if now.Same(r.counted) {
		return nil
	}
	back := *r.counted
	back.TakeBack()
	return []statistics.Cell{back, now}
}

// cell is what is counted of the run as it is.
func (r *runRow) cell() statistics.Cell {
	e := entry.Entry{Head: entry.Head{
		Kind: entry.KindFlowRun, Status: r.status.LogStatus(), CustomerID: r.CustomerID, IntegrationID: r.IntegrationID,
		ConnectedAppID: r.ConnectedAppID, DurationMS: -1,
	}}
	if r.StartedAt != nil && r.FinishedAt != nil && !r.FinishedAt.Before(*r.StartedAt) {
		// As they will be read: a row has microseconds.
		took := r.FinishedAt.Truncate(time.Microsecond).Sub(r.StartedAt.Truncate(time.Microsecond))
		e.DurationMS = float64(took) / float64(time.Millisecond)
	}
	if e.Status == entry.StatusFailure {
		e.ErrorKind = entry.ErrorApplication
		if r.err != nil {
			e.ErrorCode = r.err.Code
		}
	}
	c := statistics.CellOf(&e)
	c.Minute, c.FlowID = statistics.MinuteOf(r.At), r.FlowID
	return c
}
