package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// UserPath is the path of operations on one user.
type UserPath struct {
	ID chat.UserID `path:"id" minimum:"1"`
}

// UserResponse contains a user.
type UserResponse struct {
	User chat.User `json:"user"`
}

type userOutput struct {
	Body UserResponse
}

func newUserOutput(user chat.User, err error) (*userOutput, error) {
	out := &userOutput{}
	out.Body.User = user
	return out, err
}

type searchUsersInput struct {
	Query string `query:"q" maxLength:"240" doc:"Parts of the username and the display name; at most 60 characters. Empty for all."`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

// UserList contains users.
type UserList struct {
	Users []chat.User `json:"users"`
}

type userListOutput struct{ Body UserList }

func newUserListOutput(users []chat.User, err error) (*userListOutput, error) {
	return &userListOutput{UserList{append([]chat.User{}, users...)}}, err
}

// CommonRoomList contains rooms of two users, by name.
type CommonRoomList struct {
	Rooms []chat.Room `json:"rooms" maxItems:"100"`
}

type commonRoomsOutput struct{ Body CommonRoomList }

// DeleteAccountRequest is the body of deleteAccount.
type DeleteAccountRequest struct {
	Password string `json:"password,omitempty" doc:"Not required for guests."`
}

type deleteAccountInput struct {
	Device
	Body *DeleteAccountRequest `required:"false"`
}

func (a *API) mountUsers() {
	handle(a, huma.Operation{
		OperationID: "searchUsers", Method: http.MethodGet, Path: "/users", Tags: []string{"users"}, Security: authRequired,
		Summary: "Find people to whom the caller may write, those of shared rooms first",
	}, func(ctx context.Context, in *searchUsersInput) (*userListOutput, error) {
		return newUserListOutput(a.Service.People(ctx, auth.CallerIn(ctx), in.Query, in.Limit))
	})
	handle(a, huma.Operation{
		OperationID: "getUser", Method: http.MethodGet, Path: "/users/{id}", Tags: []string{"users"}, Security: authRequired,
		Summary: "Get a user",
	}, func(ctx context.Context, in *UserPath) (*userOutput, error) {
		return newUserOutput(a.Service.Accounts.User(ctx, in.ID))
	})
	handle(a, huma.Operation{
		OperationID: "listCommonRooms", Method: http.MethodGet, Path: "/users/{id}/rooms", Tags: []string{"users"}, Security: authRequired,
		Summary: "List the rooms in which both the caller and a user are members, without direct conversations",
	}, func(ctx context.Context, in *UserPath) (*commonRoomsOutput, error) {
		rooms, err := a.Service.CommonRooms(ctx, auth.CallerIn(ctx), in.ID)
		return &commonRoomsOutput{CommonRoomList{append([]chat.Room{}, rooms...)}}, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteAccount", Method: http.MethodDelete, Path: "/users/me", Tags: []string{"users"}, Security: authRequired,
		Summary: "Delete the current account permanently; its messages are kept under another name", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *deleteAccountInput) (*signedOutOutput, error) {
		caller, password := auth.CallerIn(ctx), ""
		if in.Body != nil {
			password = in.Body.Password
		}
		if err := a.Accounts.CheckPassword(ctx, caller, password, in.device()); err != nil {
			return nil, err
		}
		return in.signOutOutput(), a.Service.CloseAccount(ctx, caller)
	})
}
