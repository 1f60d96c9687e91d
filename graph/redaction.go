package graph

import (
	"context"
	"time"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/graph/internal/turn"
	"github.com/weirhq/weir/ingest/trial"
	"github.com/weirhq/weir/tenant"
)

// redactionPreview tries a redaction policy on the last entries.
func (r *Resolver) redactionPreview(ctx context.Context, in tenant.RedactionInput) (*model.RedactionPreview, error) {
	t := &trial.Trial{Logs: r.deps.Logs, Details: r.deps.Journal, Runs: r.deps.Runs, Now: r.deps.Now}
	var found *trial.Result
	var err error
	turn.Wait(ctx, func() { found, err = t.Run(ctx, in) })
	if err != nil {
		return nil, err
	}
	return model.NewRedactionPreview(found), nil
}

// defaultTTL is how long a customer's token is good for when nothing is said, in seconds.
const defaultTTL = 3600

// seconds is a length of time that was given in seconds.
func seconds(given *int, otherwise int) time.Duration {
	if given == nil {
		given = &otherwise
	}
	// A number that is out of every range stays so.
	return time.Duration(min(max(*given, -1), 1<<31)) * time.Second
}
