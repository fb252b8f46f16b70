package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// FuzzUpload uploads untrusted forms. Each is received completely or refused. It needs no node, so it
// runs thousands of inputs per second.
func FuzzUpload(f *testing.F) {
	part := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.png\"\r\n\r\n"
	for _, body := range []string{
		part + "data\r\n--b--\r\n", part + "data", part, "--b--", "", "--b\r\n\r\n\r\n--b--",
		strings.Replace(part, "x.png", `..\..\%00\"`, 1) + "GIF89a\r\n--b--",
		strings.Replace(part, "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1) + "=3D=\r\n--b--",
		strings.Repeat(strings.Replace(part, `"file"`, `"other"`, 1)+"\r\n", 50) + part + "\r\n--b--",
		part + "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\r\n--b--", part + "RIFF\x00\x00\x00\x00WEBPVP8X\r\n--b--",
		part + "\xff\xd8\xff\xe1\x00\x22Exif\x00\x00II*\x00\xff\xff\xff\xff\r\n--b--",
	} {
		f.Add([]byte(body))
	}
	const limit = 1 << 10
	f.Fuzz(func(t *testing.T, body []byte) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		form := Form{request: request, writer: httptest.NewRecorder()}
		upload, done, err := form.receive(limit)
		if err != nil {
			fault, ok := errors.AsType[*chat.Error](err)
			if !ok || fault.Code != chat.BadRequest && fault.Code != chat.TooLarge {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		defer done()
		if _, err := upload.Body.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(upload.Body)
		if err != nil || int64(len(data)) != upload.Size || upload.Size > limit || upload.Size > int64(len(body)) {
			t.Fatalf("%q: received %d bytes, size = %d, err = %v", body, len(data), upload.Size, err)
		}
	})
}
