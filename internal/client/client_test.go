package client

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
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
