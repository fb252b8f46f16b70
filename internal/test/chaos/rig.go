package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// nodes is the number of nodes in a rig.
const nodes = 3

// RigOptions configure a rig.
type RigOptions struct {
	// Binary is the node's executable; "" builds it from this tree.
	Binary string
	// Disk, if not 0, puts Postgres on a separate disk of this many bytes, which can be filled.
	Disk int64
	// Redis is the kind of Redis.
	Redis RedisKind
	// Pooled puts PgBouncer between the nodes and Postgres, and Replica gives them a standby to read from.
	Pooled, Replica bool
	// Balancing is how nginx chooses a node; "" is the default in nginx.conf.
	Balancing testenv.Balancing
}

// Rig is the whole product, with everything needed to inject faults.
type Rig struct {
	Env      *testenv.Env
	Postgres *testenv.PostgresServer
	Pooler   *testenv.PgBouncer      // nil without one
	Standby  *testenv.PostgresServer // nil without one
	Redis    *Redis
	S3       *testenv.ObjectStore
	Nodes    []*testenv.Node
	Nginx    *testenv.Nginx
	// ToPostgres are the links of each node, ToRedis those of each node, or of each server of Redis.
	ToPostgres []*Link
	ToRedis    []*Link
	// Database is the DSN that connects directly to Postgres.
	Database string
	// Mount is the mount point of the disk of Postgres, or "" without one.
	Mount string

	closers []func() error
}

// NewRig starts a rig.
func NewRig(ctx context.Context, o RigOptions) (_ *Rig, err error) {
	r := &Rig{}
	if r.Env, err = testenv.Open(""); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := r.startEngines(ctx, o); err != nil {
		return nil, err
	}
	if o.Binary == "" {
		if o.Binary, err = r.Env.Build(testenv.BuildOptions{}); err != nil {
			return nil, err
		}
	}
	return r, r.startNodes(ctx, o)
}

func (r *Rig) startEngines(ctx context.Context, o RigOptions) (err error) {
	options := testenv.PostgresOptions{Durable: true}
	if o.Disk > 0 {
		options.Prepare = func(dir string) error { return r.mount(dir, o.Disk) }
	}
	if r.Postgres, err = r.Env.Postgres(options); err != nil {
		return err
	}
	if r.Database, err = r.Postgres.Create(ctx); err != nil {
		return err
	}
	if o.Pooled {
		if r.Pooler, err = r.Env.PgBouncer(r.Database, testenv.PgBouncerOptions{}); err != nil {
			return err
		}
	}
	if o.Replica {
		if r.Standby, err = r.Env.Standby(r.Postgres, testenv.PostgresOptions{}); err != nil {
			return err
		}
	}
	if err = r.startRedis(o.Redis); err != nil {
		return err
	}
	r.S3, err = r.Env.ObjectStore()
	return err
}

// database returns the address and the DSN of the database for the nodes, and further settings.
func (r *Rig) database() (addr, dsn string, settings []string, err error) {
	addr, dsn = r.Postgres.Addr, r.Database
	if r.Pooler != nil {
		addr = r.Pooler.Addr
		if dsn, err = r.Pooler.Through(r.Database); err != nil {
			return "", "", nil, err
		}
		settings = append(settings, "DATABASE_POOLER=transaction", "DATABASE_DIRECT_URL="+r.Database)
	}
	if r.Standby != nil {
		replica, err := r.Standby.At(r.Database)
		if err != nil {
			return "", "", nil, err
		}
		settings = append(settings, "DATABASE_REPLICA_URL="+replica)
	}
	return addr, dsn, settings, nil
}

// mount mounts a separate file system at dir.
func (r *Rig) mount(dir string, size int64) error {
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d,mode=755", size), "tmpfs", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mount a disk for Postgres: %w: %s", err, out)
	}
	r.Mount = dir
	r.closers = append(r.closers, func() error {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			return fmt.Errorf("unmount the disk of Postgres: %w: %s", err, out)
		}
		return nil
	})
	return nil
}

func (r *Rig) startNodes(ctx context.Context, o RigOptions) error {
	bucket, err := r.S3.Create(ctx)
	if err != nil {
		return err
	}
	database, dsn, settings, err := r.database()
	if err != nil {
		return err
	}
	var addrs []string
	for range nodes {
		toPostgres, err := r.link(database)
		if err != nil {
			return err
		}
		redisURL, err := r.redisURL()
		if err != nil {
			return err
		}
		r.ToPostgres = append(r.ToPostgres, toPostgres)
		engines := testenv.Engines{
			Database: strings.Replace(dsn, database, toPostgres.Addr, 1),
			Redis:    redisURL,
			S3:       bucket,
		}
		n, err := r.Env.Node(o.Binary, engines, append(settings, "RATE_LIMIT_MESSAGES=10000", "RATE_LIMIT_AUTH=100000",
			"RATE_LIMIT_JOINS=10000", "RATE_LIMIT_ROOMS=10000", "MAX_SOCKETS_PER_IP=100000", "LOG_LEVEL=info")...)
		if err != nil {
			return err
		}
		r.Nodes, addrs = append(r.Nodes, n), append(addrs, n.Addr)
	}
	r.Nginx, err = r.Env.NginxBalancing(cmp.Or(o.Balancing, testenv.IPHash), addrs...)
	return err
}

func (r *Rig) link(target string) (*Link, error) {
	k, err := NewLink(target)
	if err == nil {
		r.closers = append(r.closers, func() error { k.Close(); return nil })
	}
	return k, err
}

// Targets returns the servers for clients: nginx for half of them, otherwise a node directly.
func (r *Rig) Targets() []string {
	var targets []string
	for _, n := range r.Nodes {
		targets = append(targets, r.Nginx.URL(), n.URL())
	}
	return targets
}

// Heal reverts everything that a scenario may have left broken.
func (r *Rig) Heal() error {
	for _, k := range append(append([]*Link{}, r.ToPostgres...), r.ToRedis...) {
		k.SetDelay(0, 0, 0)
		k.DropCommitReplies(0, false)
		k.mu.Lock()
		k.refuses = false
		k.mu.Unlock()
	}
	var errs []error
	servers := []*testenv.Server{r.Postgres.Server, r.S3.Server}
	for _, s := range r.Redis.Servers {
		servers = append(servers, s.Server)
	}
	if r.Pooler != nil {
		servers = append(servers, r.Pooler.Server)
	}
	if r.Standby != nil {
		servers = append(servers, r.Standby.Server)
	}
	for _, n := range r.Nodes {
		servers = append(servers, n.Server)
	}
	for _, s := range append(servers, r.Nginx.Server) {
		s.Resume()
		if !s.Running() {
			errs = append(errs, s.Start())
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		errs = append(errs, s.AwaitReady(ctx))
		cancel()
	}
	return errors.Join(append(errs, r.Redis.AwaitServing())...)
}

// Logs returns the last lines of every node.
func (r *Rig) Logs(lines int) string {
	var all strings.Builder
	for _, n := range r.Nodes {
		fmt.Fprintf(&all, "--- %s\n%s\n", n.Name, n.Tail(lines))
	}
	return all.String()
}

// Close stops everything.
func (r *Rig) Close() error {
	var errs []error
	for _, n := range r.Nodes {
		errs = append(errs, n.Stop())
	}
	if r.Postgres != nil {
		errs = append(errs, r.Postgres.Stop())
	}
	for _, closeIt := range slices.Backward(r.closers) {
		errs = append(errs, closeIt())
	}
	return errors.Join(append(errs, r.Env.Close())...)
}
