package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// newRecoverServer serves handler behind Recover.
func newRecoverServer(t *testing.T, log io.Writer, handler http.HandlerFunc) (*API, string) {
	t.Helper()
	a := &API{Deps: Deps{Metrics: metrics.New(), Log: slog.New(slog.NewTextHandler(log, nil))}}
	recovered := a.Recover(handler)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recovered.ServeHTTP(middleware.NewWrapResponseWriter(w, r.ProtoMajor), r)
	}))
	t.Cleanup(server.Close)
	return a, server.URL
}

func TestPanicIsAnsweredWithInternal(t *testing.T) {
	var log bytes.Buffer
	a, url := newRecoverServer(t, &log, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		panic("boom")
	})
	hashes := map[string]bool{}
	for _, text := range []string{"one", "two", "one"} {
		log.Reset()
		answer, err := http.Post(url+"/api/v1/rooms", "application/json", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var p Problem
		err = json.NewDecoder(answer.Body).Decode(&p)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusInternalServerError || p.Code != chat.Internal {
			t.Errorf("%d %+v, %v, want 500 INTERNAL", answer.StatusCode, p, err)
		}
		_, after, _ := strings.Cut(log.String(), "panic.input=")
		hash, _, _ := strings.Cut(after, " ")
		hashes[hash] = true
	}
	if len(hashes) != 2 || hashes[""] {
		t.Errorf("logged input hashes = %v, want one for each of two", hashes)
	}
	if n := testutil.ToFloat64(a.Metrics.Panics.WithLabelValues(recovery.Request)); n != 3 {
		t.Errorf("panics counted = %v, want 3", n)
	}
}

func TestPanicClosesAStartedResponse(t *testing.T) {
	a, url := newRecoverServer(t, io.Discard, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic("boom")
	})
	answer, err := http.Get(url)
	if err == nil {
		defer answer.Body.Close()
		_, err = io.ReadAll(answer.Body)
	}
	if err == nil {
		t.Error("the response is complete, want a closed connection")
	}
	if n := testutil.ToFloat64(a.Metrics.Panics.WithLabelValues(recovery.Request)); n != 1 {
		t.Errorf("panics counted = %v, want 1", n)
	}
}

func TestHandlerMayAbort(t *testing.T) {
	a, url := newRecoverServer(t, io.Discard, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if answer, err := http.Get(url); err == nil {
		_ = answer.Body.Close()
		t.Errorf("status = %d, want a closed connection", answer.StatusCode)
	}
	if n := testutil.ToFloat64(a.Metrics.Panics.WithLabelValues(recovery.Request)); n != 0 {
		t.Errorf("panics counted = %v, want 0", n)
	}
}
