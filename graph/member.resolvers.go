package graph

import (
	"context"

	"github.com/weirhq/weir/graph/internal/model"
	"github.com/weirhq/weir/internal/nodeid"
	"github.com/weirhq/weir/tenant"
)

func (r *mutationResolver) InviteMember(ctx context.Context, input tenant.InviteMemberInput) (*model.MemberPayload, error) {
	invited, err := r.deps.Tenants.InviteMember(ctx, input)
	if err != nil {
		userErrors, err := mend(err)
		return &model.MemberPayload{UserErrors: userErrors}, err
	}
	return &model.MemberPayload{Member: model.NewMember(invited)}, nil
}

func (r *mutationResolver) UpdateMemberRole(ctx context.Context, input model.UpdateMemberRoleInput) (*model.MemberPayload, error) {
	id, err := nodeid.ParseAs(nodeid.Member, input.ID)
	if err != nil {
		return nil, err
	}
	updated, err := r.deps.Tenants.UpdateMemberRole(ctx, id, input.Role)
	if err != nil {
		userErrors, err := mend(err)
		return &model.MemberPayload{UserErrors: userErrors}, err
	}
	return &model.MemberPayload{Member: model.NewMember(updated)}, nil
}

func (r *mutationResolver) RemoveMember(ctx context.Context, input model.RemoveMemberInput) (*model.DeletePayload, error) {
	id, err := nodeid.ParseAs(nodeid.Member, input.ID)
	if err != nil {
		return nil, err
	}
	if err := r.deps.Tenants.RemoveMember(ctx, id); err != nil {
		userErrors, err := mend(err)
		return &model.DeletePayload{UserErrors: userErrors}, err
	}
	return &model.DeletePayload{DeletedID: &input.ID}, nil
}

func (r *queryResolver) Members(ctx context.Context, first *int, after *string) (*model.Connection[*model.Member], error) {
	req, err := pageOf(first, after)
	if err != nil {
		return nil, err
	}
	found, err := r.deps.Tenants.Members(ctx, req)
	return model.Members(found), err
}
