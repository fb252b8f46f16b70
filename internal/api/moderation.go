package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

type banInput struct {
	OfMember
	Body *struct {
		Reason string `json:"reason,omitempty" doc:"For moderators; at most 300 characters."`
	} `required:"false"`
}

type banOutput struct {
	Body struct {
		Ban chat.Ban `json:"ban"`
	}
}

type bansOutput struct {
	Body struct {
		Bans       []chat.Ban `json:"bans"`
		NextCursor string     `json:"nextCursor,omitempty"`
	}
}

type muteInput struct {
	OfMember
	Body struct {
		Seconds int64 `json:"seconds" minimum:"1" maximum:"2419200" doc:"At most 28 days."`
	}
}

func (a *API) mountModeration() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "listBans", Method: http.MethodGet, Path: "/rooms/{id}/bans", Tags: tags, Security: signedIn,
		Summary: "List the banned users of a room by username; for moderators",
	}, func(ctx context.Context, in *membersInput) (*bansOutput, error) {
		bans, next, err := a.Service.Bans(ctx, auth.CallerIn(ctx), in.ID, in.Limit, in.Cursor)
		out := &bansOutput{}
		out.Body.Bans, out.Body.NextCursor = append([]chat.Ban{}, bans...), next
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "banUser", Method: http.MethodPut, Path: "/rooms/{id}/bans/{userId}", Tags: tags, Security: signedIn,
		Summary:     "Ban a user from a room",
		Description: "Ends a membership, and refuses every way to join. To ban again changes the reason.",
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
		OperationID: "unbanUser", Method: http.MethodDelete, Path: "/rooms/{id}/bans/{userId}", Tags: tags, Security: signedIn,
		Summary: "Unban a user", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfMember) (*struct{}, error) {
		return nil, a.Service.Unban(ctx, auth.CallerIn(ctx), in.ID, in.UserID)
	})
	handle(a, huma.Operation{
		OperationID: "muteMember", Method: http.MethodPut, Path: "/rooms/{id}/members/{userId}/mute", Tags: tags, Security: signedIn,
		Summary:     "Mute a member for a limited time",
		Description: "It reads, and sends, edits, reacts and types no more. Leaving and joining again does not end it.",
	}, func(ctx context.Context, in *muteInput) (*membershipOutput, error) {
		return newMembershipOutput(a.Service.Mute(ctx, auth.CallerIn(ctx), in.ID, in.UserID, time.Duration(in.Body.Seconds)*time.Second))
	})
	handle(a, huma.Operation{
		OperationID: "unmuteMember", Method: http.MethodDelete, Path: "/rooms/{id}/members/{userId}/mute", Tags: tags, Security: signedIn,
		Summary: "Unmute a member; without a mute nothing changes",
	}, func(ctx context.Context, in *OfMember) (*membershipOutput, error) {
		return newMembershipOutput(a.Service.Unmute(ctx, auth.CallerIn(ctx), in.ID, in.UserID))
	})
}
