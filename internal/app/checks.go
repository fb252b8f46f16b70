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

// newHealth returns the health checks of each configured engine: it must answer, and the node's own
// operations on it must succeed.
func (a *App) newHealth(m *metrics.Metrics) *health.Health {
	e := a.engines
	checks := []health.Check{
		{Name: "database", Probe: func(ctx context.Context) error { return e.checkDatabase(ctx) }},
		{Name: "storage", Probe: func(ctx context.Context) error { return errors.Join(e.blobs.Ready(ctx), e.blobOps.Err()) }},
	}
	if _, ok := e.store.Replica(); ok {
		checks = append(checks, health.Check{Name: "replica", Probe: e.checkReplica})
	}
	if e.redis != nil {
		checks = append(checks, health.Check{Name: "redis", Probe: e.checkRedis})
	}
	return health.New(a.log, m.Engine, checks...)
}

func (e *engines) checkDatabase(ctx context.Context) error {
	err := e.store.Ready(ctx)
	switch {
	case errors.Is(err, store.ErrReadOnly):
		return health.WithReason("read-only", err)
	case errors.Is(err, store.ErrNotDurable):
		return health.WithReason("not durable", err)
	}
	if err != nil {
		return err
	}
	if err := e.writes.Err(); err != nil {
		return health.WithReason("writes fail", err)
	}
	return nil
}

// checkRedis pings Redis and then checks the bus and presence: Redis may answer although this node
// receives no messages over it. Of a cluster one shard must answer; a failed one has its own reason,
// because only its rooms are affected.
func (e *engines) checkRedis(ctx context.Context) error {
	if err := e.redis.Answers(ctx); err != nil {
		return err
	}
	err := e.busError()
	if errors.Is(err, bus.ErrStarting) {
		return health.ErrStarting
	}
	if err != nil && !e.busDeaf() {
		return health.WithReason("shard fails", err)
	}
	if err != nil {
		return health.WithReason("deaf", err)
	}
	if err := e.presenceError(); err != nil {
		return health.WithReason("writes fail", err)
	}
	return nil
}

// observedBlobs records the results of blob operations.
type observedBlobs struct {
	chat.Blobs
	work *health.LastResult
}

func (b observedBlobs) note(err error) error {
	if err == nil || chat.CodeOf(err) == chat.Unavailable {
		b.work.Record(err)
	}
	return err
}

// Put implements chat.Blobs.
func (b observedBlobs) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	return b.note(b.Blobs.Put(ctx, key, r, size, contentType))
}

// Get implements chat.Blobs.
func (b observedBlobs) Get(ctx context.Context, key string) (chat.Blob, error) {
	blob, err := b.Blobs.Get(ctx, key)
	return blob, b.note(err)
}

// Delete implements chat.Blobs.
func (b observedBlobs) Delete(ctx context.Context, key string) error {
	return b.note(b.Blobs.Delete(ctx, key))
}
