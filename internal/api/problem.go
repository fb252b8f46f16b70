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

// Problem is the body of every error: RFC 9457 with a code.
type Problem struct {
	Status int            `json:"status"`
	Title  string         `json:"title"`
	Detail string         `json:"detail"`
	Code   chat.Code      `json:"code" doc:"What programs should look at."`
	Errors []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem tells which input is at fault.
type FieldProblem struct {
	Location string `json:"location" doc:"As body.username or query.limit."`
	Message  string `json:"message"`
}

func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus makes a Problem an error that huma writes.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is RFC 9457's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses is the one place that turns a code into a status.
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

// brokenBody is what huma says when it cannot read a body. It takes that for a fault of the
// server, but it is one of the client or of the line.
const brokenBody = "cannot read request body"

// countCodes makes the counters of all codes begin at 0.
func (a *API) countCodes() {
	for code, status := range statuses {
		a.Metrics.Code(string(code), status)
	}
	for status, code := range codes {
		a.Metrics.Code(string(code), status)
	}
	a.Metrics.Code(string(chat.BadRequest), http.StatusBadRequest) // of cursors and of huma
}

// countProblem counts what huma writes as an error, whoever refused it.
func (a *API) countProblem(_ huma.Context, _ string, body any) (any, error) {
	if p, ok := body.(*Problem); ok {
		a.count(p)
	}
	return body, nil
}

func (a *API) count(p *Problem) {
	a.Metrics.RequestsRefused.WithLabelValues(strconv.Itoa(p.Status), string(p.Code)).Inc()
}

// codes names what huma itself refuses.
var codes = map[int]chat.Code{
	http.StatusNotFound:              chat.NotFound,
	http.StatusRequestEntityTooLarge: chat.TooLarge,
	http.StatusUnsupportedMediaType:  chat.UnsupportedMedia,
	http.StatusRequestTimeout:        chat.Unavailable,
	http.StatusInternalServerError:   chat.Internal,
}

// problem turns any error into one that huma writes. Internal ones are logged
// whole and shown as "Something went wrong".
func (a *API) problem(ctx context.Context, err error) error {
	p, after := a.describe(ctx, err)
	if after == 0 {
		return p
	}
	return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.Itoa(after)}})
}

// describe returns the problem and after how many seconds to try again, 0 where
// that makes no sense.
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
	case "cursor": // the only field of a query that is not checked before
		p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
		p.Errors = []FieldProblem{{Location: "query.cursor", Message: fault.Text}}
	default:
		p.Errors = []FieldProblem{{Location: "body." + fault.Field, Message: fault.Text}}
	}
	return p, int(math.Ceil(fault.RetryAfter.Seconds()))
}

// Refuse writes err to a request outside the operations.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p, after := a.describe(r.Context(), err)
	a.count(p)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone
}

// Missing answers paths under /api that do not exist.
func (a *API) Missing(w http.ResponseWriter, r *http.Request) { a.Refuse(w, r, chat.ErrNotFound()) }

// useProblems makes huma's own refusals problems too. It is a variable of huma.
var useProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		if status == http.StatusInternalServerError && message == brokenBody {
			status, message, errs = http.StatusBadRequest, "The body did not arrive whole.", nil
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
