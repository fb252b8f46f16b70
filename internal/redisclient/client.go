package redisclient

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// answerTimeout is the limit for dialing, writing and reading.
const answerTimeout = time.Second

// Client is an open client. Its embedded interface works with every kind.
type Client struct {
	redis.UniversalClient
	Kind Kind
	// DB is the number of the database, 0 in a cluster.
	DB int
	// Cluster is the client of a cluster, otherwise nil.
	Cluster *redis.ClusterClient
	// Server is the client of the server that is the primary now; nil in a cluster.
	Server *redis.Client
}

// Open returns a client. It connects when it is used.
func (a Address) Open() *Client {
	o := a.single
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = answerTimeout, answerTimeout, answerTimeout
	o.MaxRetries = -1 // events are best effort, so a retry is not worth the delay
	o.ContextTimeoutEnabled = true
	switch a.Kind {
	case Cluster:
		options := a.universal(o).Cluster()
		options.MaxRedirects = 2 // also the number of attempts at a dead server
		cluster := redis.NewClusterClient(options)
		return &Client{UniversalClient: cluster, Kind: Cluster, Cluster: cluster}
	case Sentinel:
		server := redis.NewFailoverClient(a.universal(o).Failover())
		return &Client{UniversalClient: server, Kind: Sentinel, DB: o.DB, Server: server}
	}
	server := redis.NewClient(&o)
	return &Client{UniversalClient: server, Kind: Single, DB: o.DB, Server: server}
}

// errIsCluster begins like the redirection of a cluster.
var errIsCluster = errors.New("MOVED: redis_mode is cluster")

// Check returns an error if Redis does not answer, or if it is a cluster and the address names a single
// server.
func (c *Client) Check(ctx context.Context) error {
	if err := c.Ping(ctx).Err(); err != nil || c.Kind != Single {
		return err
	}
	info, _ := c.Info(ctx, "server").Result() // a user may not read it
	if strings.Contains(info, "redis_mode:cluster") {
		return errIsCluster
	}
	return nil
}

// Answers returns an error if no server answers: in a cluster, if no shard does.
func (c *Client) Answers(ctx context.Context) error {
	if c.Cluster == nil {
		return c.Ping(ctx).Err()
	}
	var mu sync.Mutex
	var errs []error
	shards := 0
	err := c.Cluster.ForEachMaster(ctx, func(ctx context.Context, shard *redis.Client) error {
		err := shard.Ping(ctx).Err()
		mu.Lock()
		defer mu.Unlock()
		if shards++; err != nil {
			errs = append(errs, err)
		}
		return nil
	})
	if err == nil && len(errs) == shards {
		err = errors.Join(errs...)
	}
	return err
}

// WithoutRetries returns the address with one attempt to dial, for checks.
func (a Address) WithoutRetries() Address {
	a.single.DialerRetries = 1
	return a
}

// universal returns o as options for several servers.
func (a Address) universal(o redis.Options) *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs: a.hosts, MasterName: a.master, DB: o.DB, ClientName: o.ClientName, Protocol: o.Protocol,
		Username: o.Username, Password: o.Password, SentinelUsername: a.sentinelUser, SentinelPassword: a.sentinelPassword,
		MaxRetries: o.MaxRetries, MinRetryBackoff: o.MinRetryBackoff, MaxRetryBackoff: o.MaxRetryBackoff,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		// Another server may answer: a dead one is not worth several attempts.
		DialerRetries: 1, ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		PoolFIFO: o.PoolFIFO, PoolSize: o.PoolSize, PoolTimeout: o.PoolTimeout, MinIdleConns: o.MinIdleConns,
		MaxIdleConns: o.MaxIdleConns, MaxActiveConns: o.MaxActiveConns, MaxConcurrentDials: o.MaxConcurrentDials,
		PipelinePoolSize: o.PipelinePoolSize, PipelineReadBufferSize: o.PipelineReadBufferSize, PipelineWriteBufferSize: o.PipelineWriteBufferSize,
		ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		TLSConfig: o.TLSConfig,
	}
}

// OpenSentinels returns a client for each Sentinel of a, nil if there are none.
func (a Address) OpenSentinels() map[string]*redis.SentinelClient {
	if a.Kind != Sentinel {
		return nil
	}
	clients := make(map[string]*redis.SentinelClient, len(a.hosts))
	for _, host := range a.hosts {
		clients[host] = redis.NewSentinelClient(&redis.Options{
			Addr: host, Username: a.sentinelUser, Password: a.sentinelPassword, TLSConfig: a.single.TLSConfig,
			DialTimeout: answerTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout, MaxRetries: -1, DialerRetries: 1,
		})
	}
	return clients
}

// Master returns the name of the primary at its Sentinels.
func (a Address) Master() string { return a.master }
