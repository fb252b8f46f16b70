// Package web holds the built browser client and serves it.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist is what `npm run build` makes. A checkout without it has only .gitkeep.
//
//go:embed all:dist
var dist embed.FS

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chillin</title>
<h1>The web client is not built</h1>
<p>This server runs, and its API answers under /api/v1. To get the page, stop it and run <code>make run</code>,
or build the client alone with <code>npm --prefix web ci &amp;&amp; npm --prefix web run build</code> and start again.</p>
`

// Handler serves the client: files with hashed names may be kept for ever,
// index.html never. Paths that are no file are the client's own pages.
func Handler() http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil { // the folder is part of the binary
		panic(err)
	}
	return serve(root)
}

func serve(root fs.FS) http.Handler {
	files := http.FileServerFS(root)
	index, err := fs.ReadFile(root, "index.html")
	built := err == nil
	if !built {
		index = []byte(notBuilt)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		asset := strings.HasPrefix(name, "assets/")
		if info, err := fs.Stat(root, name); name != "index.html" && err == nil && !info.IsDir() {
			if asset {
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			} else {
				w.Header().Set("Cache-Control", "no-cache")
			}
			files.ServeHTTP(w, r)
			return
		}
		if asset {
			http.NotFound(w, r) // of an older build: a page in its place would be run as a script
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		if !built {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write(index) // the client has gone
	})
}
