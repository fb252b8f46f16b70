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

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/doctor"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	"github.com/chillin-chat/chillin/internal/wire"
)

// engines are what a node keeps its state in.
type engines struct {
	node     string
	store    *store.Store
	redis    *redis.Client // nil within one process
	bus      wire.Bus
	presence chat.Presence
	blobs    chat.Blobs
	s3       *blob.S3 // nil for files on disk
	// How the node's own work goes: see newHealth.
	writes        health.Experience // in the database
	fileWork      health.Experience
	busFault      func() error
	presenceFault func() error
	// queues returns the lengths of the queues of the bus and of presence.
	queues func() map[string]int

	closers []func() error
}

// close closes what was opened, the last first.
func (e *engines) close() error {
	var errs []error
	for _, closer := range slices.Backward(e.closers) {
		errs = append(errs, closer())
	}
	e.closers = nil
	return errors.Join(errs...)
}

func openEngines(ctx context.Context, c config.Config, stage *health.Stage, m *metrics.Metrics, log *slog.Logger) (_ *engines, err error) {
	e := &engines{node: nodeName()}
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

// checkTime is how long the check of one engine may take.
const checkTime = 2 * time.Second

// checkSettings returns an error if Redis or the object store refuses what the settings
// say. An engine that does not answer is no reason not to start: a node serves without it.
func (e *engines) checkSettings(ctx context.Context, c config.Config) error {
	if e.redis != nil {
		ping, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		if err := e.redis.Ping(ping).Err(); err != nil {
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
		err = e.s3.Ready(look) // makes the bucket
	}
	if err != nil {
		if cause := doctor.StorageCause(c.Storage, err); cause.Permanent {
			return fmt.Errorf("%s: %w", cause, err)
		}
	}
	return nil
}

// nodeName tells processes apart, also two lives of one machine.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + strings.ToLower(rand.Text()[:8])
}

func (e *engines) openStore(ctx context.Context, c config.Config, m *metrics.Metrics) (err error) {
	if e.store, err = openDatabase(ctx, c, store.Options{OnAppend: m.Batch, OnWrite: e.writes.Note, Node: e.node}); err != nil {
		return err
	}
	e.closers = append(e.closers, e.store.Close)
	m.Pools(e.store.Pools)
	return nil
}

func openDatabase(ctx context.Context, c config.Config, o store.Options) (*store.Store, error) {
	if c.Database.Engine == config.Postgres {
		return store.OpenPostgres(ctx, c.Database.DSN.Reveal(), o)
	}
	return store.OpenSQLite(ctx, c.DataDir, o)
}

func (e *engines) openRedis(c config.Config, m *metrics.Metrics, log *slog.Logger) error {
	if !c.Redis.Enabled() {
		b := bus.NewMemory(bus.NewExchange())
		e.bus, e.presence = b, presence.NewMemory(presence.NewBoard())
		e.queues = func() map[string]int { return map[string]int{"bus_received": b.Queued()} }
		return nil
	}
	options, err := redis.ParseURL(c.Redis.URL.Reveal())
	if err != nil {
		return fmt.Errorf("read REDIS_URL: %w", err)
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = time.Second, time.Second, time.Second
	options.MaxRetries = -1 // a hint is not worth waiting for
	options.ContextTimeoutEnabled = true
	e.redis = redis.NewClient(options)
	e.closers = append(e.closers, e.redis.Close)
	b, p := bus.NewRedis(e.redis, e.node, m, log), presence.NewRedis(e.redis, e.node, m, log)
	e.bus, e.busFault, e.presence, e.presenceFault = b, b.Fault, p, p.Fault
	e.queues = func() map[string]int {
		toPublish, received := b.Queued()
		return map[string]int{"bus_publish": toPublish, "bus_received": received, "presence": p.Queued()}
	}
	return nil
}

func (e *engines) openBlobs(c config.Config) error {
	if c.Storage.Kind == config.Disk {
		disk, err := blob.OpenDisk(filepath.Join(c.DataDir, "blobs"))
		e.blobs = notedBlobs{disk, &e.fileWork}
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
	e.s3, e.blobs = s3, notedBlobs{s3, &e.fileWork}
	return nil
}
