package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/hookbody"
	"github.com/chillin-chat/chillin/internal/metrics"
)

// hooksPath is the path below base to which programs post.
const hooksPath = "/hooks/"

// CreateIncomingWebhookRequest is the body of createIncomingWebhook.
type CreateIncomingWebhookRequest struct {
	Name string `json:"name" doc:"The author name of its messages."`
}

type createIncomingInput struct {
	RoomPath
	Host
	Body CreateIncomingWebhookRequest
}

// Host is the address at which the client reaches this server. Inputs of operations that return URLs
// embed it.
type Host struct{ base string }

// Resolve reads the host from the request. huma calls it.
func (h *Host) Resolve(ctx huma.Context) []error {
	scheme := "http://"
	if _, secure := originOf(ctx.Context()); secure {
		scheme = "https://"
	}
	h.base = scheme + ctx.Host()
	return nil
}

// NewIncomingWebhook is an incoming webhook with its token, which is returned only once.
type NewIncomingWebhook struct {
	chat.IncomingWebhook
	URL   string `json:"url" doc:"Where to post. It contains the token and is returned only once."`
	Token string `json:"token"`
}

// CreateIncomingWebhookResponse contains a new incoming webhook.
type CreateIncomingWebhookResponse struct {
	Webhook NewIncomingWebhook `json:"webhook"`
}

type createIncomingOutput struct {
	Body CreateIncomingWebhookResponse
}

// IncomingWebhookList contains the incoming webhooks of a room.
type IncomingWebhookList struct {
	Webhooks []chat.IncomingWebhook `json:"webhooks"`
}

type incomingListOutput struct {
	Body IncomingWebhookList
}

// IncomingWebhookResponse contains an incoming webhook.
type IncomingWebhookResponse struct {
	Webhook chat.IncomingWebhook `json:"webhook"`
}

type incomingOutput struct {
	Body IncomingWebhookResponse
}

// WebhookPath is the path of operations on one webhook.
type WebhookPath struct {
	RoomPath
	HookID chat.WebhookID `path:"hookId" minimum:"1"`
}

// PostByWebhookRequest is our own format of the body of postByWebhook.
type PostByWebhookRequest struct {
	Text string `json:"text" doc:"Markdown. A text that is too long for one message becomes several."`
	CID  string `json:"cid,omitempty" doc:"A UUID; repeating it returns the same message."`
}

type postByWebhookInput struct {
	Token   string `path:"token" maxLength:"100"`
	Key     string `header:"Idempotency-Key" maxLength:"255" doc:"Identifies the post instead of a cid."`
	RawBody []byte `contentType:"application/json"`
	header  http.Header
}

// Resolve stores the headers, which are part of some formats. huma calls it.
func (in *postByWebhookInput) Resolve(ctx huma.Context) []error {
	r, _ := humachi.Unwrap(ctx)
	in.header = r.Header
	return nil
}

// postPaths are the paths below a webhook's URL, by the format of their bodies.
var postPaths = []struct {
	format   hookbody.Format
	id, text string
}{
	{hookbody.Any, "postByWebhook", "Post a message by an incoming webhook"},
	{hookbody.Slack, "postSlackByWebhook", "Post a message in the format of Slack"},
	{hookbody.Discord, "postDiscordByWebhook", "Post a message in the format of Discord"},
	{hookbody.GitHub, "postGitHubByWebhook", "Post an event of GitHub"},
	{hookbody.Grafana, "postGrafanaByWebhook", "Post alerts of Grafana"},
	{hookbody.Alertmanager, "postAlertmanagerByWebhook", "Post alerts of Alertmanager"},
}

// mountPosts registers what programs post to. Only these operations accept unknown keys.
func (a *API) mountPosts() {
	for _, p := range postPaths {
		path := hooksPath + "{token}"
		if p.format != hookbody.Any {
			path += "/" + string(p.format)
		}
		handle(a, huma.Operation{
			OperationID: p.id, Method: http.MethodPost, Path: path, Tags: []string{"webhooks"}, Summary: p.text,
			DefaultStatus: http.StatusCreated, MaxBodyBytes: hookbody.MaxBody, SkipValidateBody: true,
			Description: "201 for a new message, 200 with the original if the cid or Idempotency-Key is known. The body is JSON, or a form with JSON in the field payload; unknown keys are ignored.",
		}, func(ctx context.Context, in *postByWebhookInput) (*messageOutput, error) {
			return a.postByWebhook(ctx, p.format, in)
		})
		a.documentPost(base+path, p.format)
	}
}

func (a *API) postByWebhook(ctx context.Context, format hookbody.Format, in *postByWebhookInput) (*messageOutput, error) {
	began := time.Now()
	decoded, err := hookbody.Decode(format, in.header, in.RawBody)
	if err != nil {
		return nil, err
	}
	post := chat.WebhookPost{Text: decoded.Text, Name: decoded.Name, CID: decoded.CID, Key: in.Key}
	if post.Key == "" {
		post.Key = decoded.Key
	}
	m, fresh, err := a.Service.PostByWebhook(ctx, in.Token, post, hookbody.Split)
	return a.sent(metrics.ByWebhook, m, fresh, began, err)
}

// documentPost describes the body, which huma does not decode.
func (a *API) documentPost(path string, format hookbody.Format) {
	schema := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	if format == hookbody.Any {
		registry := a.huma.OpenAPI().Components.Schemas
		schema = registry.Schema(reflect.TypeFor[PostByWebhookRequest](), true, "PostByWebhookRequest")
		registry.SchemaFromRef(schema.Ref).AdditionalProperties = true
	}
	a.huma.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: schema},
		"application/x-www-form-urlencoded": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"payload"}, Properties: map[string]*huma.Schema{"payload": {Type: huma.TypeString}},
		}},
	}}
}

