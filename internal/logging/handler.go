// Package logging makes a node's log useful to whoever operates it: every line names the
// request it belongs to, and a fault that repeats is summed up instead of filling the disk.
package logging

import (
	"context"
	"log/slog"
)

// The attribute event=security marks what may be an attack, and what admins did: see
// docs/operating.md.
const (
	Event    = "event"
	Security = "security"
)

// handler adds the attributes of the context and sums up repeated faults.
type handler struct {
	next    slog.Handler
	repeats *repeats
}

// New returns a logger that writes to next. Call flush when nothing will be logged any
// more: it writes the counts that are still open.
func New(next slog.Handler) (log *slog.Logger, flush func()) {
	r := &repeats{faults: map[string]*fault{}}
	return slog.New(handler{next, r}), r.flush
}

// Enabled implements slog.Handler.
func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if f := fieldsIn(ctx); f != nil {
		r = r.Clone()
		f.addTo(&r)
	}
	if h.repeats.counts(h.next, r) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.next.WithAttrs(attrs), h.repeats}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.next.WithGroup(name), h.repeats}
}
