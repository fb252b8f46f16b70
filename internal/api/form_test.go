package api

import (
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// An upload takes longer than the server gives others, to come in as well as to be
// answered.
func TestAnUploadHasItsOwnTime(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form := Form{request: r, writer: w}
		part, err := form.part(1 << 10)
		if err == nil {
			_, err = io.Copy(w, part)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	const others = 100 * time.Millisecond
	server.Config.ReadTimeout, server.Config.WriteTimeout = others, others
	server.Start()
	defer server.Close()

	body, pipe := io.Pipe()
	form := multipart.NewWriter(pipe)
	go func() {
		part, _ := form.CreateFormFile("file", "slow.txt")
		_, _ = io.WriteString(part, "slow")
		<-time.After(2 * others)
		_, _ = io.WriteString(part, "ly")
		_ = pipe.CloseWithError(form.Close())
	}()
	answer, err := http.Post(server.URL, form.FormDataContentType(), body)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); err != nil || string(got) != "slowly" {
		t.Fatalf("answer = %q, %v", got, err)
	}
}
