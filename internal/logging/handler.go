// Package logging makes a node's log useful to operators: every line contains the ID of its request,
// and repeated problems are summarized instead of filling the disk.
package logging

import (
	"context"
	"log/slog"
)

// The attribute event=security marks possible attacks and actions of admins: see docs/operating.md.
const (
	Event    = "event"
	Security = "security"
)

// handler adds the attributes of the context and summarizes repeated problems.
type handler struct {
	next    slog.Handler
	repeats *repeats
}

// New returns a logger that writes to next. Call flush after the last line: it writes the remaining
// counts.
func New(next slog.Handler) (log *slog.Logger, flush func()) {
	r := &repeats{problems: map[string]*problem{}}
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
