package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/page"
	"github.com/weirhq/weir/tenant"
)

// DeliveryStatus is how far a delivery is.
type DeliveryStatus string

// The statuses. Skipped is a recovery of which the failure was never told.
const (
	Pending   DeliveryStatus = "PENDING"
	Retrying  DeliveryStatus = "RETRYING"
	Delivered DeliveryStatus = "DELIVERED"
	Failed    DeliveryStatus = "FAILED"
	Skipped   DeliveryStatus = "SKIPPED"
)

// Delivery is a notification on its way to an endpoint.
type Delivery struct {
	ID, EndpointID uuid.UUID
	Kind           Kind
	Status         DeliveryStatus
	// NextAttemptAt is nil when there is no other attempt, and of what goes with a digest.
	NextAttemptAt *time.Time
	// DigestID is the delivery that told it with others; uuid.Nil for most.
	DigestID  uuid.UUID
	CreatedAt time.Time
	Payload   json.RawMessage
	seq       int64
}

// Attempt is one try to deliver.
type Attempt struct {
	At         time.Time
	StatusCode *int
	// Error is nil of the attempt that succeeded.
	Error      *string
	DurationMS float64
	// ResponseBody is the beginning of the answer.
	ResponseBody *string
}

const deliveryList = "deliveries"

// Cursor is the delivery's place in its endpoint's list.
func (d *Delivery) Cursor() string {
	return page.EncodeCursor(deliveryList, strconv.FormatInt(d.seq, 10))
}

const sqlDeliveries = `SELECT d.id, d.endpoint_id, d.kind, d.status, d.next_attempt_at, d.digest_id, d.created_at, n.payload::text, d.seq
FROM delivery d JOIN notification n ON n.tenant_id = d.tenant_id AND n.id = d.notification_id WHERE d.tenant_id = $1 `

func deliveries(ctx context.Context, tx *tenant.Tx, where string, args ...any) ([]*Delivery, error) {
	rows, err := tx.Pgx().Query(ctx, sqlDeliveries+where, append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Delivery, error) {
		d := &Delivery{}
		var id, endpoint, digest pgtype.UUID
		var payload string
		err := row.Scan(&id, &endpoint, &d.Kind, &d.Status, &d.NextAttemptAt, &digest, &d.CreatedAt, &payload, &d.seq)
		d.ID, d.EndpointID, d.DigestID, d.Payload = id.Bytes, endpoint.Bytes, digest.Bytes, json.RawMessage(payload)
		return d, err
	})
}

// Deliveries lists an endpoint's deliveries, the latest first. It needs the role DEVELOPER.
func (s *Store) Deliveries(ctx context.Context, endpointID uuid.UUID, req page.Request) (out page.Page[*Delivery], err error) {
	if _, err := developer(ctx); err != nil {
		return out, err
	}
	before := int64(math.MaxInt64)
	if req.After != "" {
		keys, err := page.DecodeCursor(deliveryList, req.After, 1)
		if err != nil {
			return out, err
		}
		if before, err = strconv.ParseInt(keys[0], 10, 64); err != nil {
			return out, errs.Invalid("after", "this is no cursor of this list")
		}
	}
	err = s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		out.Items, err = deliveries(ctx, tx, "AND d.endpoint_id = $2 AND d.seq < $3 ORDER BY d.seq DESC LIMIT $4", endpointID, before, req.Size+1)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("list deliveries: %w", err)
	}
	return cut(out, req), nil
}

// DeliveriesByIDs reads deliveries; one that does not exist is not in the map. It needs the role DEVELOPER.
func (s *Store) DeliveriesByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Delivery, error) {
	if _, err := developer(ctx); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*Delivery{}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		list, err := deliveries(ctx, tx, "AND d.id = ANY($2::uuid[])", tenant.UUIDs(ids))
		for _, d := range list {
			out[d.ID] = d
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return out, nil
}

// AttemptsOf reads the attempts of deliveries, the first one first. It needs the role DEVELOPER.
func (s *Store) AttemptsOf(ctx context.Context, deliveryIDs []uuid.UUID) (map[uuid.UUID][]*Attempt, error) {
	if _, err := developer(ctx); err != nil {
		return nil, err
	}
	out := map[uuid.UUID][]*Attempt{}
	err := s.door.Look(ctx, func(ctx context.Context, tx *tenant.Tx) error {
		rows, err := tx.Pgx().Query(ctx, `SELECT delivery_id, at, status_code, error, duration_ms, response_body FROM delivery_attempt
			WHERE tenant_id = $1 AND delivery_id = ANY($2::uuid[]) ORDER BY delivery_id, id`, tx.TenantID(), tenant.UUIDs(deliveryIDs))
		if err != nil {
			return err
		}
		var id pgtype.UUID
		var a Attempt
		_, err = pgx.ForEachRow(rows, []any{&id, &a.At, &a.StatusCode, &a.Error, &a.DurationMS, &a.ResponseBody}, func() error {
			one := a
			out[id.Bytes] = append(out[id.Bytes], &one)
			a = Attempt{}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return out, nil
}

// delivery reads one delivery, or says NotFound.
func delivery(ctx context.Context, tx *tenant.Tx, id uuid.UUID) (*Delivery, error) {
	list, err := deliveries(ctx, tx, "AND d.id = $2", id)
	if err == nil && len(list) == 0 {
		err = errs.New(errs.NotFound, "no such delivery")
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}
