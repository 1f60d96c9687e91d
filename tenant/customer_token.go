package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant/token"
)

// How long a customer token is good for. It cannot be revoked alone, so it is not long.
const (
	minCustomerTTL = time.Minute
	maxCustomerTTL = 24 * time.Hour
)

// TokenSigner signs tokens that the service accepts itself: token.Issuer does.
type TokenSigner interface {
	Sign(claims token.Claims, ttl time.Duration) (string, token.Claims, error)
}

// SignWith names who signs customers' tokens.
func (s *Store) SignWith(signer TokenSigner) { s.signer = signer }

// CustomerToken is a token that reads one customer's data and nothing else.
type CustomerToken struct {
	// Raw is the token itself, which is kept nowhere.
	Raw       string
	ExpiresAt time.Time
}

// CreateCustomerToken signs a token that reads the customer's data for ttl, which is from a minute to a day, else
// BadInput. It says NotFound when there is no such customer, and ends with the customer. It needs the role ADMIN.
func (s *Store) CreateCustomerToken(ctx context.Context, customerID uuid.UUID, ttl time.Duration) (*CustomerToken, error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, err
	}
	if s.signer == nil {
		return nil, errors.New("create a customer token: nobody was named to sign it")
	}
	if ttl < minCustomerTTL || ttl > maxCustomerTTL {
		return nil, errs.Invalid("ttlSeconds", "must be from %d to %d", int(minCustomerTTL.Seconds()), int(maxCustomerTTL.Seconds()))
	}
	id := nodeid.Format(nodeid.Customer, customerID)
	out := &CustomerToken{}
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		var found bool
		if err := tx.Pgx().QueryRow(ctx, "SELECT EXISTS (SELECT FROM customer WHERE tenant_id = $1 AND id = $2)", tx.TenantID(), customerID).Scan(&found); err != nil {
			return err
		}
		if !found {
			return errs.New(errs.NotFound, "no such customer")
		}
		raw, claims, err := s.signer.Sign(token.Claims{Subject: id, Tenant: p.TenantID.String(), Customer: id}, ttl)
		out.Raw, out.ExpiresAt = raw, claims.ExpiresAt
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create a token of customer %s: %w", customerID, err)
	}
	return out, nil
}
