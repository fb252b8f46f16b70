package app_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// upload sends data as the part of a form and returns the response with its body.
func (p *testUser) upload(method, to, part, name string, data []byte) (*http.Response, []byte) {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile(part, name)
	if err == nil {
		_, err = file.Write(data)
	}
	if err != nil || form.Close() != nil {
		p.t.Fatalf("write form: %v", err)
	}
	request, err := http.NewRequestWithContext(ctx(p.t), method, p.Base+"/api/v1"+to, &body)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Authorization", "Bearer "+p.Token)
	return fetchWithin(p.t, request, p.Patience)
}

// fetch sends a request and reads the response. It repeats what is answered with 503.
func fetch(t *testing.T, request *http.Request) (*http.Response, []byte) {
	t.Helper()
	return fetchWithin(t, request, patience)
}

func fetchWithin(t *testing.T, request *http.Request, patience time.Duration) (*http.Response, []byte) {
	t.Helper()
	for began := time.Now(); ; {
		answer, body := fetchOnce(t, request)
		if answer.StatusCode != http.StatusServiceUnavailable || time.Since(began) >= patience {
			return answer, body
		}
		if request.GetBody != nil {
			again, err := request.GetBody()
			if err != nil {
				t.Fatal(err)
			}
			request.Body = again
		}
		seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		if err != nil {
			t.Fatalf("503 without a time to try again: %s", body)
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
}

func fetchOnce(t *testing.T, request *http.Request) (*http.Response, []byte) {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, data
}

func get(t *testing.T, url string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fetch(t, request)
}

// awaitDeleted waits until a node has deleted the blob at url.
func awaitDeleted(t *testing.T, url string) {
	t.Helper()
	limit := ctx(t)
	for {
		request, err := http.NewRequestWithContext(limit, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		// A started response ends early if the blob is deleted in the meantime.
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusNotFound {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// avatar uploads data and returns the user's new avatarUrl.
func (p *testUser) avatar(data []byte) string {
	p.t.Helper()
	answer, body := p.upload(http.MethodPut, "/users/me/avatar", "file", "me", data)
	var out struct {
		User chat.User `json:"user"`
	}
	if err := json.Unmarshal(body, &out); err != nil || answer.StatusCode != http.StatusOK || out.User.AvatarURL == "" {
		p.t.Fatalf("avatar: %d %s, %v", answer.StatusCode, body, err)
	}
	return out.User.AvatarURL
}

// halves returns a picture whose center is blue.
func halves() image.Image {
	picture := image.NewPaletted(image.Rect(0, 0, 300, 100), color.Palette{color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}})
	for x := 90; x < 210; x++ {
		for y := range 100 {
			picture.SetColorIndex(x, y, 1)
		}
	}
	return picture
}

func encoded(t *testing.T, encode func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func aPNG(t *testing.T) []byte {
	return encoded(t, func(w io.Writer) error { return png.Encode(w, halves()) })
}

// located returns a JPEG with an EXIF segment.
func located(t *testing.T) []byte {
	plain := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, halves(), nil) })
	exif := "Exif\x00\x00GPSLatitude 52.5200"
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return bytes.Join([][]byte{plain[:2], segment, []byte(exif), plain[2:]}, nil)
}

// claiming returns the beginning of a PNG that declares a size.
func claiming(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	chunk = append(binary.BigEndian.AppendUint32(chunk, height), 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func TestAvatarsAreReencoded(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		seen := ""
		for name, data := range map[string][]byte{
			"png":                  aPNG(d.t),
			"jpeg":                 located(d.t),
			"gif":                  encoded(d.t, func(out io.Writer) error { return gif.Encode(out, halves(), nil) }),
			"png followed by html": append(aPNG(d.t), "<script>alert(1)</script>"...),
		} {
			url := alice.avatar(data)
			answer, body := get(d.t, d.nodes[len(d.nodes)-1]+url)
			picture, kind, err := image.Decode(bytes.NewReader(body))
			if err != nil || picture.Bounds().Size() != image.Pt(256, 256) || answer.Header.Get("Content-Type") != "image/"+kind {
				d.t.Fatalf("%s: %s %v, %v", name, answer.Header.Get("Content-Type"), picture, err)
			}
			if r, _, b, _ := picture.At(20, 128).RGBA(); r > 0x3000 || b < 0xc000 {
				d.t.Errorf("%s: the edge is %x red, %x blue, want the blue center", name, r, b)
			}
			if bytes.Contains(body, []byte("GPS")) || bytes.Contains(body, []byte("script")) {
				d.t.Errorf("%s: more than pixels was returned", name)
			}
			for header, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
				"Cache-Control": "public, max-age=31536000, immutable",
			} {
				if got := answer.Header.Get(header); got != want {
					d.t.Errorf("%s: %s = %q, want %q", name, header, got, want)
				}
			}
			if seen != "" {
				awaitDeleted(d.t, d.nodes[0]+seen)
			}
			seen = url
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, "/users/me/avatar", nil, nil); err != nil {
			d.t.Fatal(err)
		}
		awaitDeleted(d.t, d.nodes[0]+seen)
	})
}

func TestInvalidAvatarsAreRefused(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, c := range map[string]struct {
		part string
		data []byte
		want int
	}{
		"html named png":          {"file", []byte("<html><script>alert(1)</script>"), 415},
		"svg":                     {"file", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 415},
		"empty":                   {"file", nil, 415},
		"a truncated png":         {"file", aPNG(t)[:60], 415},
		"50,000 x 50,000":         {"file", claiming(50_000, 50_000), 413},
		"one byte over the limit": {"file", make([]byte, chat.MaxAvatar+1), 413},
		"far over the limit":      {"file", make([]byte, 2*chat.MaxAvatar), 413},
		"exactly the limit":       {"file", make([]byte, chat.MaxAvatar), 415},
		"another part":            {"picture", aPNG(t), 422},
	} {
		answer, body := alice.upload(http.MethodPut, "/users/me/avatar", c.part, "../../me.png", c.data)
		if answer.StatusCode != c.want || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s, want %d", name, answer.StatusCode, body, c.want)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 300<<20 {
		t.Errorf("refusals took %d MiB, want less than 300", used>>20)
	}
	for _, key := range []string{"x", "..%2f..%2fetc", strings.Repeat("0", 32)} {
		if answer, _ := get(t, d.nodes[0]+"/api/v1/avatars/"+key); answer.StatusCode != http.StatusNotFound {
			t.Errorf("avatar %s = %d, want 404", key, answer.StatusCode)
		}
	}
	stranger := &testUser{Client: newClient(d.nodes[0]), t: t}
	if answer, _ := stranger.upload(http.MethodPut, "/users/me/avatar", "file", "me", aPNG(t)); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a session = %d, want 401", answer.StatusCode)
	}
}

func TestUpdateProfile(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	var out struct {
		User chat.User `json:"user"`
	}
	patch := func(in map[string]any) error { return alice.Client.Do(ctx(t), http.MethodPatch, "/users/me", in, &out) }
	if err := patch(map[string]any{"displayName": " Alice  A. ", "statusMessage": "out\nfor lunch"}); err != nil ||
		out.User.DisplayName != "Alice A." || out.User.StatusMessage != "out for lunch" {
		t.Fatalf("user = %+v, %v", out.User, err)
	}
	if err := patch(map[string]any{"displayName": ""}); err != nil || out.User.DisplayName != "alice" || out.User.StatusMessage != "out for lunch" {
		t.Fatalf("user = %+v, %v, want the username", out.User, err)
	}
	wantCode(t, patch(map[string]any{"statusMessage": strings.Repeat("x", 101)}), chat.TooLong)
	wantCode(t, patch(map[string]any{"displayName": strings.Repeat("x", 51)}), chat.TooLong)
}

// givenUp is the timeout of an unresponsive storage, with a margin for a busy machine. Normally it is
// less than two seconds.
const givenUp = 10 * time.Second

func TestStorageOutageAffectsOnlyAvatars(t *testing.T) {
	t.Parallel()
	d, server := embeddedWithStorage(t)
	alice := d.user("alice", 0)
	room := alice.room("Lobby", nil)
	alice.Patience = 0
	server.Pause()
	defer server.Resume()
	began := time.Now()
	answer, body := alice.upload(http.MethodPut, "/users/me/avatar", "file", "me.png", aPNG(t))
	if took := time.Since(began); answer.StatusCode != http.StatusServiceUnavailable || took > givenUp {
		t.Errorf("avatar = %d %s after %s, want 503 within %s", answer.StatusCode, body, took, givenUp)
	}
	alice.send(room.ID, "text still works")
}

// unfinished starts to send a form of size bytes and waits until the server reads it, but does not
// complete it.
func (p *testUser) unfinished(method, to string, size int) net.Conn {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.Base, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "%s /api/v1%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nExpect: 100-continue\r\n"+
		"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n", method, to, p.Token, size+1000)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		p.t.Fatalf("response = %q, %v", line, err)
	}
	fmt.Fprintf(conn, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n%s", make([]byte, size))
	return conn
}

func TestUnfinishedAvatarsCountAsUploads(t *testing.T) {
	d := embedded(t, nil)
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	for range 4 {
		alice.unfinished(http.MethodPut, "/users/me/avatar", 1<<20)
	}
	for method, to := range map[string]string{http.MethodPost: "/uploads", http.MethodPut: "/users/me/avatar"} {
		if answer, body := alice.upload(method, to, "file", "x", aPNG(t)); answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s with four unfinished avatars = %d %s, want 429", to, answer.StatusCode, body)
		}
	}
	bob.attach("x", []byte("x"))
}
