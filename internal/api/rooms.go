package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// OfRoom is the path parameter of everything about one room.
type OfRoom struct {
	ID chat.RoomID `path:"id" minimum:"1"`
}

// Page is the query of a list that comes in pages.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Cursor string `query:"cursor" maxLength:"400"`
}

type listRoomsInput struct {
	Query string        `query:"q" maxLength:"60" doc:"Part of a name."`
	Sort  chat.RoomSort `query:"sort" enum:"name,members,active" default:"name"`
	Page
}

type roomsOutput struct {
	Body struct {
		Rooms      []chat.Room `json:"rooms"`
		NextCursor string      `json:"nextCursor,omitempty"`
	}
}

type createRoomInput struct {
	Body struct {
		Name        string `json:"name" doc:"1 to 30 characters."`
		Description string `json:"description,omitempty"`
		Private     bool   `json:"private,omitempty"`
		Password    string `json:"password,omitempty"`
	}
}

type roomOutput struct {
	Body struct {
		Room chat.Room `json:"room"`
	}
}

func newRoomOutput(room chat.Room, err error) (*roomOutput, error) {
	out := &roomOutput{}
	out.Body.Room = room
	return out, err
}

type joinInput struct {
	OfRoom
	Body *struct {
		Password string `json:"password,omitempty"`
	} `required:"false"`
}

type joinByNameInput struct {
	Body struct {
		Name     string `json:"name"`
		Password string `json:"password,omitempty"`
	}
}

type joinedOutput struct {
	Body struct {
		Room       chat.Room       `json:"room"`
		Membership chat.Membership `json:"membership"`
	}
}

func newJoinedOutput(room chat.Room, membership chat.Membership, err error) (*joinedOutput, error) {
	out := &joinedOutput{}
	out.Body.Room, out.Body.Membership = room, membership
	return out, err
}

type readInput struct {
	OfRoom
	Body struct {
		Seq chat.Seq `json:"seq" minimum:"0"`
	}
}

type readOutput struct{ Body chat.ReadState }

type membersInput struct {
	OfRoom
	Page
}

type membersOutput struct {
	Body struct {
		Members    []chat.MemberView `json:"members"`
		NextCursor string            `json:"nextCursor,omitempty"`
	}
}

func (a *API) mountRooms() {
	tags := []string{"rooms"}
	handle(a, huma.Operation{
		OperationID: "listRooms", Method: http.MethodGet, Path: "/rooms", Tags: tags, Security: signedIn,
		Summary: "List public rooms and the caller's rooms",
	}, func(ctx context.Context, in *listRoomsInput) (*roomsOutput, error) {
		rooms, next, err := a.Service.ListRooms(ctx, auth.CallerIn(ctx),
			chat.RoomQuery{Text: in.Query, Sort: in.Sort, Limit: in.Limit, Cursor: in.Cursor})
		out := &roomsOutput{}
		out.Body.Rooms, out.Body.NextCursor = append([]chat.Room{}, rooms...), next
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "createRoom", Method: http.MethodPost, Path: "/rooms", Tags: tags, Security: signedIn,
		Summary: "Create a room that the caller owns", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createRoomInput) (*roomOutput, error) {
		return newRoomOutput(a.Service.CreateRoom(ctx, auth.CallerIn(ctx), chat.RoomDraft{
			Name: in.Body.Name, Description: in.Body.Description, Private: in.Body.Private, Password: in.Body.Password,
		}))
	})
	handle(a, huma.Operation{
		OperationID: "joinRoomByName", Method: http.MethodPost, Path: "/rooms/join", Tags: tags, Security: signedIn,
		Summary:     "Join a room by its name",
		Description: "The way into a private room with a password: it answers 404 to strangers, and so does this without the right password.",
	}, func(ctx context.Context, in *joinByNameInput) (*joinedOutput, error) {
		return newJoinedOutput(a.Service.JoinRoomByName(ctx, auth.CallerIn(ctx), in.Body.Name, in.Body.Password))
	})
	handle(a, huma.Operation{
		OperationID: "getRoomByName", Method: http.MethodGet, Path: "/rooms/by-name/{name}", Tags: tags, Security: signedIn,
		Summary: "Get a room by its name, ignoring case",
	}, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"200"`
	}) (*roomOutput, error) {
		return newRoomOutput(a.Service.RoomByName(ctx, auth.CallerIn(ctx), in.Name))
	})
	handle(a, huma.Operation{
		OperationID: "getRoom", Method: http.MethodGet, Path: "/rooms/{id}", Tags: tags, Security: signedIn, Summary: "Get a room",
	}, func(ctx context.Context, in *OfRoom) (*roomOutput, error) {
		return newRoomOutput(a.Service.Room(ctx, auth.CallerIn(ctx), in.ID))
	})
	handle(a, huma.Operation{
		OperationID: "joinRoom", Method: http.MethodPost, Path: "/rooms/{id}/join", Tags: tags, Security: signedIn,
		Summary: "Join a room; a member stays as it is",
	}, func(ctx context.Context, in *joinInput) (*joinedOutput, error) {
		password := ""
		if in.Body != nil {
			password = in.Body.Password
		}
		return newJoinedOutput(a.Service.JoinRoom(ctx, auth.CallerIn(ctx), in.ID, password))
	})
	handle(a, huma.Operation{
		OperationID: "leaveRoom", Method: http.MethodPost, Path: "/rooms/{id}/leave", Tags: tags, Security: signedIn,
		Summary: "Leave a room", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfRoom) (*struct{}, error) {
		return nil, a.Service.LeaveRoom(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "markRead", Method: http.MethodPut, Path: "/rooms/{id}/read", Tags: tags, Security: signedIn,
		Summary: "Set how far the caller has read; it only moves forward", Metadata: map[string]any{readKey: true},
	}, func(ctx context.Context, in *readInput) (*readOutput, error) {
		state, err := a.Service.MarkRead(ctx, auth.CallerIn(ctx), in.ID, in.Body.Seq, "")
		return &readOutput{state}, err
	})
	handle(a, huma.Operation{
		OperationID: "listMembers", Method: http.MethodGet, Path: "/rooms/{id}/members", Tags: tags, Security: signedIn,
		Summary: "List the members of a room by username",
	}, func(ctx context.Context, in *membersInput) (*membersOutput, error) {
		members, next, err := a.Service.Members(ctx, auth.CallerIn(ctx), in.ID, in.Limit, in.Cursor)
		out := &membersOutput{}
		out.Body.Members, out.Body.NextCursor = append([]chat.MemberView{}, members...), next
		return out, err
	})
}
