package api

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

// countingBlob is a blob store with one blob. It records how the blob is read.
type countingBlob struct {
	chat.Blobs
	*bytes.Reader
	largest int // the largest read, in bytes
	closed  bool
}

func (b *countingBlob) Get(context.Context, string) (chat.Blob, error) {
	return chat.Blob{Body: b, Size: b.Size(), ContentType: "image/png"}, nil
}

func (b *countingBlob) Read(p []byte) (int, error) {
	b.largest = max(b.largest, len(p))
	return b.Reader.Read(p)
}

func (b *countingBlob) Close() error { b.closed = true; return nil }

// A slow client uses one buffer, not the whole picture.
func TestAvatarsAreStreamed(t *testing.T) {
	picture := bytes.Repeat([]byte("picture "), 100_000)
	blob := &countingBlob{Reader: bytes.NewReader(picture)}
	a := &API{Deps: Deps{Service: &service.Service{Dependencies: service.Dependencies{Blobs: blob}}}}
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	a.serveAvatar(humachi.NewContext(&huma.Operation{}, request, recorder), strings.Repeat("0", 32))
	if recorder.Code != http.StatusOK || !bytes.Equal(recorder.Body.Bytes(), picture) || recorder.Header().Get("Content-Type") != "image/png" {
		t.Fatalf("status = %d with %d bytes, want the picture", recorder.Code, recorder.Body.Len())
	}
	if blob.largest > 64<<10 || !blob.closed {
		t.Errorf("largest read = %d bytes, closed = %v", blob.largest, blob.closed)
	}
}
