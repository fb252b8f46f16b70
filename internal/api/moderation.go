package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// BanRequest is the body of banUser.
type BanRequest struct {
	Reason string `json:"reason,omitempty" doc:"For moderators; at most 300 characters."`
}

type banInput struct {
	MemberPath
	Body *BanRequest `required:"false"`
}

// BanResponse contains a ban.
type BanResponse struct {
	Ban chat.Ban `json:"ban"`
}

type banOutput struct {
	Body BanResponse
}

// BanList is a page of the bans of a room.
type BanList struct {
	Bans       []chat.Ban `json:"bans"`
	NextCursor string     `json:"nextCursor,omitempty"`
}

type banListOutput struct {
	Body BanList
}

// MuteRequest is the body of muteMember.
type MuteRequest struct {
	Seconds int64 `json:"seconds" minimum:"1" maximum:"2419200" doc:"At most 28 days."`
}

type muteInput struct {
	MemberPath
	Body MuteRequest
}

func (a *API) mountModeration() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "listBans", Method: http.MethodGet, Path: "/rooms/{id}/bans", Tags: tags, Security: authRequired,
		Summary: "List the banned users of a room by username; for moderators",
	}, func(ctx context.Context, in *listMembersInput) (*banListOutput, error) {
		bans, next, err := a.Service.Bans(ctx, auth.CallerIn(ctx), in.ID, in.Limit, in.Cursor)
		out := &banListOutput{}
		out.Body.Bans, out.Body.NextCursor = append([]chat.Ban{}, bans...), next
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "banUser", Method: http.MethodPut, Path: "/rooms/{id}/bans/{userId}", Tags: tags, Security: authRequired,
		Summary:     "Ban a user from a room",
		Description: "Ends the membership and prevents the user from joining. Banning again changes the reason.",
	}, func(ctx context.Context, in *banInput) (*banOutput, error) {
		reason := ""
		if in.Body != nil {
			reason = in.Body.Reason
		}
		ban, err := a.Service.Ban(ctx, auth.CallerIn(ctx), in.ID, in.UserID, reason)
		out := &banOutput{}
		out.Body.Ban = ban
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "unbanUser", Method: http.MethodDelete, Path: "/rooms/{id}/bans/{userId}", Tags: tags, Security: authRequired,
		Summary: "Unban a user", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *MemberPath) (*struct{}, error) {
		return nil, a.Service.Unban(ctx, auth.CallerIn(ctx), in.ID, in.UserID)
	})
	handle(a, huma.Operation{
		OperationID: "muteMember", Method: http.MethodPut, Path: "/rooms/{id}/members/{userId}/mute", Tags: tags, Security: authRequired,
		Summary:     "Mute a member for a limited time",
		Description: "A muted member can read, but cannot send, edit, react or show as typing. Leaving and rejoining does not end the mute.",
	}, func(ctx context.Context, in *muteInput) (*membershipOutput, error) {
		return newMembershipOutput(a.Service.Mute(ctx, auth.CallerIn(ctx), in.ID, in.UserID, time.Duration(in.Body.Seconds)*time.Second))
	})
	handle(a, huma.Operation{
		OperationID: "unmuteMember", Method: http.MethodDelete, Path: "/rooms/{id}/members/{userId}/mute", Tags: tags, Security: authRequired,
		Summary: "Unmute a member; without a mute this has no effect",
	}, func(ctx context.Context, in *MemberPath) (*membershipOutput, error) {
		return newMembershipOutput(a.Service.Unmute(ctx, auth.CallerIn(ctx), in.ID, in.UserID))
	})
}
