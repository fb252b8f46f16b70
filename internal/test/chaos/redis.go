package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// RedisKind is the kind of Redis deployment of a rig.
type RedisKind string

// The kinds. The zero value is SingleRedis.
const (
	SingleRedis   RedisKind = "single"
	RedisCluster  RedisKind = "cluster"  // three masters with a replica each
	RedisSentinel RedisKind = "sentinel" // a primary and a replica with three Sentinels
)

// Redis is the Redis of a rig, of any kind.
type Redis struct {
	Kind     RedisKind
	Servers  []*testenv.RedisServer // without Sentinels
	Cluster  *testenv.RedisCluster
	Sentinel *testenv.RedisSentinel
}

// startRedis starts the servers. In a cluster and with Sentinels each server announces the address of a
// link, which all nodes use. A single Redis has a link for each node.
func (r *Rig) startRedis(kind RedisKind) (err error) {
	r.Redis = &Redis{Kind: kind}
	announce := func(addr string) (string, error) {
		k, err := r.link(addr)
		if err != nil {
			return "", err
		}
		r.ToRedis = append(r.ToRedis, k)
		return k.Addr, nil
	}
	switch kind {
	case RedisCluster:
		if r.Redis.Cluster, err = r.Env.RedisCluster(testenv.RedisClusterOptions{Replicas: true, Announce: announce}); err == nil {
			r.Redis.Servers = r.Redis.Cluster.Servers()
		}
	case RedisSentinel:
		if r.Redis.Sentinel, err = r.Env.RedisSentinel(testenv.RedisSentinelOptions{Announce: announce}); err == nil {
			r.Redis.Servers = r.Redis.Sentinel.Servers
		}
	case SingleRedis, "":
		var server *testenv.RedisServer
		if server, err = r.Env.Redis(); err == nil {
			r.Redis.Servers = []*testenv.RedisServer{server}
		}
	default:
		err = fmt.Errorf("%q is no kind of Redis", kind)
	}
	return err
}

// redisURL returns the REDIS_URL of the next node.
func (r *Rig) redisURL() (string, error) {
	switch {
	case r.Redis.Cluster != nil:
		return r.Redis.Cluster.URL(), nil
	case r.Redis.Sentinel != nil:
		return r.Redis.Sentinel.URL(), nil
	}
	server := r.Redis.Servers[0]
	k, err := r.link(server.Addr)
	if err != nil {
		return "", err
	}
	r.ToRedis = append(r.ToRedis, k)
	return strings.Replace(server.URL(), server.Addr, k.Addr, 1), nil
}

// each calls f for all servers and joins the errors.
func (r *Redis) each(f func(*testenv.RedisServer) error) error {
	errs := make([]error, len(r.Servers))
	for i, s := range r.Servers {
		errs[i] = f(s)
	}
	return errors.Join(errs...)
}

// Kill kills all servers, Start starts them again.
func (r *Redis) Kill() error { return r.each((*testenv.RedisServer).Kill) }

// Start starts all servers that do not run, and waits until they serve.
func (r *Redis) Start() error {
	err := r.each(func(s *testenv.RedisServer) error {
		if s.Running() {
			return nil
		}
		return s.Start()
	})
	return errors.Join(err, r.AwaitServing())
}

// AwaitServing waits until a cluster or the Sentinels agree on the primaries.
func (r *Redis) AwaitServing() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	switch {
	case r.Cluster != nil:
		return r.Cluster.AwaitAgreement(ctx)
	case r.Sentinel != nil:
		return r.Sentinel.AwaitAgreement(ctx)
	}
	return nil
}

// Restart stops and starts all servers.
func (r *Redis) Restart() error {
	return errors.Join(r.each((*testenv.RedisServer).Stop), r.Start())
}

// Pause suspends all servers.
func (r *Redis) Pause() {
	for _, s := range r.Servers {
		s.Pause()
	}
}

// Resume resumes them.
func (r *Redis) Resume() {
	for _, s := range r.Servers {
		s.Resume()
	}
}

// FlushAll removes all data.
func (r *Redis) FlushAll() error {
	return r.each(func(s *testenv.RedisServer) error {
		_, err := s.Command("FLUSHALL")
		if err != nil && strings.HasSuffix(err.Error(), "READONLY You can't write against a read only replica.") {
			return nil // a replica follows its primary
		}
		return err
	})
}
