package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/ratelimit"
	"github.com/chillin-chat/chillin/internal/service"
)

// everybody is a store in which every token is that of one user.
type everybody struct{ chat.Accounts }

func (everybody) CallerByToken(context.Context, []byte) (chat.Caller, error) {
	return chat.Caller{User: chat.User{ID: 1}, Session: 1}, nil
}

// mounted serves the api on a service that has nothing but a budget of reads: what is
// let through fails otherwise.
func mounted(t *testing.T, reads int) (*API, string) {
	t.Helper()
	router := chi.NewRouter()
	log := slog.New(slog.DiscardHandler)
	var a *API
	router.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Recover(next).ServeHTTP(w, r) })
	})
	accounts := everybody{}
	a = Mount(router, Deps{
		Service:  &service.Service{Dependencies: service.Dependencies{Accounts: accounts, ReadRate: ratelimit.New[chat.UserID](rate.Every(time.Hour), reads, nil)}},
		Accounts: &service.Accounts{AccountDependencies: service.AccountDependencies{Store: accounts}}, Requests: &auth.Authenticator{Store: accounts, Activity: &auth.SessionActivity{}},
		ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} }, Secure: func(*http.Request) bool { return false },
		Metrics: metrics.New(), Log: log,
	})
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	return a, server.URL
}

func TestReadsBeyondTheBudgetAreRefused(t *testing.T) {
	_, url := mounted(t, 3)
	for i := range 5 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/rooms/1/messages", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer x")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var p Problem
		_ = json.NewDecoder(answer.Body).Decode(&p) // of a refusal
		_ = answer.Body.Close()
		refused := answer.StatusCode == http.StatusTooManyRequests && p.Code == chat.RateLimited && answer.Header.Get("Retry-After") != ""
		if refused != (i >= 3) {
			t.Errorf("read %d: %d %+v, want 429 for the 4th and 5th", i+1, answer.StatusCode, p)
		}
	}
}

func TestEveryOperationThatOnlyReadsCounts(t *testing.T) {
	a, _ := mounted(t, 1)
	counted := 0
	for path, item := range a.huma.OpenAPI().Paths {
		if op := item.Get; op != nil && len(op.Security) > 0 {
			if counted++; !reads(op) {
				t.Errorf("GET %s does not count as a read", path)
			}
		}
		if op := item.Post; op != nil && reads(op) {
			t.Errorf("POST %s counts as a read", path)
		}
	}
	if counted < 20 {
		t.Errorf("%d reads are found, want those of the document", counted)
	}
	if op := a.huma.OpenAPI().Paths[base+"/rooms/{id}/read"].Put; !reads(op) {
		t.Error("marking as read does not count as a read")
	}
}
