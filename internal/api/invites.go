package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// CreateInviteRequest is the body of createInvite.
type CreateInviteRequest struct {
	ExpiresIn *int64 `json:"expiresIn,omitempty" minimum:"1" maximum:"31536000" doc:"Seconds; 7 days by default."`
	Uses      *int   `json:"uses,omitempty" minimum:"1" maximum:"100000" doc:"How many users can join with it; unlimited by default."`
}

type createInviteInput struct {
	RoomPath
	Body *CreateInviteRequest `required:"false"`
}

// CreatedInvite is an invite with its token, which is returned only once.
type CreatedInvite struct {
	chat.Invite
	Token string `json:"token" doc:"Returned only once."`
	URL   string `json:"url" doc:"The link to share."`
}

// CreateInviteResponse contains a new invite.
type CreateInviteResponse struct {
	Invite CreatedInvite `json:"invite"`
}

type createInviteOutput struct {
	Body CreateInviteResponse
}

// InviteList contains the invites of a room.
type InviteList struct {
	Invites []chat.Invite `json:"invites" doc:"The valid invites, newest first."`
}

type inviteListOutput struct {
	Body InviteList
}

type invitePath struct {
	RoomPath
	InviteID chat.InviteID `path:"inviteId" minimum:"1"`
}

type inviteToken struct {
	Token string `path:"token"`
}

// InvitedRoom is the part of a room that is shown to holders of an invite.
type InvitedRoom struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	MemberCount int    `json:"memberCount"`
}

// InvitedRoomResponse contains the room of an invite.
type InvitedRoomResponse struct {
	Room InvitedRoom `json:"room"`
}

type invitedRoomOutput struct {
	Body InvitedRoomResponse
}

func (a *API) mountInvites() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "createInvite", Method: http.MethodPost, Path: "/rooms/{id}/invites", Tags: tags, Security: authRequired,
		Summary: "Create an invite link", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createInviteInput) (*createInviteOutput, error) {
		var life time.Duration
		var uses *int
		if in.Body != nil {
			uses = in.Body.Uses
			if in.Body.ExpiresIn != nil {
				life = time.Duration(*in.Body.ExpiresIn) * time.Second
			}
		}
		invite, token, err := a.Service.CreateInvite(ctx, auth.CallerIn(ctx), in.ID, life, uses)
		out := &createInviteOutput{}
		out.Body.Invite = CreatedInvite{invite, token, "/invite/" + token}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listInvites", Method: http.MethodGet, Path: "/rooms/{id}/invites", Tags: tags, Security: authRequired,
		Summary: "List the invites of a room, without tokens; for moderators",
	}, func(ctx context.Context, in *RoomPath) (*inviteListOutput, error) {
		invites, err := a.Service.ListInvites(ctx, auth.CallerIn(ctx), in.ID)
		out := &inviteListOutput{}
		out.Body.Invites = append([]chat.Invite{}, invites...)
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "revokeInvite", Method: http.MethodDelete, Path: "/rooms/{id}/invites/{inviteId}", Tags: tags, Security: authRequired,
		Summary: "Revoke an invite", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *invitePath) (*struct{}, error) {
		return nil, a.Service.RevokeInvite(ctx, auth.CallerIn(ctx), in.ID, in.InviteID)
	})
	handle(a, huma.Operation{
		OperationID: "getInvite", Method: http.MethodGet, Path: "/invites/{token}", Tags: tags, Security: authRequired,
		Summary: "Get the room of an invite",
	}, func(ctx context.Context, in *inviteToken) (*invitedRoomOutput, error) {
		room, err := a.Service.RoomByInvite(ctx, auth.CallerIn(ctx), in.Token)
		out := &invitedRoomOutput{}
		out.Body.Room = InvitedRoom{room.Name, room.Description, room.MemberCount}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "joinByInvite", Method: http.MethodPost, Path: "/invites/{token}/join", Tags: tags, Security: authRequired,
		Summary:     "Join a room by an invite; members do not use it up",
		Description: "Expired, used up, revoked and unknown tokens receive the same 404.",
	}, func(ctx context.Context, in *inviteToken) (*joinRoomOutput, error) {
		return newJoinRoomOutput(a.Service.JoinByInvite(ctx, auth.CallerIn(ctx), in.Token))
	})
}
