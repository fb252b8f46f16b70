package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
)

// Problem is the body of every error response: RFC 9457 with a code.
type Problem struct {
	Status int            `json:"status"`
	Title  string         `json:"title"`
	Detail string         `json:"detail"`
	Code   chat.Code      `json:"code" doc:"What programs should look at."`
	Errors []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem reports an invalid input.
type FieldProblem struct {
	Location string `json:"location" doc:"For example body.username or query.limit."`
	Message  string `json:"message"`
}

func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus makes Problem an error that huma can write.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses maps every code to an HTTP status. It is the only such map.
var statuses = map[chat.Code]int{
	chat.BadRequest:       http.StatusUnprocessableEntity,
	chat.Unauthenticated:  http.StatusUnauthorized,
	chat.Forbidden:        http.StatusForbidden,
	chat.NotFound:         http.StatusNotFound,
	chat.NotAMember:       http.StatusForbidden,
	chat.WrongPassword:    http.StatusForbidden,
	chat.PasswordRequired: http.StatusForbidden,
	chat.UsernameTaken:    http.StatusConflict,
	chat.EmailTaken:       http.StatusConflict,
	chat.RoomNameTaken:    http.StatusConflict,
	chat.CIDConflict:      http.StatusConflict,
	chat.TooLong:          http.StatusUnprocessableEntity,
	chat.Empty:            http.StatusUnprocessableEntity,
	chat.RateLimited:      http.StatusTooManyRequests,
	chat.TooLarge:         http.StatusRequestEntityTooLarge,
	chat.QuotaExceeded:    http.StatusRequestEntityTooLarge,
	chat.UnsupportedMedia: http.StatusUnsupportedMediaType,
	chat.Unavailable:      http.StatusServiceUnavailable,
	chat.Internal:         http.StatusInternalServerError,
}

// unreadableBody is huma's message if it cannot read a body. huma reports a server error, but the cause
// is the client or the network.
const unreadableBody = "cannot read request body"

// countCodes initializes the counters of all codes to 0.
func (a *API) countCodes() {
	for code, status := range statuses {
		a.Metrics.Code(string(code), status)
	}
	for status, code := range codes {
		a.Metrics.Code(string(code), status)
	}
	a.Metrics.Code(string(chat.BadRequest), http.StatusBadRequest) // from cursors and from huma
}

// countProblem counts the errors that huma writes.
func (a *API) countProblem(_ huma.Context, _ string, body any) (any, error) {
	if p, ok := body.(*Problem); ok {
		a.count(p)
	}
	return body, nil
}

func (a *API) count(p *Problem) {
	a.Metrics.RequestsRefused.WithLabelValues(strconv.Itoa(p.Status), string(p.Code)).Inc()
}

// codes maps the statuses of huma's own errors to codes.
var codes = map[int]chat.Code{
	http.StatusNotFound:              chat.NotFound,
	http.StatusRequestEntityTooLarge: chat.TooLarge,
	http.StatusUnsupportedMediaType:  chat.UnsupportedMedia,
	http.StatusRequestTimeout:        chat.Unavailable,
	http.StatusInternalServerError:   chat.Internal,
}

// problem turns an error into one that huma writes. Internal errors are logged in full and shown as
// "Something went wrong".
func (a *API) problem(ctx context.Context, err error) error {
	p, after := a.describe(ctx, err)
	if after == 0 {
		return p
	}
	return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(after)}})
}

// describe returns the problem and the number of seconds after which to retry; 0 if a retry does not
// help.
func (a *API) describe(ctx context.Context, err error) (*Problem, int) {
	fault, ok := errors.AsType[*chat.Error](err)
	if !ok {
		if !a.panics().Report(ctx, err) {
			a.Log.ErrorContext(ctx, "request failed", "err", err)
		}
		fault = chat.Errorf(chat.Internal, "Something went wrong.")
	} else if fault.Code == chat.Unavailable {
		a.Log.WarnContext(ctx, "request not possible now", "err", err)
	}
	auth.LogRefusal(ctx, a.Log, fault)
	status := statuses[fault.Code]
	p := &Problem{Status: status, Title: http.StatusText(status), Detail: fault.Text, Code: fault.Code}
	switch fault.Field {
	case "":
	case "cursor", "id": // the only fields of queries and paths that are not validated earlier
		p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
		location := map[string]string{"cursor": "query.cursor", "id": "path.id"}[fault.Field]
		p.Errors = []FieldProblem{{Location: location, Message: fault.Text}}
	default:
		p.Errors = []FieldProblem{{Location: "body." + fault.Field, Message: fault.Text}}
	}
	return p, int(math.Ceil(fault.RetryAfter.Seconds()))
}

// WriteError writes err as the response to a request outside the operations.
func (a *API) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	p, after := a.describe(r.Context(), err)
	a.count(p)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only if the client has disconnected
}

// NotFound answers requests for unknown paths under /api.
func (a *API) NotFound(w http.ResponseWriter, r *http.Request) {
	a.WriteError(w, r, chat.ErrNotFound())
}

// configureHuma makes huma report its own errors as problems. huma has only a global variable for this.
var configureHuma = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		if status == http.StatusInternalServerError && message == unreadableBody {
			status, message, errs = http.StatusBadRequest, "The request body is incomplete.", nil
		}
		code, ok := codes[status]
		if !ok {
			code = chat.BadRequest
		}
		p := &Problem{Status: status, Title: http.StatusText(status), Detail: message, Code: code}
		for _, err := range errs {
			if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				p.Errors = append(p.Errors, FieldProblem{detail.Location, detail.Message})
			} else if err != nil && status < http.StatusInternalServerError {
				p.Errors = append(p.Errors, FieldProblem{"body", err.Error()})
			}
		}
		return p
	}
})
