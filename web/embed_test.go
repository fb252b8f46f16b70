package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

func TestServe(t *testing.T) {
	built := fstest.MapFS{
		"index.html":       {Data: []byte("<title>Chillin")},
		"favicon.svg":      {Data: []byte("<svg/>")},
		"assets/app-1a.js": {Data: []byte("run()")},
		"assets/raw.br":    {Data: []byte("not a form of another file")},
	}
	for _, c := range []struct {
		name, method, path string
		root               fstest.MapFS
		status             int
		cache, body        string
	}{
		{"the page is never kept", "GET", "/", built, 200, "no-cache", "<title>Chillin"},
		{"the page by its name too", "GET", "/index.html", built, 200, "no-cache", "<title>Chillin"},
		{"a page of the client is the same page", "GET", "/rooms/7", built, 200, "no-cache", "<title>Chillin"},
		{"a hashed file is kept for ever", "GET", "/assets/app-1a.js", built, 200, "public, max-age=31536000, immutable", "run()"},
		{"a file that only looks compressed", "GET", "/assets/raw.br", built, 200, "public, max-age=31536000, immutable", "not a form"},
		{"another file is asked for again", "GET", "/favicon.svg", built, 200, "no-cache", "<svg/>"},
		{"a hashed file of an older build is missing", "GET", "/assets/app-00.js", built, 404, "", "not found"},
		{"a folder is not listed", "GET", "/assets", built, 200, "no-cache", "<title>Chillin"},
		{"a path out of the folder is a page", "GET", "/../../etc/passwd", built, 200, "no-cache", "<title>Chillin"},
		{"nothing is posted here", "POST", "/", built, 405, "", "Method"},
		{"without a build it says how to build", "GET", "/", fstest.MapFS{}, 503, "no-cache", "make run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			serve(c.root).ServeHTTP(answer, httptest.NewRequest(c.method, c.path, http.NoBody))
			if answer.Code != c.status || answer.Header().Get("Cache-Control") != c.cache || !strings.Contains(answer.Body.String(), c.body) {
				t.Fatalf("%s %s = %d, %q, %q; want %d, %q, …%q…", c.method, c.path, answer.Code,
					answer.Header().Get("Cache-Control"), answer.Body, c.status, c.cache, c.body)
			}
		})
	}
}

func TestCompressedForms(t *testing.T) {
	root := fstest.MapFS{
		"index.html":    {Data: []byte("plain page")},
		"index.html.gz": {Data: []byte("gz page")},
		"assets/a.js":   {Data: []byte("plain script")}, "assets/a.js.gz": {Data: []byte("gz script")}, "assets/a.js.br": {Data: []byte("br script")},
		"assets/a.png": {Data: []byte("picture")},
	}
	for _, c := range []struct{ path, accepts, encoding, body string }{
		{"/assets/a.js", "", "", "plain script"},
		{"/assets/a.js", "gzip, deflate, br, zstd", "br", "br script"},
		{"/assets/a.js", "gzip, deflate", "gzip", "gz script"},
		{"/assets/a.js", "BR;q=0.5 , gzip;q=1.0", "br", "br script"},
		{"/assets/a.js", "br;q=0, gzip", "gzip", "gz script"},
		{"/assets/a.js", "br;q=x, gzip; q=0.000", "", "plain script"},
		{"/assets/a.js", "brotli, xgzip", "", "plain script"},
		{"/assets/a.js.br", "br", "", "404 page not found\n"},
		{"/assets/a.png", "br, gzip", "", "picture"},
		{"/rooms/7", "br, gzip", "gzip", "gz page"},
		{"/index.html.gz", "gzip", "gzip", "gz page"}, // a page of the client, like any other path
	} {
		request := httptest.NewRequest("GET", c.path, http.NoBody)
		request.Header.Set("Accept-Encoding", c.accepts)
		answer := httptest.NewRecorder()
		serve(root).ServeHTTP(answer, request)
		if got := answer.Header().Get("Content-Encoding"); got != c.encoding || answer.Body.String() != c.body {
			t.Errorf("%s with %q = %q, %q; want %q, %q", c.path, c.accepts, got, answer.Body, c.encoding, c.body)
		}
		if varies := answer.Header().Get("Vary") == "Accept-Encoding"; varies != (strings.HasSuffix(c.path, ".js") || c.encoding != "") {
			t.Errorf("%s with %q: Vary = %q", c.path, c.accepts, answer.Header().Get("Vary"))
		}
	}
}

func TestAnUnchangedPageIsNotSentAgain(t *testing.T) {
	root := fstest.MapFS{"index.html": {Data: []byte("page")}}
	first := httptest.NewRecorder()
	serve(root).ServeHTTP(first, httptest.NewRequest("GET", "/", http.NoBody))
	request := httptest.NewRequest("GET", "/", http.NoBody)
	request.Header.Set("If-None-Match", first.Header().Get("ETag"))
	again := httptest.NewRecorder()
	serve(root).ServeHTTP(again, request)
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Fatalf("status %d with %d bytes, want 304 with none", again.Code, again.Body.Len())
	}
}

// TestTheBuildIsCompressed looks at the client inside this binary, where it was built.
func TestTheBuildIsCompressed(t *testing.T) {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		t.Fatal(err)
	}
	files, err := readFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range files {
		if path.Ext(name) == ".js" && len(f.forms) != 1+len(encodings) {
			t.Errorf("%s has %d forms, want plain, gzip and br", name, len(f.forms))
		}
	}
}
