package app

import (
	"context"
	"errors"
	"io"

	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/store"
)

// newHealth checks each configured engine: whether it answers, and how the node's own work
// with it goes.
func (a *App) newHealth(m *metrics.Metrics) *health.Health {
	e := a.engines
	checks := []health.Check{
		{Name: "database", Probe: func(ctx context.Context) error { return e.checkDatabase(ctx) }},
		{Name: "storage", Probe: func(ctx context.Context) error { return errors.Join(e.blobs.Ready(ctx), e.fileWork.Err()) }},
	}
	if e.redis != nil {
		checks = append(checks, health.Check{Name: "redis", Probe: e.checkRedis})
	}
	return health.New(a.log, m.Engine, checks...)
}

func (e *engines) checkDatabase(ctx context.Context) error {
	err := e.store.Ready(ctx)
	if errors.Is(err, store.ErrReadOnly) {
		return health.Because("read-only", err)
	}
	if err != nil {
		return err
	}
	if err := e.writes.Err(); err != nil {
		return health.Because("writes fail", err)
	}
	return nil
}

// checkRedis asks Redis and then the bus and presence: a Redis that answers may still be
// one over which this node hears nothing.
func (e *engines) checkRedis(ctx context.Context) error {
	if err := e.redis.Ping(ctx).Err(); err != nil {
		return err
	}
	err := e.busFault()
	if errors.Is(err, bus.ErrStarting) {
		return health.ErrStarting
	}
	if err != nil {
		return health.Because("deaf", err)
	}
	if err := e.presenceFault(); err != nil {
		return health.Because("writes fail", err)
	}
	return nil
}

// notedBlobs notes how the work with blobs goes.
type notedBlobs struct {
	chat.Blobs
	work *health.Experience
}

func (b notedBlobs) note(err error) error {
	if err == nil || chat.CodeOf(err) == chat.Unavailable {
		b.work.Note(err)
	}
	return err
}

// Put implements chat.Blobs.
func (b notedBlobs) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	return b.note(b.Blobs.Put(ctx, key, r, size, contentType))
}

// Get implements chat.Blobs.
func (b notedBlobs) Get(ctx context.Context, key string) (chat.Blob, error) {
	blob, err := b.Blobs.Get(ctx, key)
	return blob, b.note(err)
}

// Delete implements chat.Blobs.
func (b notedBlobs) Delete(ctx context.Context, key string) error {
	return b.note(b.Blobs.Delete(ctx, key))
}
