package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// endpointRow is an endpoint as it is stored.
type endpointRow struct {
	Endpoint
	target, secret, previous []byte
	previousUntil            *time.Time
	// heldUntil is until when nothing goes there, because it did not answer.
	heldUntil *time.Time
}

const endpointColumns = `id, channel, target, events, enabled, disabled_reason, secret, previous_secret, previous_until, failing_since, held_until, created_at`

func scanEndpoint(row pgx.CollectableRow) (*endpointRow, error) {
	e := &endpointRow{}
	var id pgtype.UUID
	var events []string
	err := row.Scan(&id, &e.Channel, &e.target, &events, &e.Enabled, &e.DisabledReason, &e.secret, &e.previous, &e.previousUntil,
		&e.FailingSince, &e.heldUntil, &e.CreatedAt)
	e.ID = id.Bytes
	for _, kind := range events {
		e.Events = append(e.Events, Kind(kind))
	}
	return e, err
}

// endpoints reads rows and opens their targets. One that cannot be opened says so in its place.
func (s *Store) endpoints(ctx context.Context, tx *tenant.Tx, where string, args ...any) ([]*endpointRow, error) {
	rows, err := tx.Pgx().Query(ctx, "SELECT "+endpointColumns+" FROM notification_endpoint WHERE tenant_id = $1 "+where, append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanEndpoint)
	for _, e := range list {
		if e.Target, err = s.seal.open(e.target, tx.TenantID(), e.ID, "target"); err != nil {
			s.opt.Log.ErrorContext(ctx, "an endpoint cannot be read", "endpoint", e.ID, "error", err)
			e.Target = ""
		}
	}
	return list, errOf(err)
}

// errOf leaves out that something sealed could not be opened, which was told.
func errOf(err error) error {
	if errors.Is(err, errSealed) {
		return nil
	}
	return err
}

func (s *Store) endpoint(ctx context.Context, tx *tenant.Tx, id uuid.UUID, lock string) (*endpointRow, error) {
	list, err := s.endpoints(ctx, tx, "AND id = $2 "+lock, id)
	if err == nil && len(list) == 0 {
		err = errs.New(errs.NotFound, "no such endpoint")
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// CreateEndpoint makes an endpoint, and gives the secret that signs its webhooks, which is not shown again; "" for other
// channels. Errors: BadInput. It needs the role DEVELOPER.
func (s *Store) CreateEndpoint(ctx context.Context, in CreateEndpointInput) (e *Endpoint, secret string, err error) {
	p, err := developer(ctx)
	if err != nil {
		return nil, "", err
	}
	if err := s.checkCreate(&in); err != nil {
		return nil, "", err
	}
	now := s.moment()
	e = &Endpoint{ID: newID(now), Channel: in.Channel, Target: in.Target, Enabled: true, CreatedAt: now}
	tenant.Concerns(ctx, nodeid.Format(nodeid.NotificationEndpoint, e.ID))
	var sealed []byte
	if in.Channel == Webhook {
		secret = newSecret()
		sealed = s.seal.seal(secret, p.TenantID, e.ID, "secret")
	}
	events := eventsOf(in.Events)
	for _, kind := range events {
		e.Events = append(e.Events, Kind(kind))
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		var n int
		if err := tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM notification_endpoint WHERE tenant_id = $1", tx.TenantID()).Scan(&n); err != nil {
			return err
		}
		if n >= mostEndpoints {
			return errs.Invalid("target", "there are %d endpoints already: at most %d are allowed", n, mostEndpoints)
		}
		_, err := tx.Pgx().Exec(ctx, `INSERT INTO notification_endpoint (tenant_id, id, channel, target, events, enabled, secret, created_at)
			VALUES ($1, $2, $3, $4, $5, true, $6, $7)`,
			tx.TenantID(), e.ID, string(e.Channel), s.seal.seal(e.Target, p.TenantID, e.ID, "target"), events, sealed, now)
		return err
	})
	if err != nil {
		return nil, "", doing(err, "create an endpoint")
	}
	return e, secret, nil
}

// UpdateEndpoint changes an endpoint. When it is disabled, what waits for it is given up; when it is enabled, it begins
// anew. Errors: BadInput, NotFound. It needs the role DEVELOPER.
func (s *Store) UpdateEndpoint(ctx context.Context, in UpdateEndpointInput) (e *Endpoint, err error) {
	if _, err := developer(ctx); err != nil {
		return nil, err
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		row, err := s.endpoint(ctx, tx, in.ID, "FOR NO KEY UPDATE")
		if err != nil {
			return err
		}
		var f errs.Fields
		if in.Target != nil {
			s.checkTarget(&f, row.Channel, *in.Target)
			row.Target = *in.Target
		}
		if in.Events != nil {
			checkEvents(&f, in.Events)
			row.Events = in.Events
		}
		if err := f.Err(); err != nil {
			return err
		}
		if in.Enabled != nil && *in.Enabled != row.Enabled {
			row.Enabled, row.DisabledReason, row.FailingSince = *in.Enabled, nil, nil
			if !row.Enabled {
				if err := s.giveUp(ctx, tx, row.ID); err != nil {
					return err
				}
			}
		}
		list, err := s.updated(ctx, tx, row)
		e = list
		return err
	})
	if err != nil {
		return nil, doing(err, "update endpoint %s", in.ID)
	}
	return e, nil
}

