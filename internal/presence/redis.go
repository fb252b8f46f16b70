package presence

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/redisclient"
)

var _ chat.Presence = (*Redis)(nil)

// Redis is one node's presence in Redis. Its rooms are divided into partitions: one on a single Redis,
// 256 in a cluster, each with its own lease in its own slot. While a shard of a cluster is unavailable,
// presence is unknown in the rooms of its partitions only.
type Redis struct {
	client  redis.UniversalClient
	node    string
	metrics *metrics.Metrics
	layout  redisclient.Layout
	reload  func(context.Context)
	parts   []*partition
	outages outages
}

// NewRedis returns the presence of a node. No other process may use the same name.
func NewRedis(client *redisclient.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	return newRedis(client, client.Layout(), node, m, log)
}

func newRedis(client *redisclient.Client, layout redisclient.Layout, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	r := &Redis{client: client.UniversalClient, node: node, metrics: m, layout: layout, outages: outages{log: log}, reload: func(context.Context) {}}
	if client.Cluster != nil {
		r.reload = client.Cluster.ReloadState
	}
	for p := range layout.Partitions() {
		r.parts = append(r.parts, newPartition(r, namespace+layout.Tag(p)))
	}
	return r
}

const namespace = "chillin:presence:"

func (r *Redis) part(room chat.RoomID) *partition { return r.parts[r.layout.Of(int64(room))] }

// Enter records that user is in room with status.
func (r *Redis) Enter(room chat.RoomID, user chat.UserID, status chat.Status) {
	r.part(room).enter(room, user, status)
}

// Leave reverts Enter.
func (r *Redis) Leave(room chat.RoomID, user chat.UserID) { r.part(room).leave(room, user) }

// Queued returns the number of rooms with unwritten entries.
func (r *Redis) Queued() (rooms int) {
	for _, p := range r.parts {
		rooms += p.queued()
	}
	return rooms
}

// Fault returns the error of the last write, of any partition, or nil if all succeeded.
func (r *Redis) Fault() error {
	for _, p := range r.parts {
		if fault := p.fault.Load(); fault != nil {
			return *fault
		}
	}
	return nil
}

// Run renews this node's leases and writes its entries until ctx ends.
func (r *Redis) Run(ctx context.Context, changed func([]chat.RoomID)) error {
	var mu sync.Mutex
	serially := func(rooms []chat.RoomID) {
		mu.Lock()
		defer mu.Unlock()
		changed(rooms)
	}
	errs := make([]error, len(r.parts))
	var running sync.WaitGroup
	for i, p := range r.parts {
		running.Go(func() { errs[i] = p.run(ctx, serially) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// outages logs one line while writes fail in any partition.
type outages struct {
	log     *slog.Logger
	mu      sync.Mutex
	failing int
}

func (o *outages) begin(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing++; o.failing == 1 {
		o.log.Warn("write presence failed", "err", err)
	}
}

func (o *outages) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failing--
}
