package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/doctor"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/redisclient"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

// engines are the database, Redis and the file storage of a node.
type engines struct {
	node     string
	store    *store.Store
	redis    *redisclient.Client // nil in embedded mode
	bus      wire.Bus
	presence chat.Presence
	blobs    chat.Blobs
	enqueued wake.Signal // sent after the store has queued jobs
	s3       *blob.S3    // nil if files are stored on disk
	// The results of the node's own operations, see newHealth.
	writes        health.LastResult // on the database
	blobOps       health.LastResult
	busError      func() error
	busDeaf       func() bool // no shard of Redis works
	presenceError func() error
	// queues returns the queue lengths of the bus and of presence.
	queues func() map[string]int

	closers []func() error
}

// close closes the engines in reverse order of opening.
func (e *engines) close() error {
	var errs []error
	for _, closer := range slices.Backward(e.closers) {
		errs = append(errs, closer())
	}
	e.closers = nil
	return errors.Join(errs...)
}

func openEngines(ctx context.Context, c config.Config, stage *health.Stage, m *metrics.Metrics, log *slog.Logger) (_ *engines, err error) {
	e := &engines{node: nodeName(), enqueued: wake.NewSignal()}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if err := migrateUp(ctx, c, stage, log); err != nil {
		return nil, err
	}
	if newest, err := schema.Newest(); err == nil {
		m.SchemaVersion.Set(float64(newest))
	}
	if err := e.openStore(ctx, c, m); err != nil {
		return nil, err
	}
	if err := e.openRedis(c, m, log); err != nil {
		return nil, err
	}
	if err := e.openBlobs(c); err != nil {
		return nil, err
	}
	return e, e.checkSettings(ctx, c)
}

// checkTime is the timeout of the check of one engine.
const checkTime = 2 * time.Second

// checkSettings returns an error if Redis or the object store rejects the settings. An engine that does
// not answer is not an error: a node can serve without it.
func (e *engines) checkSettings(ctx context.Context, c config.Config) error {
	if e.redis != nil {
		ping, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		if err := e.redis.Check(ping); err != nil {
			if cause := doctor.RedisCause(err); cause.Permanent {
				return fmt.Errorf("%s: %w", cause, err)
			}
		}
	}
	if e.s3 == nil {
		return nil
	}
	look, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	exists, err := e.s3.Present(look)
	if err == nil && !exists {
		err = e.s3.Ready(look) // creates the bucket
	}
	if err != nil {
		if cause := doctor.StorageCause(c.Storage, err); cause.Permanent {
			return fmt.Errorf("%s: %w", cause, err)
		}
	}
	return nil
}

// nodeName returns a name that is unique for every process, even for restarts on one machine.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + strings.ToLower(rand.Text()[:8])
}

func (e *engines) openStore(ctx context.Context, c config.Config, m *metrics.Metrics) (err error) {
	o := store.Options{OnAppend: m.Batch, OnWrite: e.writes.Record, OnEnqueue: e.enqueued.Send, Node: e.node, Replica: replicaOptions(c, m)}
	if e.store, err = openDatabase(ctx, c, o); err != nil {
		return err
	}
	e.closers = append(e.closers, e.store.Close)
	m.Pools(e.store.Pools)
	if o.Replica.DSN != "" {
		e.measureReplica(m)
	}
	return nil
}

func openDatabase(ctx context.Context, c config.Config, o store.Options) (*store.Store, error) {
	if c.Database.Engine == config.Postgres {
		o.Pooled, o.Direct = c.Database.Pooled, c.Database.Direct.Reveal()
		s, err := store.OpenPostgres(ctx, c.Database.DSN.Reveal(), o)
		if errors.Is(err, store.ErrOtherDatabase) {
			err = fmt.Errorf("DATABASE_REPLICA_URL: %w", err)
		}
		return s, err
	}
	return store.OpenSQLite(ctx, c.DataDir, o)
}

func (e *engines) openRedis(c config.Config, m *metrics.Metrics, log *slog.Logger) error {
	if !c.Redis.Enabled() {
		b := bus.NewMemory(bus.NewExchange())
		e.bus, e.presence = b, presence.NewMemory(presence.NewRegistry())
		e.queues = func() map[string]int { return map[string]int{"bus_received": b.Queued()} }
		return nil
	}
	address, err := redisclient.Parse(c.Redis.URL.Reveal())
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	e.redis = address.Open()
	e.closers = append(e.closers, e.redis.Close)
	b, p := bus.NewRedis(e.redis, e.node, m, log), presence.NewRedis(e.redis, e.node, m, log)
	e.bus, e.busError, e.busDeaf, e.presence, e.presenceError = b, b.Fault, b.Deaf, p, p.Fault
	e.queues = func() map[string]int {
		toPublish, received := b.Queued()
		return map[string]int{"bus_publish": toPublish, "bus_received": received, "presence": p.Queued()}
	}
	return nil
}

func (e *engines) openBlobs(c config.Config) error {
	if c.Storage.Kind == config.Disk {
		disk, err := blob.OpenDisk(filepath.Join(c.DataDir, "blobs"))
		e.blobs = observedBlobs{disk, &e.blobOps}
		return err
	}
	s3, err := blob.NewS3(blob.S3Options{
		Endpoint: c.Storage.Endpoint, Secure: c.Storage.Secure, AccessKey: c.Storage.AccessKey,
		SecretKey: c.Storage.SecretKey.Reveal(), Bucket: c.Storage.Bucket, Region: c.Storage.Region,
	})
	if err != nil {
		return err
	}
	e.closers = append(e.closers, func() error { s3.Close(); return nil })
	e.s3, e.blobs = s3, observedBlobs{s3, &e.blobOps}
	return nil
}
