package api

import (
	"context"
	"net/http"
	"strings"
)

// contentPolicy lets the page load only what this server serves: no inline scripts, no inline styles,
// no framing.
const contentPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

// RequestHeaders are the request headers that pages of other allowed origins may send, in addition to
// those that need no permission. ResponseHeaders are those that they may read.
var (
	RequestHeaders  = []string{"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "If-Range", "Range", "X-Request-ID"}
	ResponseHeaders = []string{"Retry-After", "ETag", "Content-Disposition", "Content-Range", "Accept-Ranges"}
)

// Headers sets the headers of every response and stores the client's origin in the context.
func (a *API) Headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure := a.Secure(r)
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		limitRanges(r)
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		ctx := context.WithValue(r.Context(), originKey{}, origin{a.ClientIP(r).String(), secure})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// maxRanges is the largest number of ranges in one request. Each range costs a separate read, with S3 a
// separate request.
const maxRanges = 8

// limitRanges ignores a Range header with too many ranges, as RFC 9110 allows: the response is the
// whole file.
func limitRanges(r *http.Request) {
	if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
		r.Header.Del("Range")
	}
}

type originKey struct{}

type origin struct {
	ip     string
	secure bool
}

func originOf(ctx context.Context) (ip string, secure bool) {
	o, _ := ctx.Value(originKey{}).(origin)
	return o.ip, o.secure
}
