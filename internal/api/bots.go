package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

// CreateBotRequest is the body of createBot.
type CreateBotRequest struct {
	Username    string `json:"username" doc:"3 to 20 letters, digits, _ - and ."`
	DisplayName string `json:"displayName,omitempty"`
}

type createBotInput struct {
	Device
	Body CreateBotRequest
}

type rotateBotTokenInput struct {
	UserPath
	Device
}

// BotList contains the bots of a user.
type BotList struct {
	Bots []chat.User `json:"bots"`
}

type botListOutput struct {
	Body BotList
}

// BotToken is a bot with its token, which is returned only once.
type BotToken struct {
	User  chat.User `json:"user"`
	Token string    `json:"token" doc:"For Authorization: Bearer. Valid until it is revoked, and returned only once."`
}

type botTokenOutput struct{ Body BotToken }

func newBotTokenOutput(done service.SignedIn, err error) (*botTokenOutput, error) {
	return &botTokenOutput{BotToken{done.User, done.Token}}, err
}

func (a *API) mountBots() {
	tags := []string{"bots"}
	handle(a, huma.Operation{
		OperationID: "createBot", Method: http.MethodPost, Path: "/bots", Tags: tags, Security: authRequired,
		Summary: "Create a bot with a token that is valid until it is revoked", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createBotInput) (*botTokenOutput, error) {
		return newBotTokenOutput(a.Accounts.CreateBot(ctx, auth.CallerIn(ctx),
			service.NewBot{Username: in.Body.Username, DisplayName: in.Body.DisplayName}, in.device()))
	})
	handle(a, huma.Operation{
		OperationID: "listBots", Method: http.MethodGet, Path: "/bots", Tags: tags, Security: authRequired, Summary: "List the bots of the current user",
	}, func(ctx context.Context, _ *struct{}) (*botListOutput, error) {
		bots, err := a.Accounts.OwnBots(ctx, auth.CallerIn(ctx))
		out := &botListOutput{}
		out.Body.Bots = bots
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "rotateBotToken", Method: http.MethodPost, Path: "/bots/{id}/token", Tags: tags, Security: authRequired,
		Summary: "Replace the token of a bot; the old token stops working immediately",
	}, func(ctx context.Context, in *rotateBotTokenInput) (*botTokenOutput, error) {
		return newBotTokenOutput(a.Accounts.RotateBotToken(ctx, auth.CallerIn(ctx), in.ID, in.device()))
	})
	handle(a, huma.Operation{
		OperationID: "deleteBot", Method: http.MethodDelete, Path: "/bots/{id}", Tags: tags, Security: authRequired,
		Summary: "Delete a bot permanently; its messages are kept under another name", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *UserPath) (*struct{}, error) {
		bot, err := a.Accounts.OwnBot(ctx, auth.CallerIn(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return nil, a.Service.CloseAccount(ctx, chat.Caller{User: bot})
	})
}
