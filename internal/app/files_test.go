package app_test

import (
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
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// photo returns a JPEG of 1200 × 800 that a camera took sideways: its left half is red, and it is
// displayed with red at the top.
func photo(t *testing.T) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, 1200, 800))
	for y := range 800 {
		for x := range 1200 {
			c := color.RGBA{0, 0, 200, 255}
			if x < 600 {
				c = color.RGBA{200, 0, 0, 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	plain := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, picture, &jpeg.Options{Quality: 100}) })
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	exif := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return bytes.Join([][]byte{plain[:2], segment, exif, plain[2:]}, nil)
}

func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

func (p *testUser) attach(name string, data []byte) chat.MessageAttachment {
	p.t.Helper()
	file, err := p.Upload(ctx(p.t), name, data)
	if err != nil {
		p.t.Fatalf("upload %s: %v", name, err)
	}
	return file
}

func (p *testUser) sendFiles(room chat.RoomID, cid, text string, files ...chat.MessageAttachment) (wire.MessageConfirmed, error) {
	ids := []chat.AttachmentID{}
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	var done wire.MessageConfirmed
	err := p.Socket.Do(ctx(p.t), "message:send", map[string]any{"roomId": room, "cid": cid, "text": text, "attachmentIds": ids}, &done)
	return done, err
}

