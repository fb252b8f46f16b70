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

// Recover answers a request whose handler panics with INTERNAL, or cuts the connection
// if the answer has begun.
func (a *API) Recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &hashedBody{ReadCloser: r.Body}
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(value)
			}
			err := recovery.New(recovery.Request, body.name(r), value)
			if answer, ok := w.(middleware.WrapResponseWriter); ok && answer.Status() != 0 {
				a.panics().Report(r.Context(), err)
				panic(http.ErrAbortHandler)
			}
			a.Refuse(w, r, err)
		}()
		// Forms are hashed where they are read: they are too large to be hashed twice.
		if r.Body != nil && !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			r = r.WithContext(r.Context())
			r.Body = body
		}
		next.ServeHTTP(w, r)
	})
}

// hashedBody hashes what is read of a body.
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

// name names the request in the log: its method and address, and the body that was read.
func (b *hashedBody) name(r *http.Request) string {
	input := []byte(r.Method + " " + r.URL.RequestURI() + "\n")
	if b.hash != nil {
		input = append(input, hex.EncodeToString(b.hash.Sum(nil))...)
	}
	return recovery.Hash(input)
}
