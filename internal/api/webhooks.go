package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
)

// hooksPath is where programs post, below base.
const hooksPath = "/hooks/"

type createIncomingInput struct {
	OfRoom
	Host
	Body struct {
		Name string `json:"name" doc:"What its messages are signed with."`
	}
}

// Host is where the client reaches this server: part of the inputs that tell it.
type Host struct{ base string }

// Resolve reads the host from the request; huma calls it.
func (h *Host) Resolve(ctx huma.Context) []error {
	scheme := "http://"
	if _, secure := originOf(ctx.Context()); secure {
		scheme = "https://"
	}
	h.base = scheme + ctx.Host()
	return nil
}

// NewIncomingWebhook is an incoming webhook with its token, which is told this once.
type NewIncomingWebhook struct {
	chat.IncomingWebhook
	URL   string `json:"url" doc:"Where to post: it holds the token. It is not told again."`
	Token string `json:"token"`
}

type createIncomingOutput struct {
	Body struct {
		Webhook NewIncomingWebhook `json:"webhook"`
	}
}

type incomingWebhooksOutput struct {
	Body struct {
		Webhooks []chat.IncomingWebhook `json:"webhooks"`
	}
}

type incomingWebhookOutput struct {
	Body struct {
		Webhook chat.IncomingWebhook `json:"webhook"`
	}
}

// OfWebhook is the path of everything about one webhook.
type OfWebhook struct {
	OfRoom
	HookID chat.WebhookID `path:"hookId" minimum:"1"`
}

type webhookPostInput struct {
	Token string `path:"token" maxLength:"100"`
	Key   string `header:"Idempotency-Key" maxLength:"255" doc:"Names the post in place of a cid."`
	Body  struct {
		Text string `json:"text"`
		CID  string `json:"cid,omitempty" doc:"A UUID: the same one again is the same message."`
	}
}

func (a *API) mountIncomingHooks() {
	tags := []string{"webhooks"}
	const path = "/rooms/{id}/webhooks/incoming"
	handle(a, huma.Operation{
		OperationID: "createIncomingWebhook", Method: http.MethodPost, Path: path, Tags: tags, Security: signedIn,
		Summary: "Create an incoming webhook, to which programs post messages", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createIncomingInput) (*createIncomingOutput, error) {
		hook, token, err := a.Service.CreateIncomingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.Body.Name)
		out := &createIncomingOutput{}
		out.Body.Webhook = NewIncomingWebhook{hook, in.base + base + hooksPath + token, token}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listIncomingWebhooks", Method: http.MethodGet, Path: path, Tags: tags, Security: signedIn,
		Summary: "List the incoming webhooks of a room; for its admins",
	}, func(ctx context.Context, in *OfRoom) (*incomingWebhooksOutput, error) {
		hooks, err := a.Service.IncomingWebhooks(ctx, auth.CallerIn(ctx), in.ID)
		out := &incomingWebhooksOutput{}
		out.Body.Webhooks = hooks
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteIncomingWebhook", Method: http.MethodDelete, Path: path + "/{hookId}", Tags: tags, Security: signedIn,
		Summary: "Delete an incoming webhook; its token stops working at once", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfWebhook) (*struct{}, error) {
		return nil, a.Service.DeleteIncomingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
	})
	handle(a, huma.Operation{
		OperationID: "resumeIncomingWebhook", Method: http.MethodPost, Path: path + "/{hookId}/resume", Tags: tags, Security: signedIn,
		Summary: "Resume a paused incoming webhook as its new maker", DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *OfWebhook) (*incomingWebhookOutput, error) {
		hook, err := a.Service.ResumeIncomingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
		out := &incomingWebhookOutput{}
		out.Body.Webhook = hook
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "postByWebhook", Method: http.MethodPost, Path: hooksPath + "{token}", Tags: tags,
		Summary: "Post a message by an incoming webhook", DefaultStatus: http.StatusCreated,
		Description: "201 for a new message, 200 with the original where the cid or Idempotency-Key was known.",
	}, func(ctx context.Context, in *webhookPostInput) (*messageOutput, error) {
		began := time.Now()
		m, fresh, err := a.Service.PostByWebhook(ctx, in.Token, chat.WebhookPost{Text: in.Body.Text, CID: in.Body.CID, Key: in.Key})
		return a.sent(metrics.ByWebhook, m, fresh, began, err)
	})
}

type createOutgoingInput struct {
	OfRoom
	Body struct {
		URL string `json:"url" doc:"http or https; local and private addresses are refused."`
	}
}

// NewOutgoingWebhook is an outgoing webhook with its secret, which is told this once.
type NewOutgoingWebhook struct {
	chat.OutgoingWebhook
	Secret string `json:"secret" doc:"Signs what is sent. It is not told again."`
}

type createOutgoingOutput struct {
	Body struct {
		Webhook NewOutgoingWebhook `json:"webhook"`
	}
}

type outgoingWebhooksOutput struct {
	Body struct {
		Webhooks []chat.OutgoingWebhook `json:"webhooks"`
	}
}

type outgoingWebhookOutput struct {
	Body struct {
		Webhook chat.OutgoingWebhook `json:"webhook"`
	}
}

func (a *API) mountOutgoingHooks() {
	tags := []string{"webhooks"}
	const path = "/rooms/{id}/webhooks/outgoing"
	handle(a, huma.Operation{
		OperationID: "createOutgoingWebhook", Method: http.MethodPost, Path: path, Tags: tags, Security: signedIn,
		Summary: "Create an outgoing webhook, which sends every further change of the room to a URL", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createOutgoingInput) (*createOutgoingOutput, error) {
		hook, secret, err := a.Service.CreateOutgoingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.Body.URL)
		out := &createOutgoingOutput{}
		out.Body.Webhook = NewOutgoingWebhook{hook, secret}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listOutgoingWebhooks", Method: http.MethodGet, Path: path, Tags: tags, Security: signedIn,
		Summary: "List the outgoing webhooks of a room with their state; for its admins",
	}, func(ctx context.Context, in *OfRoom) (*outgoingWebhooksOutput, error) {
		hooks, err := a.Service.OutgoingWebhooks(ctx, auth.CallerIn(ctx), in.ID)
		out := &outgoingWebhooksOutput{}
		out.Body.Webhooks = hooks
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteOutgoingWebhook", Method: http.MethodDelete, Path: path + "/{hookId}", Tags: tags, Security: signedIn,
		Summary: "Delete an outgoing webhook", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *OfWebhook) (*struct{}, error) {
		return nil, a.Service.DeleteOutgoingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
	})
	handle(a, huma.Operation{
		OperationID: "resumeOutgoingWebhook", Method: http.MethodPost, Path: path + "/{hookId}/resume", Tags: tags, Security: signedIn,
		Summary: "Resume an outgoing webhook that is paused or disabled, as its new maker; it continues after the last delivered change", DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *OfWebhook) (*outgoingWebhookOutput, error) {
		hook, err := a.Service.ResumeOutgoingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
		out := &outgoingWebhookOutput{}
		out.Body.Webhook = hook
		return out, err
	})
}
