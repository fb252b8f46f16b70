package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// OpenDirectResponse contains a direct conversation.
type OpenDirectResponse struct {
	Room       chat.Room       `json:"room"`
	Membership chat.Membership `json:"membership"`
}

type openDirectOutput struct {
	Status int
	Body   OpenDirectResponse
}

func (a *API) mountDirect() {
	handle(a, huma.Operation{
		OperationID: "openDirect", Method: http.MethodPut, Path: "/users/{id}/direct", Tags: []string{"rooms"}, Security: authRequired,
		Summary:     "Open the direct conversation with a user",
		Description: "201 if it was created, 200 if it existed. Two users have one conversation permanently.",
	}, func(ctx context.Context, in *UserPath) (*openDirectOutput, error) {
		room, membership, fresh, err := a.Service.OpenDirect(ctx, auth.CallerIn(ctx), in.ID)
		out := &openDirectOutput{Status: http.StatusOK}
		if fresh {
			out.Status = http.StatusCreated
		}
		out.Body.Room, out.Body.Membership = room, membership
		return out, err
	})
}