func (a *API) mountIncomingWebhooks() {
	tags := []string{"webhooks"}
	const path = "/rooms/{id}/webhooks/incoming"
	handle(a, huma.Operation{
		OperationID: "createIncomingWebhook", Method: http.MethodPost, Path: path, Tags: tags, Security: authRequired,
		Summary: "Create an incoming webhook, to which programs post messages", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createIncomingInput) (*createIncomingOutput, error) {
		hook, token, err := a.Service.CreateIncomingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.Body.Name)
		out := &createIncomingOutput{}
		out.Body.Webhook = NewIncomingWebhook{hook, in.base + base + hooksPath + token, token}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listIncomingWebhooks", Method: http.MethodGet, Path: path, Tags: tags, Security: authRequired,
		Summary: "List the incoming webhooks of a room; for room admins",
	}, func(ctx context.Context, in *RoomPath) (*incomingListOutput, error) {
		hooks, err := a.Service.IncomingWebhooks(ctx, auth.CallerIn(ctx), in.ID)
		out := &incomingListOutput{}
		out.Body.Webhooks = hooks
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteIncomingWebhook", Method: http.MethodDelete, Path: path + "/{hookId}", Tags: tags, Security: authRequired,
		Summary: "Delete an incoming webhook; its token stops working immediately", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *WebhookPath) (*struct{}, error) {
		return nil, a.Service.DeleteIncomingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
	})
	handle(a, huma.Operation{
		OperationID: "resumeIncomingWebhook", Method: http.MethodPost, Path: path + "/{hookId}/resume", Tags: tags, Security: authRequired,
		Summary: "Resume a paused incoming webhook as its new creator", DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *WebhookPath) (*incomingOutput, error) {
		hook, err := a.Service.ResumeIncomingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
		out := &incomingOutput{}
		out.Body.Webhook = hook
		return out, err
	})
	a.mountPosts()
}

// CreateOutgoingWebhookRequest is the body of createOutgoingWebhook.
type CreateOutgoingWebhookRequest struct {
	URL string `json:"url" doc:"http or https; local and private addresses are refused."`
}

type createOutgoingInput struct {
	RoomPath
	Body CreateOutgoingWebhookRequest
}

// NewOutgoingWebhook is an outgoing webhook with its secret, which is returned only once.
type NewOutgoingWebhook struct {
	chat.OutgoingWebhook
	Secret string `json:"secret" doc:"The key of the signatures. It is returned only once."`
}

// CreateOutgoingWebhookResponse contains a new outgoing webhook.
type CreateOutgoingWebhookResponse struct {
	Webhook NewOutgoingWebhook `json:"webhook"`
}

type createOutgoingOutput struct {
	Body CreateOutgoingWebhookResponse
}

// OutgoingWebhookList contains the outgoing webhooks of a room.
type OutgoingWebhookList struct {
	Webhooks []chat.OutgoingWebhook `json:"webhooks"`
}

type outgoingListOutput struct {
	Body OutgoingWebhookList
}

// OutgoingWebhookResponse contains an outgoing webhook.
type OutgoingWebhookResponse struct {
	Webhook chat.OutgoingWebhook `json:"webhook"`
}

type outgoingOutput struct {
	Body OutgoingWebhookResponse
}

func (a *API) mountOutgoingWebhooks() {
	tags := []string{"webhooks"}
	const path = "/rooms/{id}/webhooks/outgoing"
	handle(a, huma.Operation{
		OperationID: "createOutgoingWebhook", Method: http.MethodPost, Path: path, Tags: tags, Security: authRequired,
		Summary: "Create an outgoing webhook, which sends every new change of the room to a URL", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *createOutgoingInput) (*createOutgoingOutput, error) {
		hook, secret, err := a.Service.CreateOutgoingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.Body.URL)
		out := &createOutgoingOutput{}
		out.Body.Webhook = NewOutgoingWebhook{hook, secret}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "listOutgoingWebhooks", Method: http.MethodGet, Path: path, Tags: tags, Security: authRequired,
		Summary: "List the outgoing webhooks of a room with their state; for room admins",
	}, func(ctx context.Context, in *RoomPath) (*outgoingListOutput, error) {
		hooks, err := a.Service.OutgoingWebhooks(ctx, auth.CallerIn(ctx), in.ID)
		out := &outgoingListOutput{}
		out.Body.Webhooks = hooks
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "deleteOutgoingWebhook", Method: http.MethodDelete, Path: path + "/{hookId}", Tags: tags, Security: authRequired,
		Summary: "Delete an outgoing webhook", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *WebhookPath) (*struct{}, error) {
		return nil, a.Service.DeleteOutgoingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
	})
	handle(a, huma.Operation{
		OperationID: "resumeOutgoingWebhook", Method: http.MethodPost, Path: path + "/{hookId}/resume", Tags: tags, Security: authRequired,
		Summary: "Resume an outgoing webhook that is paused or disabled, as its new creator; it continues after the last delivered change", DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *WebhookPath) (*outgoingOutput, error) {
		hook, err := a.Service.ResumeOutgoingWebhook(ctx, auth.CallerIn(ctx), in.ID, in.HookID)
		out := &outgoingOutput{}
		out.Body.Webhook = hook
		return out, err
	})
}
