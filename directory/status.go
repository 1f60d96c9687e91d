package directory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/tenant"
)

// AppState is the status of a connected app: CONNECTED, NEEDS_REAUTH or DISCONNECTED. ChangedAt is zero where nobody has
// said anything of it.
type AppState struct {
	Status    string
	ChangedAt time.Time
}

// NeedReauth turns connected apps that are CONNECTED into NEEDS_REAUTH, as a message of the time would: unless something
// newer was said of their status. It tells which it turned. Commits of events wait until the transaction ends.
func (s *Store) NeedReauth(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, reason string, at time.Time) ([]uuid.UUID, error) {
	reason = strings.ToValidUTF8(strings.ReplaceAll(reason, "\x00", ""), "")
	if len(reason) > maxText {
		reason = strings.ToValidUTF8(reason[:maxText], "")
	}
	micros := at.UnixMicro()
	turned, err := turnApps(ctx, tx, ids, Connected, func(a *ConnectedApp) bool {
		if a.Stamps.newest() > micros {
			return false
		}
		mergeConnectedApp(a, &ConnectedAppState{Status: NeedsReauth, Reason: &reason}, micros)
		a.Stamps.Turned = micros
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("turn connected apps into %s: %w", NeedsReauth, err)
	}
	return turned, nil
}

// Reconnect turns those that NeedReauth turned back into CONNECTED, unless a message has said something newer since. What
// a sender said itself is for the sender to take back.
func (s *Store) Reconnect(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, at time.Time) error {
	_, err := turnApps(ctx, tx, ids, NeedsReauth, func(a *ConnectedApp) bool {
		if a.Stamps.Turned == 0 || a.Stamps.newest() != a.Stamps.Turned {
			return false
		}
		mergeConnectedApp(a, &ConnectedAppState{Status: Connected}, max(at.UnixMicro(), a.Stamps.Turned+1))
		a.Stamps.Turned = 0
		return true
	})
	if err != nil {
		return fmt.Errorf("turn connected apps into %s: %w", Connected, err)
	}
	return nil
}

// turnApps lets turn change those of the connected apps that are of a status, and tells which it changed.
func turnApps(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID, from ConnectedAppStatus, turn func(*ConnectedApp) bool) (turned []uuid.UUID, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	// Commits of events come first or wait: they lock connected apps in another order.
	if _, err := tx.Pgx().Exec(ctx, "SELECT FROM journal_cursor WHERE tenant_id = $1 FOR UPDATE", tx.TenantID()); err != nil {
		return nil, err
	}
	rows, err := tx.Pgx().Query(ctx, "SELECT * FROM connected_app WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = $3 ORDER BY id FOR UPDATE",
		tx.TenantID(), tenant.UUIDs(ids), string(from))
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[ConnectedApp])
	if err != nil {
		return nil, err
	}
	var records []any
	for _, a := range found {
		if turn(a) {
			turned, records = append(turned, a.ID), append(records, connectedAppRecord(a))
		}
	}
	if len(turned) == 0 {
		return nil, nil
	}
	return turned, writeRecords(ctx, tx, "connected_app", connectedAppColumns, records)
}

// States tells what the status of connected apps is, and since when. One that does not exist is not in the map.
func (s *Store) States(ctx context.Context, tx *tenant.Tx, ids []uuid.UUID) (map[uuid.UUID]AppState, error) {
	rows, err := tx.Pgx().Query(ctx, "SELECT id, status, coalesce(status_changed_at, 'epoch') FROM connected_app WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
		tx.TenantID(), tenant.UUIDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read the states of connected apps: %w", err)
	}
	out := make(map[uuid.UUID]AppState, len(ids))
	var id uuid.UUID
	var state AppState
	_, err = pgx.ForEachRow(rows, []any{&id, &state.Status, &state.ChangedAt}, func() error {
		if state.ChangedAt = state.ChangedAt.UTC(); state.ChangedAt.Unix() == 0 {
			state.ChangedAt = time.Time{}
		}
		out[id] = state
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the states of connected apps: %w", err)
	}
	return out, nil
}
