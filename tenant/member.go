package tenant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/weirhq/weir/internal/errs"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/internal/page"
)

// Member is a person who works for the tenant.
type Member struct {
	bun.BaseModel `bun:"table:member,alias:m"`

	TenantID uuid.UUID `bun:",pk,type:uuid"`
	ID       uuid.UUID `bun:",pk,type:uuid"`
	// Email is in lower case.
	Email     string
	Name      *string
	Role      Role `bun:"type:text"`
	CreatedAt time.Time
}

var memberList = Listing[Member]{
	Name: "members", Column: "email", Parse: ByText,
	Key: func(m *Member) (string, uuid.UUID) { return m.Email, m.ID },
}

// Cursor is the member's place in the list of members.
func (m *Member) Cursor() string { return memberList.Cursor(m) }

// InviteMemberInput is what a new member is made of.
type InviteMemberInput struct {
	// Email has at most 320 characters.
	Email string
	// Name has at most 200 characters, or is nil.
	Name *string
	Role Role
}

// Validate reports every bad field, as BadInput.
func (in *InviteMemberInput) Validate() error {
	var f errs.Fields
	_, err := normalEmail(in.Email)
	f.Check(err == nil, "email", "must be an e-mail address")
	if in.Name != nil && *in.Name != "" {
		checkName(&f, "name", *in.Name)
	}
	f.Check(in.Role >= RoleViewer && in.Role <= RoleOwner, "role", "must be a role")
	return f.Err()
}

// normalEmail is the address in the one form in which members have it.
func normalEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > 320 || strings.IndexByte(email, 0) >= 0 {
		return "", errors.New("no e-mail address")
	}
	return email, nil
}

// Members lists the tenant's members by e-mail address, with the count of all. It needs the role ADMIN.
func (s *Store) Members(ctx context.Context, req page.Request) (page.Page[*Member], error) {
	if _, err := admin(ctx); err != nil {
		return page.Page[*Member]{}, err
	}
	return memberList.Load(ctx, s.door, req, func(*bun.SelectQuery) {})
}

// MembersByIDs reads members; one that does not exist is not in the map. It needs the role SUPPORT, which says who looks
// after what.
func (s *Store) MembersByIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*Member, error) {
	p, err := FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Require(RoleSupport); err != nil {
		return nil, err
	}
	out := map[uuid.UUID]*Member{}
	rows, err := readByIDs[Member](ctx, s.door, "SELECT * FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", ids)
	for _, m := range rows {
		out[m.ID] = m
	}
	return out, err
}

// InviteMember makes a member. It is BadInput, one error a field, or Conflict when the address is a member's. It needs
// the role ADMIN, and OWNER to make an OWNER.
func (s *Store) InviteMember(ctx context.Context, in InviteMemberInput) (*Member, error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if in.Role == RoleOwner && !p.Can(RoleOwner) {
		return nil, errOwnersOnly()
	}
	email, err := normalEmail(in.Email)
	if err != nil {
		return nil, errs.Invalid("email", "must be an e-mail address")
	}
	now := s.moment()
	m := &Member{TenantID: p.TenantID, ID: nodeid.New(now), Email: email, Role: in.Role, CreatedAt: now}
	if in.Name != nil && *in.Name != "" {
		m.Name = in.Name
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Bun().NewInsert().Model(m).Exec(ctx)
		return err
	})
	if errs.SQLState(err) == uniqueViolation {
		return nil, conflict("email", "%s is a member already", email)
	}
	if err != nil {
		return nil, fmt.Errorf("invite a member: %w", err)
	}
	return m, nil
}

// UpdateMemberRole gives a member another role, or says NotFound. The last OWNER keeps the role: Conflict. It needs the
// role ADMIN, and OWNER to make or change an OWNER.
func (s *Store) UpdateMemberRole(ctx context.Context, id uuid.UUID, role Role) (*Member, error) {
	p, err := admin(ctx)
	if err != nil {
		return nil, err
	}
	if role < RoleViewer || role > RoleOwner {
		return nil, errs.Invalid("role", "must be a role")
	}
	var m *Member
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if m, err = lockMember(ctx, tx, p, id, role); err != nil {
			return err
		}
		m.Role = role
		_, err := tx.Bun().NewUpdate().Model(m).Column("role").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("change the role of member %s: %w", id, err)
	}
	return m, nil
}

// RemoveMember removes a member, or says NotFound. The last OWNER stays: Conflict. It needs the role ADMIN, and OWNER
// to remove an OWNER.
func (s *Store) RemoveMember(ctx context.Context, id uuid.UUID) error {
	p, err := admin(ctx)
	if err != nil {
		return err
	}
	err = s.door.Write(ctx, func(ctx context.Context, tx *Tx) error {
		m, err := lockMember(ctx, tx, p, id, RoleNone)
		if err != nil {
			return err
		}
		_, err = tx.Bun().NewDelete().Model(m).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove member %s: %w", id, err)
	}
	return nil
}

// lockMember reads a member that is about to get another role, RoleNone when it is removed, and all owners, under a
// lock: of two owners who remove each other at once, the second is told that it is the last.
func lockMember(ctx context.Context, tx *Tx, p *Principal, id uuid.UUID, next Role) (*Member, error) {
	var owners []*Member
	if err := tx.Bun().NewSelect().Model(&owners).Where("tenant_id = ? AND role = ?", tx.TenantID(), RoleOwner).
		Order("id").For("UPDATE").Scan(ctx); err != nil {
		return nil, err
	}
	m := &Member{}
	err := tx.Bun().NewSelect().Model(m).Where("tenant_id = ? AND id = ?", tx.TenantID(), id).For("UPDATE").Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, errs.New(errs.NotFound, "no such member")
	case err != nil:
		return nil, err
	case (m.Role == RoleOwner || next == RoleOwner) && !p.Can(RoleOwner):
		return nil, errOwnersOnly()
	case m.Role == RoleOwner && next != RoleOwner && len(owners) == 1:
		return nil, errs.New(errs.Conflict, "a tenant keeps at least one owner")
	}
	return m, nil
}

func errOwnersOnly() error {
	return errs.New(errs.Forbidden, "only an owner may make or change an owner")
}
