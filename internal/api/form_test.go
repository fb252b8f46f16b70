package api

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// An upload may take longer than the server's timeouts, for the request and for the response.
func TestUploadHasItsOwnTimeout(t *testing.T) {
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
		t.Fatalf("response = %q, %v", got, err)
	}
}

// newFormServer returns a server that answers with the result of receiving a form.
func newFormServer(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form := Form{request: r, writer: w}
		upload, done, err := form.receive(1 << 20)
		if err != nil {
			fmt.Fprint(w, chat.CodeOf(err), " ", err)
			return
		}
		defer done()
		fmt.Fprint(w, upload.Name, " ", upload.Size)
	}))
	t.Cleanup(server.Close)
	return server
}

const partHead = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n"

func TestFormLimits(t *testing.T) {
	server := newFormServer(t)
	for name, c := range map[string]struct{ body, want string }{
		"a file":                   {partHead + "\r\n12345\r\n--b--", "x 5"},
		"file after other parts":   {strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n", 50) + partHead + "\r\n12345\r\n--b--", "x 5"},
		"too much before the file": {"--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n" + strings.Repeat("1", 200<<10) + "\r\n" + partHead + "\r\n12345\r\n--b--", "BAD_REQUEST"},
		"long header":              {partHead + "X: " + strings.Repeat("1", 200<<10) + "\r\n\r\n12345\r\n--b--", "BAD_REQUEST"},
		"too large":                {partHead + "\r\n" + strings.Repeat("1", 1<<20+1) + "\r\n--b--", "TOO_LARGE"},
	} {
		answer, err := http.Post(server.URL, "multipart/form-data; boundary=b", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || !bytes.HasPrefix(got, []byte(c.want)) {
			t.Errorf("%s: %.100s, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestStalledBodyIsRefused(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", strings.TrimPrefix(newFormServer(t).URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n%s\r\n123", partHead)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "too slow") {
		t.Errorf("response = %s, %v", answer, err)
	}
	if took := time.Since(began); took > 3*bodyStallTimeout {
		t.Errorf("refused after %s, want about %s", took, bodyStallTimeout)
	}
}

func TestBodyHasAMinimumRate(t *testing.T) {
	began := time.Now()
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		now  int
		n    int64
		want int
	}{
		{0, 0, 10},            // no bytes yet
		{1, 5 * minRate, 11},  // a pause of ten seconds, regardless of earlier bytes
		{12, 5 * minRate, 15}, // below the minimum rate
		{100, 999 * minRate, 110},
		{215, 999 * minRate, 220}, // the total limit
	} {
		b := minRateBody{began: began, end: at(220), n: c.n}
		if got := b.deadline(at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("after %d s and %d bytes: deadline = %s, want %d s", c.now, c.n, got.Sub(began), c.want)
		}
	}
}
