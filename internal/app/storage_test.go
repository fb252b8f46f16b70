package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// refusingPuts returns a proxy in front of an S3 server. It answers writes with the status and S3 error
// code in refuse, and forwards them if refuse is nil.
func refusingPuts(t *testing.T, s3 testenv.Store, refuse *atomic.Pointer[putRefusal]) testenv.Store {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: s3.Endpoint}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // the signature covers it
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal := refuse.Load()
		if refusal == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
			proxy.ServeHTTP(w, r)
			return
		}
		if refusal.status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(refusal.status)
		fmt.Fprintf(w, `<Error><Code>%s</Code><Message>refused</Message></Error>`, refusal.code)
	}))
	t.Cleanup(server.Close)
	s3.Endpoint = strings.TrimPrefix(server.URL, "http://")
	return s3
}

// putRefusal is the response to a write; status 0 closes the connection.
type putRefusal struct {
	status int
	code   string
}

// TestStorageRefusesPuts ensures that a full or read-only storage affects only uploads.
func TestStorageRefusesPuts(t *testing.T) {
	t.Parallel()
	_, bucket := ownStorage(t)
	var refuse atomic.Pointer[putRefusal]
	d := embedded(t, storageEnv(refusingPuts(t, bucket, &refuse)))
	alice := d.user("alice", 0)
	room := alice.room("Lobby", nil)
	kept := alice.attach("kept.txt", []byte("kept"))
	allowed := allowance(alice)
	for _, refusal := range []putRefusal{ // no more: two uploads each, and the limit is ten in 10 s
		{http.StatusForbidden, "AccessDenied"},
		{http.StatusBadRequest, "XMinioAdminBucketQuotaExceeded"},
		{http.StatusInsufficientStorage, "XMinioStorageFull"},
		{0, "connection closed"},
	} {
		t.Run(refusal.code, func(t *testing.T) {
			refuse.Store(&refusal)
			for method, to := range map[string]string{http.MethodPost: "/uploads", http.MethodPut: "/users/me/avatar"} {
				var problem struct{ Code string }
				alice.Patience = 0
				answer, body := alice.upload(method, to, "file", "x.png", aPNG(t))
				alice.Patience = patience
				if err := json.Unmarshal(body, &problem); err != nil || answer.StatusCode != http.StatusServiceUnavailable || problem.Code != "UNAVAILABLE" {
					t.Errorf("%s %s = %d %s, want 503 UNAVAILABLE", method, to, answer.StatusCode, body)
				}
			}
			if got := alice.wantStatus(kept.URL, http.StatusOK); string(got) != "kept" {
				t.Errorf("the stored file is %q", got)
			}
			alice.send(room.ID, "text still works")
			if got := allowance(alice); got != allowed {
				t.Errorf("refused uploads were counted: %+v, want %+v", got, allowed)
			}
		})
	}
	if _, err := alice.sendFiles(room.ID, uuid.NewString(), "sent with a file stored before", kept); err != nil {
		t.Errorf("send: %v", err)
	}
	refuse.Store(nil)
	alice.attach("again.txt", []byte("again"))
}
