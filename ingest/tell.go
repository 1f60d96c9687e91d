package ingest

import (
	"context"
	"time"

	"github.com/weirhq/weir/journal/run"
	"github.com/weirhq/weir/notify"
	"github.com/weirhq/weir/tenant"
)

// Teller tells what a commit changed, in its transaction.
type Teller interface {
	TellIngested(ctx context.Context, tx *tenant.Tx, in notify.Ingested) error
}

// tell tells of connected apps whose state was said, and of runs that were said to have failed.
func (s *Service) tell(ctx context.Context, tx *tenant.Tx, w *writing) error {
	if s.teller == nil {
		return nil
	}
	var in notify.Ingested
	for i := range w.states {
		if state := &w.states[i]; state.ConnectedApp != nil {
			in.Apps, in.Said = append(in.Apps, state.Target.ConnectedAppID), append(in.Said, state.At.Truncate(time.Microsecond))
		}
	}
	for i := range w.runs {
		if w.runs[i].Status == run.Failed {
			in.Runs = append(in.Runs, w.runs[i].ID)
		}
	}
	return s.teller.TellIngested(ctx, tx, in)
}
