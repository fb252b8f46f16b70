package logging

import (
	"context"
	"log/slog"
	"sync"
)

// fields are the attributes of all log lines of one request or connection.
type fields struct {
	parent *fields

	mu    sync.Mutex
	attrs []slog.Attr
}

type fieldsKey struct{}

func fieldsIn(ctx context.Context) *fields {
	f, _ := ctx.Value(fieldsKey{}).(*fields)
	return f
}

// With returns a context whose log lines have attrs, in addition to the attributes of ctx.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	return context.WithValue(ctx, fieldsKey{}, &fields{parent: fieldsIn(ctx), attrs: attrs})
}

// Carry returns to with the attributes of from, for work that outlives from.
func Carry(to, from context.Context) context.Context {
	return context.WithValue(to, fieldsKey{}, fieldsIn(from))
}

// Add adds attrs to the context that With created: to all later lines of the request, including those
// of outer handlers. Without With it does nothing.
func Add(ctx context.Context, attrs ...slog.Attr) {
	if f := fieldsIn(ctx); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.attrs = append(f.attrs, attrs...)
	}
}

// addTo appends the attributes to r, outermost first.
func (f *fields) addTo(r *slog.Record) {
	if f == nil {
		return
	}
	f.parent.addTo(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	r.AddAttrs(f.attrs...)
}
