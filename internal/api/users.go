package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// OfUser is the path parameter of everything about one user.
type OfUser struct {
	ID chat.UserID `path:"id" minimum:"1"`
}

type userOutput struct {
	Body struct {
		User chat.User `json:"user"`
	}
}

func newUserOutput(user chat.User, err error) (*userOutput, error) {
	out := &userOutput{}
	out.Body.User = user
	return out, err
}

type closeInput struct {
	Device
	Body *struct {
		Password string `json:"password,omitempty" doc:"Guests need none."`
	} `required:"false"`
}

func (a *API) mountUsers() {
	handle(a, huma.Operation{
		OperationID: "getUser", Method: http.MethodGet, Path: "/users/{id}", Tags: []string{"users"}, Security: signedIn,
		Summary: "Get a user",
	}, func(ctx context.Context, in *OfUser) (*userOutput, error) {
		return newUserOutput(a.Service.Accounts.User(ctx, in.ID))
	})
	handle(a, huma.Operation{
		OperationID: "deleteAccount", Method: http.MethodDelete, Path: "/users/me", Tags: []string{"users"}, Security: signedIn,
		Summary: "Delete the current account permanently; its messages stay under another name", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *closeInput) (*signedOutOutput, error) {
		caller, password := auth.CallerIn(ctx), ""
		if in.Body != nil {
			password = in.Body.Password
		}
		if err := a.Accounts.CheckPassword(ctx, caller, password, in.from()); err != nil {
			return nil, err
		}
		return in.signedOut(), a.Service.CloseAccount(ctx, caller)
	})
}
