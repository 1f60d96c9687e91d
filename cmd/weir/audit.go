package main

import (
	"context"
	"os/user"
	"time"

	"github.com/weirhq/weir/tenant"
)

// command has a tenant's audit log tell of a command that changes the tenant, with the user of this machine who runs it.
// The details hold no secret.
func command(ctx context.Context, action string, details map[string]any) context.Context {
	actor := "command line"
	if who, err := user.Current(); err == nil && who.Username != "" {
		actor += " (" + who.Username + ")"
	}
	return tenant.WithAct(ctx, &tenant.Act{Action: action, Actor: actor, Details: details, At: time.Now()})
}
