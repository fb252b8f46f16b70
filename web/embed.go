// Package web contains the built browser client and serves it.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// dist is the output of `npm run build`. A checkout without it has only .gitkeep.
//
//go:embed all:dist
var dist embed.FS

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chillin</title>
<h1>The web client is not built</h1>
<p>This server runs, and its API answers under /api/v1. To get the page, stop it and run <code>make run</code>,
or build the client alone with <code>npm --prefix web ci &amp;&amp; npm --prefix web run build</code> and start again.</p>
`

// The build compresses every text file once (vite.config.ts): compressing per request
// would let a few clients that ask in a loop occupy the processors. Best first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// Handler serves the client. Files with hashed names may be cached permanently,
// index.html must be revalidated. A path that is no file is a page of the client.
func Handler() http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil { // the folder is part of the binary
		panic(err)
	}
	return serve(root)
}

func serve(root fs.FS) http.Handler {
	files, err := readFiles(root)
	if err != nil { // it is in memory
		panic(err)
	}
	index, built := files["index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		f, found := files[name]
		switch {
		case found:
			f.serve(w, r)
		case strings.HasPrefix(name, "assets/"):
			http.NotFound(w, r) // of an older build: a page in its place would be run as a script
		case built:
			index.serve(w, r)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(notBuilt)) // the client has disconnected
		}
	})
}

// file is a file of the client with its compressed forms.
type file struct {
	contentType string
	cache       string // Cache-Control
	forms       []form // best first; the last one is not compressed
}

type form struct {
	encoding string // "" for none
	body     []byte
	etag     string
}

// readFiles returns the files of root by name. A compressed form belongs to the file
// that it was made from and has no address of its own.
func readFiles(root fs.FS) (map[string]*file, error) {
	files := map[string]*file{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isForm(root, name) {
			return err
		}
		f := &file{contentType: mime.TypeByExtension(path.Ext(name)), cache: "no-cache"}
		if strings.HasPrefix(name, "assets/") {
			f.cache = "public, max-age=31536000, immutable"
		}
		for _, e := range encodings {
			if body, err := fs.ReadFile(root, name+e.suffix); err == nil {
				f.add(e.name, body)
			}
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		f.add("", body)
		files[name] = f
		return nil
	})
	return files, err
}

// isForm reports whether name is the compressed form of another file.
func isForm(root fs.FS, name string) bool {
	for _, e := range encodings {
		if plain, ok := strings.CutSuffix(name, e.suffix); ok {
			if _, err := fs.Stat(root, plain); err == nil {
				return true
			}
		}
	}
	return false
}

func (f *file) add(encoding string, body []byte) {
	sum := sha256.Sum256(body)
	f.forms = append(f.forms, form{encoding, body, `"` + hex.EncodeToString(sum[:12]) + `"`})
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	best := f.forms[len(f.forms)-1]
	for _, form := range f.forms {
		if form.encoding == "" || accepts(r, form.encoding) {
			best = form
			break
		}
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cache)
	h.Set("ETag", best.etag)
	if len(f.forms) > 1 {
		h.Add("Vary", "Accept-Encoding")
	}
	if best.encoding != "" {
		h.Set("Content-Encoding", best.encoding)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(best.body))
}

// accepts reports whether the client takes encoding: it is named in Accept-Encoding
// and not refused there with q=0.
func accepts(r *http.Request, encoding string) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(line, ",") {
			name, parameter, _ := strings.Cut(item, ";")
			if !strings.EqualFold(strings.TrimSpace(name), encoding) {
				continue
			}
			q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !ok || err == nil && weight > 0
		}
	}
	return false
}
