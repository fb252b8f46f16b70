package api

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/chillin-chat/chillin/internal/recovery"
)

func (a *API) panics() recovery.Reporter {
	return recovery.Reporter{Count: a.Metrics.Panicked, Log: a.Log}
}

// Recover answers a request whose handler panics with INTERNAL, or closes the connection if the
// response has begun.
func (a *API) Recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &hashedBody{ReadCloser: r.Body}
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
				panic(value)
			}
			err := recovery.New(recovery.Request, body.inputHash(r), value)
			if answer, ok := w.(middleware.WrapResponseWriter); ok && answer.Status() != 0 {
				a.panics().Report(r.Context(), err)
				panic(http.ErrAbortHandler)
			}
			a.WriteError(w, r, err)
		}()
		// The bodies of forms are not hashed: they are too large.
		if r.Body != nil && !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			r = r.WithContext(r.Context())
			r.Body = body
		}
		next.ServeHTTP(w, r)
	})
}

// hashedBody hashes the part of a body that was read.
type hashedBody struct {
	io.ReadCloser
	hash hash.Hash // nil until something was read
}

func (b *hashedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		if b.hash == nil {
			b.hash = sha256.New()
		}
		b.hash.Write(p[:n])
	}
	return n, err
}

// inputHash returns the hash that identifies the request in the log: its method, URL and the body that
// was read.
func (b *hashedBody) inputHash(r *http.Request) string {
	input := []byte(r.Method + " " + r.URL.RequestURI() + "\n")
	if b.hash != nil {
		input = append(input, hex.EncodeToString(b.hash.Sum(nil))...)
	}
	return recovery.Hash(input)
}
