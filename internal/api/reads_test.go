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

// singleUserStore accepts every token as that of one user.
type singleUserStore struct{ chat.Accounts }

func (singleUserStore) CallerByToken(context.Context, []byte) (chat.Caller, error) {
	return chat.Caller{User: chat.User{ID: 1}, Session: 1}, nil
}

// newTestAPI serves the API on a service that has only a read budget: every request that passes it
// fails.
func newTestAPI(t *testing.T, reads int) (*API, string) {
	t.Helper()
	router := chi.NewRouter()
	log := slog.New(slog.DiscardHandler)
	var a *API
	router.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.Recover(next).ServeHTTP(w, r) })
	})
	accounts := singleUserStore{}
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

func TestReadBudget(t *testing.T) {
	_, url := newTestAPI(t, 3)
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
		_ = json.NewDecoder(answer.Body).Decode(&p) // the problem of a refused request
		_ = answer.Body.Close()
		refused := answer.StatusCode == http.StatusTooManyRequests && p.Code == chat.RateLimited && answer.Header.Get("Retry-After") != ""
		if refused != (i >= 3) {
			t.Errorf("read %d: %d %+v, want 429 for the 4th and 5th", i+1, answer.StatusCode, p)
		}
	}
}

func TestReadOperationsCountAgainstTheBudget(t *testing.T) {
	a, _ := newTestAPI(t, 1)
	counted := 0
	for path, item := range a.huma.OpenAPI().Paths {
		if op := item.Get; op != nil && len(op.Security) > 0 {
			if counted++; !isRead(op) {
				t.Errorf("GET %s does not count as a read", path)
			}
		}
		if op := item.Post; op != nil && isRead(op) {
			t.Errorf("POST %s counts as a read", path)
		}
	}
	if counted < 20 {
		t.Errorf("%d reads found, want those of the document", counted)
	}
	if op := a.huma.OpenAPI().Paths[base+"/rooms/{id}/read"].Put; !isRead(op) {
		t.Error("marking as read does not count as a read")
	}
}
