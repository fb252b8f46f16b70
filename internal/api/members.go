package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// JoinRoomRequest is the body of joinRoom.
type JoinRoomRequest struct {
	Password string `json:"password,omitempty"`
}

type joinRoomInput struct {
	RoomPath
	Body *JoinRoomRequest `required:"false"`
}

// JoinRoomByNameRequest is the body of joinRoomByName.
type JoinRoomByNameRequest struct {
	Name     string `json:"name"`
	Password string `json:"password,omitempty"`
}

type joinRoomByNameInput struct {
	Body JoinRoomByNameRequest
}

// JoinRoomResponse contains a room and the caller's membership.
type JoinRoomResponse struct {
	Room       chat.Room       `json:"room"`
	Membership chat.Membership `json:"membership"`
}

type joinRoomOutput struct {
	Body JoinRoomResponse
}

func newJoinRoomOutput(room chat.Room, membership chat.Membership, err error) (*joinRoomOutput, error) {
	out := &joinRoomOutput{}
	out.Body.Room, out.Body.Membership = room, membership
	return out, err
}

// MarkReadRequest is the body of markRead.
type MarkReadRequest struct {
	Seq chat.Seq `json:"seq" minimum:"0"`
}

type markReadInput struct {
	RoomPath
	Body MarkReadRequest
}

type markReadOutput struct{ Body chat.ReadState }

type listMembersInput struct {
	RoomPath
	Query string `query:"q" maxLength:"240" doc:"Parts of the username and the display name; at most 60 characters."`
	PageQuery
}

// MemberList is a page of the members of a room.
type MemberList struct {
	Members    []chat.MemberView `json:"members"`
	NextCursor string            `json:"nextCursor,omitempty"`
}

type memberListOutput struct {
	Body MemberList
}

// MemberPath is the path of operations on one member.
type MemberPath struct {
	RoomPath
	UserID chat.UserID `path:"userId" minimum:"1"`
}

// MemberResponse contains a member.
type MemberResponse struct {
	Member chat.MemberView `json:"member"`
}

type memberOutput struct{ Body MemberResponse }

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

func (a *API) mountMembers() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "joinRoomByName", Method: http.MethodPost, Path: "/rooms/join", Tags: tags, Security: authRequired,
		Summary:     "Join a room by its name",
		Description: "For private rooms with a password, which answer 404 to non-members. Without the right password this operation does the same.",
	}, func(ctx context.Context, in *joinRoomByNameInput) (*joinRoomOutput, error) {
		return newJoinRoomOutput(a.Service.JoinRoomByName(ctx, auth.CallerIn(ctx), in.Body.Name, in.Body.Password))
	})
	handle(a, huma.Operation{
		OperationID: "joinRoom", Method: http.MethodPost, Path: "/rooms/{id}/join", Tags: tags, Security: authRequired,
		Summary: "Join a room; for members this has no effect",
	}, func(ctx context.Context, in *joinRoomInput) (*joinRoomOutput, error) {
		password := ""
		if in.Body != nil {
			password = in.Body.Password
		}
		return newJoinRoomOutput(a.Service.JoinRoom(ctx, auth.CallerIn(ctx), in.ID, password))
	})
	handle(a, huma.Operation{
		OperationID: "leaveRoom", Method: http.MethodPost, Path: "/rooms/{id}/leave", Tags: tags, Security: authRequired,
		Summary: "Leave a room", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *RoomPath) (*struct{}, error) {
		return nil, a.Service.LeaveRoom(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "markRead", Method: http.MethodPut, Path: "/rooms/{id}/read", Tags: tags, Security: authRequired,
		Summary: "Set how far the caller has read; it only moves forward", Metadata: map[string]any{readKey: true},
	}, func(ctx context.Context, in *markReadInput) (*markReadOutput, error) {
		state, err := a.Service.MarkRead(ctx, auth.CallerIn(ctx), in.ID, in.Body.Seq, "")
		return &markReadOutput{state}, err
	})
	handle(a, huma.Operation{
		OperationID: "listMembers", Method: http.MethodGet, Path: "/rooms/{id}/members", Tags: tags, Security: authRequired,
		Summary: "List or search the members of a room, online ones first",
	}, func(ctx context.Context, in *listMembersInput) (*memberListOutput, error) {
		members, next, err := a.Service.Members(ctx, auth.CallerIn(ctx), in.ID, in.Query, in.Limit, in.Cursor)
		out := &memberListOutput{}
		out.Body.Members, out.Body.NextCursor = append([]chat.MemberView{}, members...), next
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "getMember", Method: http.MethodGet, Path: "/rooms/{id}/members/{userId}", Tags: tags, Security: authRequired,
		Summary: "Get a member of a room",
	}, func(ctx context.Context, in *MemberPath) (*memberOutput, error) {
		member, err := a.Service.Member(ctx, auth.CallerIn(ctx), in.ID, in.UserID)
		return &memberOutput{MemberResponse{member}}, err
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
