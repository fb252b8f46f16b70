package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

type directOutput struct {
	Status int
	Body   struct {
		Room       chat.Room       `json:"room"`
		Membership chat.Membership `json:"membership"`
	}
}

func (a *API) mountDirect() {
	handle(a, huma.Operation{
		OperationID: "openDirect", Method: http.MethodPut, Path: "/users/{id}/direct", Tags: []string{"rooms"}, Security: signedIn,
		Summary:     "Open the direct conversation with a user",
		Description: "201 where it was made, 200 where it was there: two users have one for ever.",
	}, func(ctx context.Context, in *OfUser) (*directOutput, error) {
		room, membership, fresh, err := a.Service.OpenDirect(ctx, auth.CallerIn(ctx), in.ID)
		out := &directOutput{Status: http.StatusOK}
		if fresh {
			out.Status = http.StatusCreated
		}
		out.Body.Room, out.Body.Membership = room, membership
		return out, err
	})
}
