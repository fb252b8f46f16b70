package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

type createInviteInput struct {
	OfRoom
	Body *struct {
		ExpiresIn *int64 `json:"expiresIn,omitempty" minimum:"1" maximum:"31536000" doc:"Seconds; 7 days where it is missing."`
		Uses      *int   `json:"uses,omitempty" minimum:"1" maximum:"100000" doc:"How many may join by it; any number where it is missing."`
	} `required:"false"`
}

// CreatedInvite is an invite with what opens the room: told once.
type CreatedInvite struct {
	chat.Invite
	Token string `json:"token" doc:"Told here and never again."`
	URL   string `json:"url" doc:"The page to give to others, below this server's address."`
}

type createdInviteOutput struct {
	Body struct {
		Invite CreatedInvite `json:"invite"`
	}
}

type invitesOutput struct {
	Body struct {
		Invites []chat.Invite `json:"invites" doc:"Those in force, the newest first."`
	}
}

type ofInvite struct {
	OfRoom
	InviteID chat.InviteID `path:"inviteId" minimum:"1"`
}

type inviteToken struct {
	Token string `path:"token"`
}

// InvitedRoom is what a room shows to whoever has an invite.
type InvitedRoom struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	MemberCount int    `json:"memberCount"`
}

type invitedOutput struct {
	Body struct {
		Room InvitedRoom `json:"room"`
	}
}

func (a *API) mountInvites() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "createInvite", Method: http.MethodPost, Path: "/rooms/{id}/invites", Tags: tags, Security: signedIn,
		Summary: "Create an invite link", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createInviteInput) (*createdInviteOutput, error) {
		var life time.Duration
		var uses *int
		if in.Body != nil {
			uses = in.Body.Uses
			if in.Body.ExpiresIn != nil {
				life = time.Duration(*in.Body.ExpiresIn) * time.Second
			}
		}
		invite, token, err := a.Service.CreateInvite(ctx, auth.CallerIn(ctx), in.ID, life, uses)
		out := &createdInviteOutput{}
		out.Body.Invite = CreatedInvite{invite, token, "/invite/" + token}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listInvites", Method: http.MethodGet, Path: "/rooms/{id}/invites", Tags: tags, Security: signedIn,
		Summary: "List the invites of a room, without tokens; for moderators",
	}, func(ctx context.Context, in *OfRoom) (*invitesOutput, error) {
		invites, err := a.Service.ListInvites(ctx, auth.CallerIn(ctx), in.ID)
		out := &invitesOutput{}
		out.Body.Invites = append([]chat.Invite{}, invites...)
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "revokeInvite", Method: http.MethodDelete, Path: "/rooms/{id}/invites/{inviteId}", Tags: tags, Security: signedIn,
		Summary: "Revoke an invite", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *ofInvite) (*struct{}, error) {
		return nil, a.Service.RevokeInvite(ctx, auth.CallerIn(ctx), in.ID, in.InviteID)
	})
	handle(a, huma.Operation{
		OperationID: "getInvite", Method: http.MethodGet, Path: "/invites/{token}", Tags: tags, Security: signedIn,
		Summary: "Get the room of an invite",
	}, func(ctx context.Context, in *inviteToken) (*invitedOutput, error) {
		room, err := a.Service.RoomByInvite(ctx, auth.CallerIn(ctx), in.Token)
		out := &invitedOutput{}
		out.Body.Room = InvitedRoom{room.Name, room.Description, room.MemberCount}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "joinByInvite", Method: http.MethodPost, Path: "/invites/{token}/join", Tags: tags, Security: signedIn,
		Summary:     "Join a room by an invite; a member uses up nothing",
		Description: "Expired, used up, revoked and unknown tokens are the same 404.",
	}, func(ctx context.Context, in *inviteToken) (*joinedOutput, error) {
		return newJoinedOutput(a.Service.JoinByInvite(ctx, auth.CallerIn(ctx), in.Token))
	})
}
