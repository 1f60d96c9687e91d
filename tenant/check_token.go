package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant/token"
)

// checkToken verifies a token and maps what it claims: the tenant by slug or id, then either the customer that it is
// limited to, or the member's role.
func (a *Authenticator) checkToken(ctx context.Context, raw string, now time.Time) (verdict, error) {
	claims, err := a.tokens.Verify(ctx, raw)
	if err != nil {
		return verdict{}, refusal(err)
	}
	if claims.Tenant == "" {
		return verdict{}, unauthenticated("the token names no tenant")
	}
	t, err := findTenant(ctx, a.door, claims.Tenant)
	if errs.Is(err, errs.NotFound) {
		return verdict{}, unauthenticated("the token's tenant does not exist")
	}
	if err != nil {
		return verdict{}, err
	}
	p := &Principal{TenantID: t.ID, Subject: claims.Subject, Email: claims.Email, ExpiresAt: claims.ExpiresAt}
	if claims.Customer != "" {
		err = a.limit(ctx, p, claims.Customer)
	} else {
		err = admit(p, claims.Role)
	}
	if errs.Is(err, errs.Unauthenticated) {
		v, _ := refusedOf(t.ID, p.Name(), errs.All(err)[0].Message)
		return v, err
	}
	if err != nil {
		return verdict{}, err
	}
	// The verifier may allow for some difference of clocks, so a token can be accepted though it has expired by ours:
	// such a one is asked for every time.
	return verdict{principal: p, until: earlier(now.Add(acceptedFor), claims.ExpiresAt)}, nil
}

// refusal is the error for a token that is not accepted; what else went wrong stays what it is.
func refusal(err error) error {
	refused, ok := errors.AsType[*token.Error](err)
	if !ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("verify a token: %w", err)
	}
	return errs.Wrap(err, errs.Unauthenticated, "the token is not accepted: %s", refused.Reason)
}

func admit(p *Principal, role string) (err error) {
	p.Kind = KindMember
	if role == "" {
		return unauthenticated("the token has no role")
	}
	if p.Role, err = ParseRole(role); err != nil {
		return errs.Wrap(err, errs.Unauthenticated, "the token's role is none of owner, admin, developer, support, viewer")
	}
	return nil
}

// limit makes the principal one that sees one customer's data only. The customer is named by its id or its external id;
// whatever role the token claims does not count.
func (a *Authenticator) limit(ctx context.Context, p *Principal, customer string) error {
	p.Kind = KindCustomer
	byID, err := nodeid.ParseAs(nodeid.Customer, customer)
	if err != nil {
		byID = uuid.Nil
	}
	var found []uuid.UUID
	err = a.door.Batch(WithPrincipal(ctx, System(p.TenantID)), func(tenantID uuid.UUID, b *pgx.Batch) {
		b.Queue(`SELECT id FROM customer WHERE tenant_id = $1 AND id = $2
			UNION SELECT id FROM customer WHERE tenant_id = $1 AND external_id = $3`, tenantID, byID, customer)
	}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	if err != nil {
		return fmt.Errorf("find the token's customer: %w", err)
	}
	// A customer whose external id has the form of another's id must not pass for it, nor the other way round.
	if len(found) != 1 {
		return unauthenticated("the token's customer does not exist")
	}
	p.CustomerID = found[0]
	return nil
}