// fetch requests a URL at the user's node with its session. headers are pairs.
func (p *testUser) fetch(method, url string, headers ...string) (*http.Response, []byte) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(ctx(p.t), method, p.Base+url, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.Token != "" {
		request.Header.Set("Authorization", "Bearer "+p.Token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return fetchWithin(p.t, request, p.Patience)
}

func (p *testUser) wantStatus(url string, want int) []byte {
	p.t.Helper()
	answer, body := p.fetch(http.MethodGet, url)
	if answer.StatusCode != want {
		p.t.Fatalf("%s = %d %.200s, want %d", url, answer.StatusCode, body, want)
	}
	return body
}

func TestSharePicture(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob, eve := d.user("alice", 0), d.user("bob", 1), d.user("eve", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		data := photo(d.t)
		file := alice.attach(`C:\Users\me\Bild ä.jpg`, data)
		if file.Name != "Bild ä.jpg" || file.ContentType != "image/jpeg" || file.Size != int64(len(data)) ||
			file.Width != 800 || file.Height != 1200 || file.ThumbnailURL == "" {
			d.t.Fatalf("attachment = %+v", file)
		}
		if got := alice.wantStatus(file.URL, http.StatusOK); !bytes.Equal(got, data) {
			d.t.Fatal("the content differs")
		}
		missing := bob.wantStatus(fmt.Sprintf("/api/v1/files/%d", file.ID+1000), http.StatusNotFound)
		if got := bob.wantStatus(file.URL, http.StatusNotFound); !bytes.Equal(got, missing) {
			d.t.Errorf("a file before bob has access = %s, want %s", got, missing)
		}

		cid := uuid.NewString()
		sent, err := alice.sendFiles(room.ID, cid, "", file)
		if err != nil {
			d.t.Fatal(err)
		}
		heard := bob.receives(sent.Seq)
		if len(heard.Attachments) != 1 || heard.Attachments[0] != file || heard.Text != "" {
			d.t.Fatalf("bob received %+v, want the file", heard)
		}
		if again, err := alice.sendFiles(room.ID, cid, "", file); err != nil || again.ID != sent.ID {
			d.t.Fatalf("retry = %+v, %v, want the original", again, err)
		}
		_, err = alice.sendFiles(room.ID, uuid.NewString(), "again", file)
		wantCode(d.t, err, chat.NotFound)

		answer, got := bob.fetch(http.MethodGet, file.URL)
		if answer.StatusCode != http.StatusOK || !bytes.Equal(got, data) {
			d.t.Fatalf("bob got %d, %d bytes", answer.StatusCode, len(got))
		}
		for header, want := range map[string]string{
			"Content-Type": "image/jpeg", "Content-Disposition": "inline; filename*=utf-8''Bild%20%C3%A4.jpg",
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Cache-Control": "private, max-age=300", "Cross-Origin-Resource-Policy": "same-site", "Vary": "Cookie, Authorization",
		} {
			if got := answer.Header.Get(header); got != want {
				d.t.Errorf("%s = %q, want %q", header, got, want)
			}
		}
		tag := answer.Header.Get("ETag")
		if part, got := bob.fetch(http.MethodGet, file.URL, "Range", "bytes=1000-1999"); part.StatusCode != http.StatusPartialContent || !bytes.Equal(got, data[1000:2000]) {
			d.t.Errorf("range = %d, %d bytes", part.StatusCode, len(got))
		}
		for n, want := range map[int]int{2: http.StatusPartialContent, 8: http.StatusPartialContent, 9: http.StatusOK, 4000: http.StatusOK} {
			ranges := "bytes=" + strings.TrimSuffix(strings.Repeat("0-0,", n), ",")
			part, got := bob.fetch(http.MethodGet, file.URL, "Range", ranges)
			if part.StatusCode != want || want == http.StatusOK && !bytes.Equal(got, data) {
				d.t.Errorf("%d ranges = %d, %d bytes, want %d", n, part.StatusCode, len(got), want)
			}
		}
		if same, _ := bob.fetch(http.MethodGet, file.URL, "If-None-Match", tag); tag == "" || same.StatusCode != http.StatusNotModified {
			d.t.Errorf("with its tag %s = %d, want 304", tag, same.StatusCode)
		}
		if head, got := bob.fetch(http.MethodHead, file.URL); head.StatusCode != http.StatusOK || head.ContentLength != int64(len(data)) || len(got) != 0 {
			d.t.Errorf("head = %d, length %d, %d bytes", head.StatusCode, head.ContentLength, len(got))
		}
		cookie := &testUser{Client: newClient(bob.Base), t: d.t}
		if answer, _ := cookie.fetch(http.MethodGet, file.URL, "Cookie", "session="+bob.Token); answer.StatusCode != http.StatusOK {
			d.t.Errorf("with the cookie = %d, want 200", answer.StatusCode)
		}
		small, err := jpeg.Decode(bytes.NewReader(bob.wantStatus(file.ThumbnailURL, http.StatusOK)))
		if err != nil || small.Bounds().Size() != image.Pt(341, 512) {
			d.t.Fatalf("thumbnail = %v, %v, want 341 × 512", small, err)
		}
		if r, _, b, _ := small.At(170, 20).RGBA(); r < 0x8000 || b > 0x4000 {
			d.t.Errorf("the thumbnail's top is %x red, %x blue, want it rotated, red at the top", r, b)
		}
		for _, url := range []string{file.URL, file.ThumbnailURL, fmt.Sprintf("/api/v1/attachments/%d/link", file.ID)} {
			if got := eve.wantStatus(url, http.StatusNotFound); !bytes.Equal(got, missing) {
				d.t.Errorf("for a non-member %s = %s, want %s", url, got, missing)
			}
			cookie.wantStatus(url, http.StatusUnauthorized)
		}

		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, fmt.Sprintf("/messages/%d", sent.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		if f, err := bob.Next(ctx(d.t), "message:deleted"); err != nil || !strings.Contains(string(f.Data), `"attachments":[]`) {
			d.t.Fatalf("deleted = %s, %v, want no files", f.Data, err)
		}
		alice.wantStatus(file.URL, http.StatusNotFound)
		bob.wantStatus(file.ThumbnailURL, http.StatusNotFound)
	})
}

func TestLinkIsForOneFileOfOneMember(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		file, other := alice.attach("one.png", aPNG(d.t)), alice.attach("two.png", aPNG(d.t))
		if _, err := alice.sendFiles(room.ID, uuid.NewString(), "", file, other); err != nil {
			d.t.Fatal(err)
		}
		var link chat.FileLink
		if err := json.Unmarshal(bob.wantStatus(fmt.Sprintf("/api/v1/attachments/%d/link", file.ID), http.StatusOK), &link); err != nil {
			d.t.Fatal(err)
		}
		if left := time.Until(link.ExpiresAt.Std()); left <= 0 || left > 5*time.Minute {
			d.t.Errorf("the link is valid for %s, want at most 5 min", left)
		}
		nobody := &testUser{Client: newClient(d.nodes[0]), t: d.t} // a different node than the one that signed it
		answer, got := nobody.fetch(http.MethodGet, link.URL)
		if answer.StatusCode != http.StatusOK || !bytes.Equal(got, aPNG(d.t)) || answer.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			d.t.Fatalf("by link = %d, %d bytes", answer.StatusCode, len(got))
		}
		_, query, _ := strings.Cut(link.URL, "?")
		for name, url := range map[string]string{
			"another file":      other.URL + "?" + query,
			"other session":     strings.Replace(link.URL, "session=", "session=1", 1),
			"a later end":       strings.Replace(link.URL, "expires=1", "expires=2", 1),
			"no signature":      strings.Split(link.URL, "&signature")[0],
			"another operation": fmt.Sprintf("/api/v1/attachments/%d/link?%s", file.ID, query),
		} {
			if answer, _ := nobody.fetch(http.MethodGet, url); answer.StatusCode != http.StatusUnauthorized {
				d.t.Errorf("%s = %d, want 401", name, answer.StatusCode)
			}
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, fmt.Sprintf("/rooms/%d/members/%d", room.ID, bob.User.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		nobody.wantStatus(link.URL, http.StatusNotFound)
		if err := bob.Client.Do(ctx(d.t), http.MethodPost, "/auth/logout", nil, nil); err != nil {
			d.t.Fatal(err)
		}
		nobody.wantStatus(link.URL, http.StatusUnauthorized)
	})
}

func TestUploadsDoNotRunInABrowser(t *testing.T) {
	d := embedded(t, nil)
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	for name, data := range map[string][]byte{
		"page.png":     []byte("<!DOCTYPE html><script>alert(1)</script>"),
		"drawing.svg":  []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`),
		"paper.pdf":    []byte("%PDF-1.7 x"),
		"broken.png":   aPNG(t)[:60],
		"huge.png":     claiming(50_000, 50_000),
		"nothing.html": nil,
	} {
		file := alice.attach(name, data)
		if file.Width != 0 || file.ThumbnailURL != "" || strings.HasPrefix(file.ContentType, "image/") {
			t.Errorf("%s is treated as a picture: %+v", name, file)
		}
		answer, got := alice.fetch(http.MethodGet, file.URL)
		if !bytes.Equal(got, data) || answer.Header.Get("Content-Type") != "application/octet-stream" ||
			answer.Header.Get("Content-Disposition") != "attachment; filename="+name || answer.Header.Get("X-Content-Type-Options") != "nosniff" ||
			answer.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
			t.Errorf("%s: %d %v", name, answer.StatusCode, answer.Header)
		}
	}
	// A polyglot is served as a picture and nothing else.
	file := bob.attach("both.html", append(encoded(t, func(out io.Writer) error { return png.Encode(out, halves()) }), "<script>alert(1)</script>"...))
	if answer, _ := bob.fetch(http.MethodGet, file.URL); answer.Header.Get("Content-Type") != "image/png" || file.ThumbnailURL != "" {
		t.Errorf("polyglot = %+v, %v", file, answer.Header)
	}
}

// The storage engines receive files without metadata.
func TestMetadataOfUploadsIsNotStored(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		picture := located(d.t)
		for name, data := range map[string][]byte{
			"photo.jpg": picture, "damaged.jpg": picture[:len(picture)-2], "too large.png": append(claiming(50_000, 50_000), textChunk("GPSLatitude")...),
			"large.jpg": bytes.Join([][]byte{picture[:2], located(d.t)[2:], noise(70_000)}, nil),
		} {
			file := alice.attach(name, data)
			got := alice.wantStatus(file.URL, http.StatusOK)
			if bytes.Contains(got, []byte("GPS")) || int64(len(got)) != file.Size {
				d.t.Errorf("%s: %d bytes %.300q, want %d without the place", name, len(got), got, file.Size)
			}
			if isJPEG := strings.HasSuffix(name, ".jpg"); isJPEG != (file.Width > 0) || isJPEG != (file.ContentType == "image/jpeg") {
				d.t.Errorf("%s = %+v, want a picture: %v", name, file, isJPEG)
			}
			if file.ThumbnailURL != "" && bytes.Contains(alice.wantStatus(file.ThumbnailURL, http.StatusOK), []byte("GPS")) {
				d.t.Errorf("%s: the thumbnail contains the place", name)
			}
		}
		raw := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x25\x88\x04\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		if answer, body := alice.upload(http.MethodPost, "/uploads", "file", "scan.tiff", raw); answer.StatusCode != http.StatusUnsupportedMediaType {
			d.t.Errorf("TIFF with a place = %d %s, want 415", answer.StatusCode, body)
		}
	})
}

func textChunk(text string) []byte {
	chunk := append([]byte("tEXt"), text...)
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func TestAnimationsAndMediaAreShown(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	film := &gif.GIF{}
	for i := range 3 {
		frame := image.NewPaletted(image.Rect(0, 0, 600, 600), color.Palette{color.Black, color.White})
		for n := range frame.Pix {
			frame.Pix[n] = uint8(n*(i+3)>>3) & 1
		}
		film.Image, film.Delay = append(film.Image, frame), append(film.Delay, 10)
	}
	animation := encoded(t, func(w io.Writer) error { return gif.EncodeAll(w, film) })
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"dance.gif": {animation, "image/gif"},
		"song.mp3":  {bytes.Repeat(append([]byte("\xff\xfb\x90\x64"), make([]byte, 413)...), 3), "audio/mpeg"},
		"film.mp4":  {append([]byte("\x00\x00\x00\x14ftypiso5\x00\x00\x00\x00avc1"), make([]byte, 200)...), "video/mp4"},
		"clip.mov":  {append([]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), make([]byte, 200)...), "video/quicktime"},
	} {
		file := alice.attach(name, c.data)
		answer, got := alice.fetch(http.MethodGet, file.URL)
		if file.ContentType != c.want || file.ThumbnailURL != "" || answer.Header.Get("Content-Type") != c.want || !bytes.Equal(got, c.data) ||
			!strings.HasPrefix(answer.Header.Get("Content-Disposition"), "inline;") || answer.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
			t.Errorf("%s = %+v, %v, want %s, inline, unchanged, without a thumbnail", name, file, answer.Header, c.want)
		}
	}
}

// blobs counts the files below a node's blob folder.
func blobs(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFailedUploadsLeaveNoBlobs(t *testing.T) {
	dir := t.TempDir()
	d := &deployment{t, []string{startNode(t, map[string]string{"DATA_DIR": dir, "MAX_UPLOAD_SIZE": "1"}, nil).base}}
	alice := d.user("alice", 0)
	for size, want := range map[int]int{1 << 20: 201, 1<<20 + 1: 413, 3 << 20: 413} {
		if answer, body := alice.upload(http.MethodPost, "/uploads", "file", "x", make([]byte, size)); answer.StatusCode != want {
			t.Errorf("%d bytes = %d %s, want %d", size, answer.StatusCode, body, want)
		}
	}
	if answer, _ := alice.upload(http.MethodPost, "/uploads", "other", "x", nil); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another part = %d, want 422", answer.StatusCode)
	}
	head := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"
	for name, length := range map[string]int{"a form that ends early": len(head) + 5, "a connection that ends early": len(head) + 500} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(d.nodes[0], "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n%sbytes", alice.Token, length, head)
		_ = conn.(*net.TCPConn).CloseWrite()
		status, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(status), "HTTP/1.1 422 ") {
			t.Errorf("%s = %.100s, %v, want 422", name, status, err)
		}
		_ = conn.Close()
	}
	if n := blobs(t, dir); n != 1 {
		t.Errorf("%d blobs, want only the kept one", n)
	}
}

func TestDeletedFilesAreRemovedFromTheStorage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := &deployment{t, []string{startNode(t, map[string]string{"DATA_DIR": dir}, nil).base}}
	alice := d.user("alice", 0)
	room, doomed := alice.room("Lobby", nil), alice.room("Doomed", nil)
	unsent, inMessage, inRoom := alice.attach("1.jpg", photo(t)), alice.attach("2.jpg", photo(t)), alice.attach("3.jpg", photo(t))
	sent, err := alice.sendFiles(room.ID, uuid.NewString(), "look", inMessage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alice.sendFiles(doomed.ID, uuid.NewString(), "look", inRoom); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		fmt.Sprintf("/messages/%d", sent.ID), fmt.Sprintf("/rooms/%d", doomed.ID), fmt.Sprintf("/uploads/%d", unsent.ID),
	} {
		if err := alice.Client.Do(ctx(t), http.MethodDelete, path, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(15 * time.Second); blobs(t, dir) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d blobs are left, want none", blobs(t, dir))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestAttachmentsOfAMessage(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	room := alice.room("Lobby", nil)
	file := alice.attach("a.txt", []byte("a"))
	_, err := alice.sendFiles(room.ID, uuid.NewString(), "x", file, file)
	wantCode(t, err, chat.BadRequest)
	_, err = alice.sendFiles(room.ID, uuid.NewString(), "x", make([]chat.MessageAttachment, 11)...)
	wantCode(t, err, chat.BadRequest)
	_, err = alice.sendFiles(room.ID, uuid.NewString(), "")
	wantCode(t, err, chat.Empty)
	var out struct {
		Message chat.Message `json:"message"`
	}
	in := map[string]any{"cid": uuid.NewString(), "text": "caption", "attachmentIds": []chat.AttachmentID{file.ID}}
	if err := alice.Client.Do(ctx(t), http.MethodPost, fmt.Sprintf("/rooms/%d/messages", room.ID), in, &out); err != nil || len(out.Message.Attachments) != 1 {
		t.Fatalf("message = %+v, %v, want one file", out.Message, err)
	}
	edit := fmt.Sprintf("/messages/%d", out.Message.ID)
	if err := alice.Client.Do(ctx(t), http.MethodPatch, edit, map[string]any{"text": " "}, &out); err != nil || out.Message.Text != "" || len(out.Message.Attachments) != 1 {
		t.Fatalf("without its caption = %+v, %v", out.Message, err)
	}
	words := alice.send(room.ID, "words")
	wantCode(t, alice.Client.Do(ctx(t), http.MethodPatch, fmt.Sprintf("/messages/%d", words.ID), map[string]any{"text": " "}, nil), chat.Empty)
}

func TestStorageOutageAffectsOnlyFiles(t *testing.T) {
	t.Parallel()
	d, server := embeddedWithStorage(t)
	alice := d.user("alice", 0)
	room := alice.room("Lobby", nil)
	kept := alice.attach("kept.txt", []byte("kept"))
	alice.Patience = 0
	server.Pause()
	defer server.Resume()
	for name, do := range map[string]func() int{
		"upload": func() int {
			answer, _ := alice.upload(http.MethodPost, "/uploads", "file", "x.bin", noise(2<<20))
			return answer.StatusCode
		},
		"file": func() int { answer, _ := alice.fetch(http.MethodGet, kept.URL); return answer.StatusCode },
	} {
		began := time.Now()
		if status, took := do(), time.Since(began); status != http.StatusServiceUnavailable || took > givenUp {
			t.Errorf("%s = %d after %s, want 503 within %s", name, status, took, givenUp)
		}
	}
	if _, err := alice.sendFiles(room.ID, uuid.NewString(), "still sent", kept); err != nil {
		t.Fatal(err)
	}
	server.Resume()
	alice.wantStatus(kept.URL, http.StatusOK)
}
