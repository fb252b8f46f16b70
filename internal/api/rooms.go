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
	Query  string        `query:"q" maxLength:"60" doc:"Part of a name."`
	Sort   chat.RoomSort `query:"sort" enum:"name,members,active" default:"name"`
	Direct bool          `query:"direct" default:"true" doc:"Whether to list the caller's direct rooms; a search for a name never does."`
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

func (a *API) mountRooms() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "listRooms", Method: http.MethodGet, Path: "/rooms", Tags: tags, Security: authRequired,
		Summary: "List public rooms and the caller's rooms",
	}, func(ctx context.Context, in *listRoomsInput) (*roomListOutput, error) {
		rooms, next, err := a.Service.ListRooms(ctx, auth.CallerIn(ctx),
			chat.RoomQuery{Text: in.Query, WithoutDirect: !in.Direct, Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor})
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
}
