package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/wire"
)

func TestPatience(t *testing.T) {
	for name, c := range map[string]struct {
		patience    time.Duration
		refusals    int
		wantAsked   int
		wantRefused bool
	}{
		"none":                   {0, 5, 1, true},
		"until the server is up": {time.Minute, 5, 6, false},
		"a server that is up":    {time.Minute, 0, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Retry-After", "0")
				if asked <= c.refusals {
					w.WriteHeader(http.StatusServiceUnavailable)
					_, _ = w.Write([]byte(`{"code":"UNAVAILABLE"}`))
				}
			}))
			defer server.Close()
			client := New(server.URL)
			client.Patience = c.patience
			err := client.Do(t.Context(), http.MethodGet, "/auth/me", nil, nil)
			if asked != c.wantAsked || (err != nil) != c.wantRefused {
				t.Errorf("asked %d times, %v; want %d times, an error: %t", asked, err, c.wantAsked, c.wantRefused)
			}
		})
	}
}

// A server that is unavailable refuses a connection with 503, or closes it with 1013.
func TestPatienceToConnect(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if asked == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Protocol}})
		if err != nil {
			t.Error(err)
			return
		}
		if asked == 2 {
			_ = socket.Close(websocket.StatusTryAgainLater, "please try again")
			return
		}
		if err := socket.Write(r.Context(), websocket.MessageText, []byte(`{"type":"connected","data":{}}`)); err != nil {
			t.Error(err)
		}
		<-socket.CloseRead(context.Background()).Done()
	}))
	defer server.Close()
	client := New(server.URL)
	if _, err := client.Dial(t.Context()); err == nil {
		t.Error("connected although the server is unavailable")
	}
	client.Patience = time.Minute
	socket, err := client.Dial(t.Context())
	if err != nil || asked != 3 {
		t.Fatalf("asked %d times, %v; want 3 times", asked, err)
	}
	socket.Cut()
}
