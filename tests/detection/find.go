package detection

import "context"

// take counts what ingestion found, as the job after a commit does.
func (w *World) take(ctx context.Context) error {
	return w.timed("take", func() error { return w.detection.Take(w.system(ctx)) })
}

// detect looks for what holds now, and brings issues up to date, as the job of each minute does.
func (w *World) detect(ctx context.Context) error {
	return w.timed("detect", func() error { return w.detection.Detect(w.system(ctx)) })
}
