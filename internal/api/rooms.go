package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// RoomPath is the path of operations on one room.
type RoomPath struct {
	ID chat.RoomID `path:"id" minimum:"1"`
}

// PageQuery is the query of a paginated list.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Cursor string `query:"cursor" maxLength:"400"`
}

type listRoomsInput struct {
	Query string        `query:"q" maxLength:"60" doc:"Part of a name."`
	Sort  chat.RoomSort `query:"sort" enum:"name,members,active" default:"name"`
	PageQuery
}

// RoomList is a page of rooms.
type RoomList struct {
	Rooms      []chat.Room `json:"rooms"`
	NextCursor string      `json:"nextCursor,omitempty"`
}

type roomListOutput struct {
	Body RoomList
}

// CreateRoomRequest is the body of createRoom.
type CreateRoomRequest struct {
	Name        string `json:"name" doc:"1 to 30 characters."`
	Description string `json:"description,omitempty"`
	Private     bool   `json:"private,omitempty"`
	Password    string `json:"password,omitempty"`
}

type createRoomInput struct {
	Body CreateRoomRequest
}

// RoomResponse contains a room.
type RoomResponse struct {
	Room chat.Room `json:"room"`
}

type roomOutput struct {
	Body RoomResponse
}

func newRoomOutput(room chat.Room, err error) (*roomOutput, error) {
	out := &roomOutput{}
	out.Body.Room = room
	return out, err
}

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

func (a *API) mountRooms() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "listRooms", Method: http.MethodGet, Path: "/rooms", Tags: tags, Security: authRequired,
		Summary: "List public rooms and the caller's rooms",
	}, func(ctx context.Context, in *listRoomsInput) (*roomListOutput, error) {
		rooms, next, err := a.Service.ListRooms(ctx, auth.CallerIn(ctx),
			chat.RoomQuery{Text: in.Query, Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor})
		out := &roomListOutput{}
		out.Body.Rooms, out.Body.NextCursor = append([]chat.Room{}, rooms...), next
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "createRoom", Method: http.MethodPost, Path: "/rooms", Tags: tags, Security: authRequired,
		Summary: "Create a room that the caller owns", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createRoomInput) (*roomOutput, error) {
		return newRoomOutput(a.Service.CreateRoom(ctx, auth.CallerIn(ctx), chat.RoomDraft{
			Name: in.Body.Name, Description: in.Body.Description, Private: in.Body.Private, Password: in.Body.Password,
		}))
	})
	handle(a, huma.Operation{
		OperationID: "joinRoomByName", Method: http.MethodPost, Path: "/rooms/join", Tags: tags, Security: authRequired,
		Summary:     "Join a room by its name",
		Description: "For private rooms with a password, which answer 404 to non-members. Without the right password this operation does the same.",
	}, func(ctx context.Context, in *joinRoomByNameInput) (*joinRoomOutput, error) {
		return newJoinRoomOutput(a.Service.JoinRoomByName(ctx, auth.CallerIn(ctx), in.Body.Name, in.Body.Password))
	})
	handle(a, huma.Operation{
		OperationID: "getRoomByName", Method: http.MethodGet, Path: "/rooms/by-name/{name}", Tags: tags, Security: authRequired,
		Summary: "Get a room by its name, ignoring case",
	}, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"200"`
	}) (*roomOutput, error) {
		return newRoomOutput(a.Service.RoomByName(ctx, auth.CallerIn(ctx), in.Name))
	})
	handle(a, huma.Operation{
		OperationID: "getRoom", Method: http.MethodGet, Path: "/rooms/{id}", Tags: tags, Security: authRequired, Summary: "Get a room",
	}, func(ctx context.Context, in *RoomPath) (*roomOutput, error) {
		return newRoomOutput(a.Service.Room(ctx, auth.CallerIn(ctx), in.ID))
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
		Summary: "List the members of a room by username",
	}, func(ctx context.Context, in *listMembersInput) (*memberListOutput, error) {
		members, next, err := a.Service.Members(ctx, auth.CallerIn(ctx), in.ID, in.Limit, in.Cursor)
		out := &memberListOutput{}
		out.Body.Members, out.Body.NextCursor = append([]chat.MemberView{}, members...), next
		return out, err
	})
}
