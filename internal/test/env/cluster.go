package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// ClusterOptions configure a Cluster.
type ClusterOptions struct {
	// Nodes is the number of nodes; 0 means 2.
	Nodes int
	// Durable makes Postgres sync every commit.
	Durable bool
	// Race builds the nodes with the race detector.
	Race bool
	// Named uses the servers of TEST_DATABASE_URL, TEST_REDIS_URL and TEST_S3_ENDPOINT, if set. The
	// test cannot control these servers.
	Named bool
	// Variables are set for every node, for example "LOG_LEVEL=debug".
	Variables []string
}

// Cluster is the whole product on one machine: nodes behind nginx, on Postgres, Redis and S3.
type Cluster struct {
	Engines Engines
	Nodes   []*Node
	Nginx   *Nginx
	// Binary is the path of the nodes' executable.
	Binary string

	// The processes of the engines; nil for named servers.
	Postgres    *PostgresServer
	Redis       *RedisServer
	ObjectStore *ObjectStore

	forget []func() error
}

// Cluster starts a cluster. The allowed origin of the nodes is that of nginx.
func (e *Env) Cluster(o ClusterOptions) (*Cluster, error) {
	c := &Cluster{}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var err error
	if c.Binary, err = e.Build(BuildOptions{Race: o.Race}); err != nil {
		return nil, err
	}
	if err := errors.Join(c.addDatabase(ctx, e, o), c.addRedis(ctx, e, o), c.addStore(ctx, e, o)); err != nil {
		return nil, errors.Join(err, c.Release())
	}
	if err := c.addNodes(e, o); err != nil {
		return nil, errors.Join(err, c.Release())
	}
	return c, nil
}

func (c *Cluster) addDatabase(ctx context.Context, e *Env, o ClusterOptions) (err error) {
	if admin := os.Getenv("TEST_DATABASE_URL"); o.Named && admin != "" {
		if c.Engines.Database, err = createDatabase(ctx, admin, ""); err == nil {
			c.forget = append(c.forget, func() error {
				return dropDatabase(context.Background(), admin, c.Engines.Database)
			})
		}
		return err
	}
	if c.Postgres, err = e.Postgres(PostgresOptions{Durable: o.Durable}); err != nil {
		return err
	}
	c.Engines.Database, err = c.Postgres.Create(ctx)
	return err
}

func (c *Cluster) addRedis(ctx context.Context, e *Env, o ClusterOptions) (err error) {
	if named := os.Getenv("TEST_REDIS_URL"); o.Named && named != "" {
		var release func() error
		if c.Engines.Redis, release, err = leaseRedis(ctx, named); err == nil {
			c.forget = append(c.forget, release)
		}
		return err
	}
	if c.Redis, err = e.Redis(); err != nil {
		return err
	}
	c.Engines.Redis = c.Redis.URL()
	return nil
}

func (c *Cluster) addStore(ctx context.Context, e *Env, o ClusterOptions) (err error) {
	if named := os.Getenv("TEST_S3_ENDPOINT"); o.Named && named != "" {
		if c.Engines.S3, err = createBucket(ctx, namedS3(named)); err == nil {
			c.forget = append(c.forget, func() error { return dropBucket(context.Background(), c.Engines.S3) })
		}
		return err
	}
	if c.ObjectStore, err = e.ObjectStore(); err != nil {
		return err
	}
	c.Engines.S3, err = c.ObjectStore.Create(ctx)
	return err
}

// addNodes starts nginx first: the nodes need its address as their origin, and nginx tolerates nodes
// that start later.
func (c *Cluster) addNodes(e *Env, o ClusterOptions) (err error) {
	count := o.Nodes
	if count == 0 {
		count = 2
	}
	for range count {
		n, err := e.nodeAt(c.Binary, c.Engines)
		if err != nil {
			return err
		}
		c.Nodes = append(c.Nodes, n)
	}
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr
	}
	if c.Nginx, err = e.NginxProxy(addrs...); err != nil {
		return err
	}
	for _, n := range c.Nodes {
		n.env = append(n.env, "CLIENT_ORIGIN="+c.Nginx.URL())
		n.env = append(n.env, o.Variables...)
		if err := e.add(n.Server); err != nil {
			return err
		}
	}
	return nil
}

// Release returns what was leased from named servers. Call it after the nodes have stopped.
func (c *Cluster) Release() error {
	errs := make([]error, len(c.forget))
	for i, f := range c.forget {
		errs[i] = f()
	}
	return errors.Join(errs...)
}

// Command returns the environment for a command that uses the cluster: BASE_URL is nginx, NODE1_URL,
// NODE2_URL, … are the nodes, CHILLIN is their executable.
func (c *Cluster) Command() []string {
	env := append(c.Engines.Variables(), "BASE_URL="+c.Nginx.URL(), "CHILLIN="+c.Binary)
	for i, n := range c.Nodes {
		env = append(env, fmt.Sprintf("NODE%d_URL=%s", i+1, n.URL()))
	}
	return env
}
