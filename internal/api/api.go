// Package api serves the REST API with chi: one file per resource. The OpenAPI document is generated
// from the code. The handlers call service.Service and service.Accounts. One function, handle, turns
// their errors into problem+json.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/strictjson"
)

const (
	base    = "/api/v1"
	maxBody = 64 << 10 // bytes of a JSON body; a larger body is answered with 413
)

// Deps are the dependencies of the API.
type Deps struct {
	Service  *service.Service
	Accounts *service.Accounts
	Requests *auth.Authenticator
	// ClientIP returns the client's address behind trusted proxies.
	ClientIP func(r *http.Request) netip.Addr
	// ClientNetwork returns the network whose uploads are counted together, or "".
	ClientNetwork func(r *http.Request) string
	// Secure reports whether the client's side of the connection uses TLS.
	Secure  func(r *http.Request) bool
	Version string // of this build
	// Frames are the frame types of the WebSocket that the document describes.
	Frames  []any
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// API serves the REST API of a node.
type API struct {
	Deps
	huma huma.API
}

// Mount registers the API on router, which serves it under /api.
func Mount(router chi.Router, d Deps) *API {
	configureHuma()
	config := huma.DefaultConfig("Chillin", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/openapi", "", ""
	config.CreateHooks = nil // no $schema in responses: it is not part of the contract
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.Info.Description = "The REST API of Chillin and, as components, the frames of its WebSocket. See docs/protocol.md."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer"},
		"cookie": {Type: "apiKey", In: "cookie", Name: auth.CookieName},
	}
	a := &API{Deps: d}
	if d.Metrics != nil { // nil if only the document is needed
		a.countCodes()
	}
	config.Transformers = append(config.Transformers, a.countProblem)
	a.huma = humachi.New(router, config)
	a.huma.UseMiddleware(a.authenticate)
	a.mountAuth()
	a.mountServer()
	a.mountSessions()
	a.mountRooms()
	a.mountMembers()
	a.mountModeration()
	a.mountInvites()
	a.mountDirect()
	a.mountBlocks()
	a.mountMessages()
	a.mountSearch()
	a.mountUsers()
	a.mountProfile()
	a.mountAdministration()
	a.mountBots()
	a.mountIncomingWebhooks()
	a.mountOutgoingWebhooks()
	a.mountFiles()
	for _, frame := range d.Frames {
		t := reflect.TypeOf(frame)
		a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
	}
	return a
}

// Document returns the OpenAPI document as JSON.
func (a *API) Document() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: strictjson.Decode}

// authRequired marks the operations that need an authenticated caller.
var authRequired = []map[string][]string{{"bearer": {}}, {"cookie": {}}}

// handle registers an operation. It is the only place that turns errors of handlers into problems.
func handle[In, Out any](a *API, op huma.Operation, handler func(ctx context.Context, in *In) (*Out, error)) {
	op.Path = base + op.Path
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

// degradedKey is the metadata key of operations that are also served while the store is unavailable, to
// callers that are connected to this node.
const degradedKey = "degraded"

// requestTimeKey is the metadata key of operations with a timeout of their own.
const requestTimeKey = "requestTime"

func timeoutOf(op *huma.Operation) time.Duration {
	if other, ok := op.Metadata[requestTimeKey].(time.Duration); ok {
		return other
	}
	return chat.RequestBudget
}

// readKey is the metadata key of operations that are not GET but cost as little.
const readKey = "read"

// isRead reports whether op counts against the caller's read budget.
func isRead(op *huma.Operation) bool {
	read := op.Method == http.MethodGet || op.Method == http.MethodHead || op.Metadata[readKey] != nil
	return read && len(op.Security) > 0
}

// authenticate finds the caller of operations that need one, and refuses cross-site requests to all
// operations.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	bounded, cancel := context.WithTimeout(r.Context(), timeoutOf(ctx.Operation()))
	defer cancel()
	r = r.WithContext(bounded)
	logging.Add(bounded, slog.String("operation", ctx.Operation().OperationID))
	caller, source, err := chat.Caller{}, auth.CredentialNone, error(nil)
	if len(ctx.Operation().Security) > 0 {
		caller, source, err = a.caller(ctx, r)
	}
	if err != nil && chat.CodeOf(err) == chat.Unavailable && ctx.Operation().Metadata[degradedKey] != nil {
		caller, err = a.Requests.LiveCaller(r, err)
	}
	if err == nil {
		addCallerToLog(bounded, caller)
		if err = a.Requests.CheckOrigin(r, source); err != nil {
			auth.AddOrigin(r)
		}
	}
	if err == nil && isRead(ctx.Operation()) {
		err = a.Service.CountRead(caller)
	}
	if err == nil {
		bounded, err = a.authorizeAdmin(bounded, ctx.Operation(), caller)
	}
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	if !isText(r.URL) {
		_ = huma.WriteErr(a.huma, ctx, http.StatusBadRequest, "The URL contains characters that are not allowed.") // fails only if the client has disconnected
		return
	}
	next(huma.WithContext(ctx, auth.WithCaller(bounded, caller)))
}

// isText reports whether the decoded path and query of a URL are UTF-8 without NUL. Postgres accepts
// nothing else in a query parameter.
func isText(address *url.URL) bool {
	texts := []string{address.Path}
	for key, values := range address.Query() {
		texts = append(append(texts, key), values...)
	}
	return !slices.ContainsFunc(texts, func(s string) bool {
		return !utf8.ValidString(s) || strings.ContainsRune(s, 0)
	})
}
