package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirhq/weir/internal/app"
)

type dbCmd struct {
	URL dbURLCmd `cmd:"" name:"url" help:"Print the database's connection string, for psql."`
}

type dbURLCmd struct {
	databaseFlags
	Role string `enum:"service,owner,admin" default:"service" help:"Whose: service (default), owner, or admin: the embedded one's superuser, for dumps."`
}

func (c *dbURLCmd) Run(ctx context.Context, std streams) error {
	return c.with(ctx, std, func(db *app.Database) error {
		url := map[string]string{"service": db.ServiceURL, "owner": db.OwnerURL, "admin": db.AdminURL}[c.Role]
		if url == "" && c.Role == "owner" {
			return errors.New("the owner's connection string is not known: set WEIR_MIGRATE_DATABASE_URL")
		}
		if url == "" {
			return errors.New("only the embedded database has an admin that Weir knows of")
		}
		_, err := fmt.Fprintln(std.out, url)
		return err
	})
}
