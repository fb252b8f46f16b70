package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

type createBotInput struct {
	Device
	Body struct {
		Username    string `json:"username" doc:"3 to 20 letters, digits, _ - and ."`
		DisplayName string `json:"displayName,omitempty"`
	}
}

type renewBotInput struct {
	OfUser
	Device
}

type botsOutput struct {
	Body struct {
		Bots []chat.User `json:"bots"`
	}
}

// BotToken is a bot with its token, which is told this once.
type BotToken struct {
	User  chat.User `json:"user"`
	Token string    `json:"token" doc:"For Authorization: Bearer, until it is revoked. It is not told again."`
}

type botTokenOutput struct{ Body BotToken }

func newBotTokenOutput(done service.SignedIn, err error) (*botTokenOutput, error) {
	return &botTokenOutput{BotToken{done.User, done.Token}}, err
}

func (a *API) mountBots() {
	tags := []string{"bots"}
	handle(a, huma.Operation{
		OperationID: "createBot", Method: http.MethodPost, Path: "/bots", Tags: tags, Security: signedIn,
		Summary: "Create a bot with a token that is valid until it is revoked", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createBotInput) (*botTokenOutput, error) {
		return newBotTokenOutput(a.Accounts.CreateBot(ctx, auth.CallerIn(ctx),
			service.NewBot{Username: in.Body.Username, DisplayName: in.Body.DisplayName}, in.from()))
	})
	handle(a, huma.Operation{
		OperationID: "listBots", Method: http.MethodGet, Path: "/bots", Tags: tags, Security: signedIn, Summary: "List the bots of the current user",
	}, func(ctx context.Context, _ *struct{}) (*botsOutput, error) {
		bots, err := a.Accounts.OwnBots(ctx, auth.CallerIn(ctx))
		out := &botsOutput{}
		out.Body.Bots = bots
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "rotateBotToken", Method: http.MethodPost, Path: "/bots/{id}/token", Tags: tags, Security: signedIn,
		Summary: "Replace the token of a bot; the old one stops working at once",
	}, func(ctx context.Context, in *renewBotInput) (*botTokenOutput, error) {
		return newBotTokenOutput(a.Accounts.RotateBotToken(ctx, auth.CallerIn(ctx), in.ID, in.from()))
	})
	handle(a, huma.Operation{
		OperationID: "deleteBot", Method: http.MethodDelete, Path: "/bots/{id}", Tags: tags, Security: signedIn,
		Summary: "Delete a bot permanently; its messages stay under another name", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfUser) (*struct{}, error) {
		bot, err := a.Accounts.OwnBot(ctx, auth.CallerIn(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return nil, a.Service.CloseAccount(ctx, chat.Caller{User: bot})
	})
}
