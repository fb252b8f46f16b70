package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

type changeRoomInput struct {
	OfRoom
	Body struct {
		Name        *string `json:"name,omitempty"`
		Description *string `json:"description,omitempty"`
		Private     *bool   `json:"private,omitempty"`
		Password    *string `json:"password,omitempty" doc:"Empty takes it away."`
	}
}

// OfMember is the path of everything about one member.
type OfMember struct {
	OfRoom
	UserID chat.UserID `path:"userId" minimum:"1"`
}

type roleInput struct {
	OfMember
	Body struct {
		Role chat.RoomRole `json:"role" enum:"owner,admin,moderator,member" doc:"owner hands the room over."`
	}
}

type membershipOutput struct {
	Body struct {
		Membership chat.Membership `json:"membership"`
	}
}

func newMembershipOutput(m chat.Membership, err error) (*membershipOutput, error) {
	out := &membershipOutput{}
	out.Body.Membership = m
	return out, err
}

func (a *API) mountManagement() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "updateRoom", Method: http.MethodPatch, Path: "/rooms/{id}", Tags: tags, Security: signedIn,
		Summary: "Change the name, description, privacy or password of a room",
	}, func(ctx context.Context, in *changeRoomInput) (*roomOutput, error) {
		return newRoomOutput(a.Service.ChangeRoom(ctx, auth.CallerIn(ctx), in.ID, chat.RoomPatch{
			Name: in.Body.Name, Description: in.Body.Description, Private: in.Body.Private, Password: in.Body.Password,
		}))
	})
	handle(a, huma.Operation{
		OperationID: "deleteRoom", Method: http.MethodDelete, Path: "/rooms/{id}", Tags: tags, Security: signedIn,
		Summary: "Delete a room and its content", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfRoom) (*struct{}, error) {
		return nil, a.Service.DeleteRoom(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "setMemberRole", Method: http.MethodPatch, Path: "/rooms/{id}/members/{userId}", Tags: tags, Security: signedIn,
		Summary: "Set the role of a member",
	}, func(ctx context.Context, in *roleInput) (*membershipOutput, error) {
		return newMembershipOutput(a.Service.SetRole(ctx, auth.CallerIn(ctx), in.ID, in.UserID, in.Body.Role))
	})
	handle(a, huma.Operation{
		OperationID: "removeMember", Method: http.MethodDelete, Path: "/rooms/{id}/members/{userId}", Tags: tags, Security: signedIn,
		Summary: "Remove a member from a room", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfMember) (*struct{}, error) {
		return nil, a.Service.Kick(ctx, auth.CallerIn(ctx), in.ID, in.UserID)
	})
}
