package main

import (
	"context"

	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/observe"
)

type serveCmd struct {
	config.Service `embed:""`
	Migrate        bool `help:"Bring the schema up to date first; without it, a schema that is behind stops the start. An embedded database is always brought up to date."`
}

func (c *serveCmd) Run(ctx context.Context, std streams) error {
	log := observe.NewLogger(std.err, c.Log)
	a, err := app.Start(ctx, &c.Service, app.Options{Migrate: c.Migrate || c.Embedded(), Version: version}, log)
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "weir serves", "address", a.URL(), "roles", c.Roles)
	return a.Wait(ctx)
}
