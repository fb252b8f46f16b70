package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/chat"
)

type serverInfoOutput struct{ Body chat.ServerInfo }

func (a *API) mountServer() {
	handle(a, huma.Operation{
		OperationID: "getServerInfo", Method: http.MethodGet, Path: "/server", Tags: []string{"server"},
		Summary: "Get the name of the server and the ways to sign in",
	}, func(ctx context.Context, _ *struct{}) (*serverInfoOutput, error) {
		info := a.Accounts.ServerInfo(ctx)
		info.Version = a.Version
		return &serverInfoOutput{info}, nil
	})
}
