package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
)

func (a *API) mountBlocks() {
	tags := []string{"users"}
	handle(a, huma.Operation{
		OperationID: "listBlockedUsers", Method: http.MethodGet, Path: "/users/me/blocks", Tags: tags, Security: authRequired,
		Summary: "List the users that the caller has blocked",
	}, func(ctx context.Context, _ *struct{}) (*userListOutput, error) {
		return newUserListOutput(a.Service.BlockedUsers(ctx, auth.CallerIn(ctx)))
	})
	handle(a, huma.Operation{
		OperationID: "blockUser", Method: http.MethodPut, Path: "/users/{id}/block", Tags: tags, Security: authRequired,
		Summary:       "Block a user",
		Description:   "The two can no longer write to each other in their direct conversation. Messages of the user do not count as mentions of the caller.",
		DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *UserPath) (*struct{}, error) {
		return nil, a.Service.Block(ctx, auth.CallerIn(ctx), in.ID)
	})
	handle(a, huma.Operation{
		OperationID: "unblockUser", Method: http.MethodDelete, Path: "/users/{id}/block", Tags: tags, Security: authRequired,
		Summary: "End the block of a user", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *UserPath) (*struct{}, error) {
		return nil, a.Service.Unblock(ctx, auth.CallerIn(ctx), in.ID)
	})
}
