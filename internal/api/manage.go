package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// UpdateRoomRequest is the body of updateRoom.
type UpdateRoomRequest struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Private     *bool   `json:"private,omitempty"`
	Password    *string `json:"password,omitempty" doc:"An empty string removes it."`
}

type updateRoomInput struct {
	RoomPath
	Body UpdateRoomRequest
}

// MemberPath is the path of operations on one member.
type MemberPath struct {
	RoomPath
	UserID chat.UserID `path:"userId" minimum:"1"`
}

// SetMemberRoleRequest is the body of setMemberRole.
type SetMemberRoleRequest struct {
	Role chat.RoomRole `json:"role" enum:"owner,admin,moderator,member" doc:"owner transfers ownership."`
}

type setMemberRoleInput struct {
	MemberPath
	Body SetMemberRoleRequest
}

// MembershipResponse contains a membership.
type MembershipResponse struct {
	Membership chat.Membership `json:"membership"`
}

type membershipOutput struct {
	Body MembershipResponse
}

func newMembershipOutput(m chat.Membership, err error) (*membershipOutput, error) {
	out := &membershipOutput{}
	out.Body.Membership = m
	return out, err
}

func (a *API) mountManagement() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "updateRoom", Method: http.MethodPatch, Path: "/rooms/{id}", Tags: tags, Security: authRequired,
		Summary: "Change the name, description, privacy or password of a room",
	}, func(ctx context.Context, in *updateRoomInput) (*roomOutput, error) {
		return newRoomOutput(a.Service.ChangeRoom(ctx, auth.CallerIn(ctx), in.ID, chat.RoomPatch{
			Name: in.Body.Name, Description: in.Body.Description, Private: in.Body.Private, Password: in.Body.Password,
		}))
	})
	handle(a, huma.Operation{
		OperationID: "deleteRoom", Method: http.MethodDelete, Path: "/rooms/{id}", Tags: tags, Security: authRequired,
		Summary: "Delete a room and its content", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *RoomPath) (*struct{}, error) {
		return nil, a.Service.DeleteRoom(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "setMemberRole", Method: http.MethodPatch, Path: "/rooms/{id}/members/{userId}", Tags: tags, Security: authRequired,
		Summary: "Set the role of a member",
	}, func(ctx context.Context, in *setMemberRoleInput) (*membershipOutput, error) {
		return newMembershipOutput(a.Service.SetRole(ctx, auth.CallerIn(ctx), in.ID, in.UserID, in.Body.Role))
	})
	handle(a, huma.Operation{
		OperationID: "removeMember", Method: http.MethodDelete, Path: "/rooms/{id}/members/{userId}", Tags: tags, Security: authRequired,
		Summary: "Remove a member from a room", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *MemberPath) (*struct{}, error) {
		return nil, a.Service.Kick(ctx, auth.CallerIn(ctx), in.ID, in.UserID)
	})
}
