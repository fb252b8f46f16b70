package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestServe(t *testing.T) {
	built := fstest.MapFS{
		"index.html":       {Data: []byte("<title>Chillin")},
		"favicon.svg":      {Data: []byte("<svg/>")},
		"assets/app-1a.js": {Data: []byte("run()")},
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
