// Package api serves REST on chi: one file per resource, the OpenAPI document made
// from the code. It turns requests into calls of chat.Service and auth.Accounts,
// and their errors into problem+json, in one place each.
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
	maxBody = 64 << 10 // bytes of a JSON body; beyond it 413
)

// Deps are what the api stands on.
type Deps struct {
	Service  *service.Service
	Accounts *service.Accounts
	Requests *auth.Authenticator
	// ClientIP finds the client's address behind trusted proxies.
	ClientIP func(r *http.Request) netip.Addr
	// ClientNetwork names the network whose uploads are counted together, "" for none.
	ClientNetwork func(r *http.Request) string
	// Secure tells whether the client's side of the connection is TLS.
	Secure func(r *http.Request) bool
	// Frames are the types of the WebSocket, to be part of the document.
	Frames  []any
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// API is the REST side of a node.
type API struct {
	Deps
	huma huma.API
}

// Mount puts the api on router, which serves it under /api.
func Mount(router chi.Router, d Deps) *API {
	useProblems()
	config := huma.DefaultConfig("Chillin", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/openapi", "", ""
	config.CreateHooks = nil // no $schema in answers: the contract does not have it
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.Info.Description = "The REST side of Chillin and, as components, the frames of its WebSocket. See docs/protocol.md."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer"},
		"cookie": {Type: "apiKey", In: "cookie", Name: auth.CookieName},
	}
	a := &API{Deps: d}
	if d.Metrics != nil { // nil where only the document is wanted
		a.countCodes()
	}
	config.Transformers = append(config.Transformers, a.countProblem)
	a.huma = humachi.New(router, config)
	a.huma.UseMiddleware(a.authenticate)
	a.mountAuth()
	a.mountSessions()
	a.mountRooms()
	a.mountManagement()
	a.mountModeration()
	a.mountInvites()
	a.mountDirect()
	a.mountMessages()
	a.mountSearch()
	a.mountUsers()
	a.mountProfile()
	a.mountAdministration()
	a.mountBots()
	a.mountIncomingHooks()
	a.mountOutgoingHooks()
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

// signedIn marks the operations that need a caller.
var signedIn = []map[string][]string{{"bearer": {}}, {"cookie": {}}}

// handle registers one operation. What its handler returns as an error becomes a
// problem here and nowhere else.
func handle[In, Out any](a *API, op huma.Operation, handler func(ctx context.Context, in *In) (*Out, error)) {
	op.Path = base + op.Path
	op.MaxBodyBytes = maxBody
	huma.Register(a.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

// fromMemoryKey is the metadata of an operation that may be answered while the
// store is away, to whoever is connected to this node.
const fromMemoryKey = "fromMemory"

// requestTimeKey is the metadata of an operation that may take another time.
const requestTimeKey = "requestTime"

func timeOf(op *huma.Operation) time.Duration {
	if other, ok := op.Metadata[requestTimeKey].(time.Duration); ok {
		return other
	}
	return chat.RequestBudget
}

// readKey is the metadata of an operation that is no GET and costs as little.
const readKey = "read"

// reads reports whether op counts against the budget of reads of a user.
func reads(op *huma.Operation) bool {
	read := op.Method == http.MethodGet || op.Method == http.MethodHead || op.Metadata[readKey] != nil
	return read && len(op.Security) > 0
}

// authenticate finds the caller of the operations that need one, and refuses
// cross-site requests to all of them.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	bounded, cancel := context.WithTimeout(r.Context(), timeOf(ctx.Operation()))
	defer cancel()
	r = r.WithContext(bounded)
	logging.Add(bounded, slog.String("operation", ctx.Operation().OperationID))
	caller, source, err := chat.Caller{}, auth.CredentialNone, error(nil)
	if len(ctx.Operation().Security) > 0 {
		caller, source, err = a.caller(ctx, r)
	}
	if err != nil && chat.CodeOf(err) == chat.Unavailable && ctx.Operation().Metadata[fromMemoryKey] != nil {
		caller, err = a.Requests.LiveCaller(r, err)
	}
	if err == nil {
		noteCaller(bounded, caller)
		if err = a.Requests.CheckOrigin(r, source); err != nil {
			auth.AddOrigin(r)
		}
	}
	if err == nil && reads(ctx.Operation()) {
		err = a.Service.CountRead(caller)
	}
	if err == nil {
		bounded, err = a.admit(bounded, ctx.Operation(), caller)
	}
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	if !isText(r.URL) {
		_ = huma.WriteErr(a.huma, ctx, http.StatusBadRequest, "The address has characters that cannot be used here.") // the client has gone
		return
	}
	next(huma.WithContext(ctx, auth.WithCaller(bounded, caller)))
}

// isText reports whether the path and the query of an address, once decoded, are text: UTF-8
// without NUL. Nothing else can be looked for in Postgres.
func isText(address *url.URL) bool {
	texts := []string{address.Path}
	for key, values := range address.Query() {
		texts = append(append(texts, key), values...)
	}
	return !slices.ContainsFunc(texts, func(s string) bool {
		return !utf8.ValidString(s) || strings.ContainsRune(s, 0)
	})
}