// updated writes the row back; whoever is held back is not any more.
func (s *Store) updated(ctx context.Context, tx *tenant.Tx, row *endpointRow) (*Endpoint, error) {
	target := row.target
	if row.Target != "" {
		target = s.seal.seal(row.Target, tx.TenantID(), row.ID, "target")
	}
	if _, err := tx.Pgx().Exec(ctx, `UPDATE notification_endpoint SET target = $3, events = $4, enabled = $5, disabled_reason = $6, failing_since = $7,
		held_until = NULL WHERE tenant_id = $1 AND id = $2`,
		tx.TenantID(), row.ID, target, eventsOf(row.Events), row.Enabled, row.DisabledReason, row.FailingSince); err != nil {
		return nil, err
	}
	again, err := s.endpoint(ctx, tx, row.ID, "")
	if err != nil {
		return nil, err
	}
	return &again.Endpoint, nil
}

// DeleteEndpoint deletes an endpoint with its deliveries; rules that name it do not any more, and one that names no other
// tells all that ask for alarms. Errors: NotFound. It needs the role DEVELOPER.
func (s *Store) DeleteEndpoint(ctx context.Context, id uuid.UUID) error {
	if _, err := developer(ctx); err != nil {
		return err
	}
	return s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Pgx().Exec(ctx, "UPDATE alarm_rule SET endpoint_ids = array_remove(endpoint_ids, $2) WHERE tenant_id = $1 AND $2 = ANY(endpoint_ids)", tx.TenantID(), id); err != nil {
			return fmt.Errorf("take endpoint %s from its rules: %w", id, err)
		}
		tag, err := tx.Pgx().Exec(ctx, "DELETE FROM notification_endpoint WHERE tenant_id = $1 AND id = $2", tx.TenantID(), id)
		if err == nil && tag.RowsAffected() == 0 {
			return errs.New(errs.NotFound, "no such endpoint")
		}
		if err != nil {
			return fmt.Errorf("delete endpoint %s: %w", id, err)
		}
		return nil
	})
}

// RotateSecret gives a webhook a new secret, which is not shown again. The one before it signs too for a day. Errors:
// BadInput of a channel that signs nothing, NotFound. It needs the role DEVELOPER.
func (s *Store) RotateSecret(ctx context.Context, id uuid.UUID) (e *Endpoint, secret string, err error) {
	p, err := developer(ctx)
	if err != nil {
		return nil, "", err
	}
	secret = newSecret()
	err = s.door.Write(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		row, err := s.endpoint(ctx, tx, id, "FOR NO KEY UPDATE")
		if err != nil {
			return err
		}
		if row.Channel != Webhook {
			return errs.Invalid("id", "only webhooks are signed")
		}
		before, err := s.seal.open(row.secret, p.TenantID, id, "secret")
		if err != nil {
			return err
		}
		e = &row.Endpoint
		_, err = tx.Pgx().Exec(ctx, `UPDATE notification_endpoint SET secret = $3, previous_secret = $4, previous_until = $5 WHERE tenant_id = $1 AND id = $2`,
			tx.TenantID(), id, s.seal.seal(secret, p.TenantID, id, "secret"), s.seal.seal(before, p.TenantID, id, "previous"), s.moment().Add(rotation))
		return err
	})
	if err != nil {
		return nil, "", doing(err, "rotate the secret of endpoint %s", id)
	}
	return e, secret, nil
}

// Endpoints lists the tenant's endpoints, the oldest first, with the count of all. It needs the role DEVELOPER.
func (s *Store) Endpoints(ctx context.Context, req page.Request) (out page.Page[*Endpoint], err error) {
	if _, err := developer(ctx); err != nil {
		return out, err
	}
	at, after, err := timeCursor(endpointList, req.After, time.Unix(0, 0), uuid.Nil)
	if err != nil {
		return out, err
	}
	err = s.door.Read(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		if err := tx.Pgx().QueryRow(ctx, "SELECT count(*) FROM notification_endpoint WHERE tenant_id = $1", tx.TenantID()).Scan(&out.Total); err != nil {
			return err
		}
		list, err := s.endpoints(ctx, tx, "AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4", at, after, req.Size+1)
		for _, e := range list {
			out.Items = append(out.Items, &e.Endpoint)
		}
		return err
	})
	if err != nil {
		return out, fmt.Errorf("list endpoints: %w", err)
	}
	return cut(out, req), nil
}

// EndpointsByIDs reads endpoints; one that does not exist is not in the map. It needs the role DEVELOPER.
func (s *Store) EndpointsByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Endpoint, error) {
	if _, err := developer(ctx); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*Endpoint{}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		list, err := s.endpoints(ctx, tx, "AND id = ANY($2::uuid[])", tenant.UUIDs(ids))
		for _, e := range list {
			out[e.ID] = &e.Endpoint
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read endpoints: %w", err)
	}
	return out, nil
}

// timeCursor is the place that a cursor of a list by time and id says; the one given when it is "".
func timeCursor(list, cursor string, from time.Time, id uuid.UUID) (time.Time, uuid.UUID, error) {
	if cursor == "" {
		return from, id, nil
	}
	keys, err := page.DecodeCursor(list, cursor, 2)
	if err != nil {
		return from, id, err
	}
	at, err := tenant.ByTime(keys[0])
	if err == nil {
		id, err = uuid.Parse(keys[1])
	}
	if err != nil {
		return from, id, errs.Invalid("after", "this is no cursor of this list")
	}
	return at.(time.Time), id, nil
}

// cut makes a page of one item more than was asked for.
func cut[T any](p page.Page[T], req page.Request) page.Page[T] {
	p.HasPrevious = req.After != ""
	if len(p.Items) > req.Size {
		p.Items, p.HasNext = p.Items[:req.Size], true
	}
	return p
}

// doing says what an error came of, unless it is one that callers are told.
func doing(err error, format string, args ...any) error {
	if errs.CodeOf(err) != errs.Internal {
		return err
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
