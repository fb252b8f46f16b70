package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// SentinelMaster is the name of the primary at its Sentinels.
const SentinelMaster = "mymaster"

// RedisSentinel is a primary with a replica, watched by three Sentinels.
type RedisSentinel struct {
	// Servers are the primary at the start and its replica.
	Servers   []*RedisServer
	Sentinels []*RedisServer
}

// RedisSentinelOptions configure a RedisSentinel.
type RedisSentinelOptions struct {
	// Announce returns the address at which clients, Sentinels and replicas reach the server at addr;
	// nil means addr itself.
	Announce func(addr string) (string, error)
}

// RedisSentinel starts the servers and waits until the Sentinels know the replica and each other. They
// replace a primary that does not answer for a second.
func (e *Env) RedisSentinel(o RedisSentinelOptions) (*RedisSentinel, error) {
	s := &RedisSentinel{}
	// With a configuration file, into which the Sentinels write the roles, a restart keeps them.
	primary, err := e.redisAt(o.Announce, "replica", "--repl-diskless-sync-delay", "0")
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(primary.Public)
	replica, err := e.redisAt(o.Announce, "replica", "--repl-diskless-sync-delay", "0", "--replicaof", host, port)
	if err != nil {
		return nil, err
	}
	s.Servers = []*RedisServer{primary, replica}
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	if err := replica.awaitLink(ctx); err != nil {
		return nil, err
	}
	for range 3 {
		sentinel, err := e.sentinel(primary.Public)
		if err != nil {
			return nil, err
		}
		s.Sentinels = append(s.Sentinels, sentinel)
	}
	return s, s.AwaitAgreement(ctx)
}

// sentinel starts one Sentinel.
func (e *Env) sentinel(primary string) (*RedisServer, error) {
	path, err := program("redis-server", redisPackage)
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("sentinel")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, ownPort, _ := net.SplitHostPort(addr)
	host, port, _ := net.SplitHostPort(primary)
	config := filepath.Join(dir, "sentinel.conf") // a Sentinel writes its state into its configuration
	text := fmt.Sprintf(`port %s
bind 127.0.0.1
dir %s
sentinel monitor %[3]s %s %s 2
sentinel down-after-milliseconds %[3]s 1000
sentinel failover-timeout %[3]s 4000
`, ownPort, dir, SentinelMaster, host, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration of %s: %w", name, err)
	}
	r := &RedisServer{Server: &Server{
		Name: name, Addr: addr, dir: dir, path: path, args: []string{config, "--sentinel"}, quit: syscall.SIGTERM,
	}, Public: addr}
	r.ready = func(ctx context.Context) error { return redisPing(ctx, addr) }
	return r, e.add(r.Server)
}

// AwaitAgreement waits until every Sentinel knows a primary that answers, its replica and the others.
func (s *RedisSentinel) AwaitAgreement(ctx context.Context) error {
	return poll(ctx, func() error {
		for _, sentinel := range s.Sentinels {
			info, err := sentinel.Command("INFO", "sentinel")
			if err != nil {
				return err
			}
			if !strings.Contains(info, "status=ok") || !strings.Contains(info, "slaves=1") || !strings.Contains(info, "sentinels=3") {
				return fmt.Errorf("%s: %s", sentinel.Name, info)
			}
		}
		return nil
	})
}

// URL returns redis+sentinel://host:port,…/mymaster/0.
func (s *RedisSentinel) URL() string {
	return "redis+sentinel://" + strings.Join(publicAddrs(s.Sentinels), ",") + "/" + SentinelMaster + "/0"
}

// Primary returns the server that the Sentinels name.
func (s *RedisSentinel) Primary() (*RedisServer, error) {
	var errs []error
	for _, sentinel := range s.Sentinels {
		answer, err := sentinel.Command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SentinelMaster)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		addr := strings.Join(strings.Split(answer, "\n"), ":")
		for _, r := range s.Servers {
			if r.Public == addr {
				return r, nil
			}
		}
	}
	return nil, fmt.Errorf("find the primary: %w", errors.Join(errs...))
}

// FailOver replaces the primary by its replica while both work, and returns when clients are sent there.
func (s *RedisSentinel) FailOver(ctx context.Context) error {
	before, err := s.Primary()
	if err != nil {
		return err
	}
	if _, err := s.Sentinels[0].Command("SENTINEL", "FAILOVER", SentinelMaster); err != nil {
		return err
	}
	return s.AwaitFailOver(ctx, before)
}

// AwaitFailOver waits until the Sentinels name another primary than before, and it is one.
func (s *RedisSentinel) AwaitFailOver(ctx context.Context, before *RedisServer) error {
	return poll(ctx, func() error {
		now, err := s.Primary()
		if err != nil {
			return err
		}
		if now == before {
			return fmt.Errorf("%s is still the primary", before.Name)
		}
		return now.AwaitPrimary(ctx)
	})
}
