package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/chat"
)

func (a *API) mountUsers() {
	handle(a, huma.Operation{
		OperationID: "getUser", Method: http.MethodGet, Path: "/users/{id}", Tags: []string{"users"}, Security: signedIn,
		Summary: "A user",
	}, func(ctx context.Context, in *struct {
		ID chat.UserID `path:"id" minimum:"1"`
	}) (*userOutput, error) {
		user, err := a.Service.Accounts.User(ctx, in.ID)
		out := &userOutput{}
		out.Body.User = user
		return out, err
	})
}
