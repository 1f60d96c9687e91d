package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"

	"github.com/weirhq/weir/internal/app"
	"github.com/weirhq/weir/internal/config"
	"github.com/weirhq/weir/internal/observe"
	"github.com/weirhq/weir/migrations"
)

// databaseFlags are what every command needs that needs the database.
type databaseFlags struct {
	config.Database `embed:""`
	config.Log      `embed:""`
}

// with opens the database for as long as fn takes.
func (f *databaseFlags) with(ctx context.Context, std streams, fn func(db *app.Database) error) error {
	db, err := app.OpenDatabase(ctx, &f.Database, app.DatabaseOptions{Join: true}, observe.NewLogger(std.err, config.Log{Level: "warn", Format: f.Format}))
	if err != nil {
		return err
	}
	return errors.Join(fn(db), db.Close(context.WithoutCancel(ctx)))
}

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Bring the schema up to date."`
	Down   migrateDownCmd   `cmd:"" help:"Undo the newest migration."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations."`
}

type migrateUpCmd struct{ databaseFlags }

func (c *migrateUpCmd) Run(ctx context.Context, std streams) error {
	return c.with(ctx, std, func(db *app.Database) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		return printSteps(ctx, std, db)
	})
}

type migrateDownCmd struct{ databaseFlags }

func (c *migrateDownCmd) Run(ctx context.Context, std streams) error {
	return c.with(ctx, std, func(db *app.Database) error {
		owner, err := db.Owner()
		if err != nil {
			return err
		}
		if err := migrations.Down(ctx, owner); errors.Is(err, sql.ErrNoRows) {
			return errors.New("there is no migration to undo")
		} else if err != nil {
			return err
		}
		return printSteps(ctx, std, db)
	})
}

type migrateStatusCmd struct{ databaseFlags }

func (c *migrateStatusCmd) Run(ctx context.Context, std streams) error {
	return c.with(ctx, std, func(db *app.Database) error { return printSteps(ctx, std, db) })
}

func printSteps(ctx context.Context, std streams, db *app.Database) error {
	owner, err := db.Owner()
	if err != nil {
		return err
	}
	steps, err := migrations.Status(ctx, owner)
	if err != nil {
		return err
	}
	for _, s := range steps {
		state := "pending"
		if s.Applied {
			state = "applied"
		}
		if _, err := fmt.Fprintf(std.out, "%-8s %s\n", state, path.Base(s.Name)); err != nil {
			return err
		}
	}
	return nil
}
