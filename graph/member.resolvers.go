package graph

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/graph/internal/model"
)

// InviteMember is the resolver for the inviteMember field.
func (r *mutationResolver) InviteMember(ctx context.Context, input model.InviteMemberInput) (*model.MemberPayload, error) {
	panic(fmt.Errorf("not implemented: InviteMember - inviteMember"))
}

// UpdateMemberRole is the resolver for the updateMemberRole field.
func (r *mutationResolver) UpdateMemberRole(ctx context.Context, input model.UpdateMemberRoleInput) (*model.MemberPayload, error) {
	panic(fmt.Errorf("not implemented: UpdateMemberRole - updateMemberRole"))
}

// RemoveMember is the resolver for the removeMember field.
func (r *mutationResolver) RemoveMember(ctx context.Context, input model.RemoveMemberInput) (*model.DeletePayload, error) {
	panic(fmt.Errorf("not implemented: RemoveMember - removeMember"))
}

// Members is the resolver for the members field.
func (r *queryResolver) Members(ctx context.Context, first *int, after *string) (*model.Connection[*model.Member], error) {
	panic(fmt.Errorf("not implemented: Members - members"))
}
