package detection

import "context"

func (w *World) take(ctx context.Context) error { return nil }

func (w *World) detect(ctx context.Context) error { return nil }
