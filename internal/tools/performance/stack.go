package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// stack is a running installation: nodes on Postgres and Redis, or one node on SQLite.
type stack struct {
	env      *testenv.Env
	nodes    []*testenv.Node
	metrics  []string // URLs, one for each node
	postgres *testenv.PostgresServer
	redis    *testenv.RedisServer
}

// embedded is the number of nodes of a stack without engines.
const embedded = 0

// startStack starts nodes with engines, or one embedded node. The servers are new: no row of a table
// depends on those before it.
func startStack(binary string, nodes int) (_ *stack, err error) {
	if err := onDisk(os.TempDir()); err != nil {
		return nil, err
	}
	s := &stack{}
	if s.env, err = testenv.Open(""); err != nil {
		return nil, err
	}
	var engines testenv.Engines
	if nodes != embedded {
		if engines, err = s.addEngines(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	for range max(nodes, 1) {
		if err := s.addNode(binary, engines); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *stack) addEngines() (e testenv.Engines, err error) {
	// Postgres syncs every commit, as in production.
	if s.postgres, err = s.env.Postgres(testenv.PostgresOptions{Durable: true}); err != nil {
		return e, err
	}
	if s.redis, err = s.env.Redis(); err != nil {
		return e, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	e.Database, err = s.postgres.Create(ctx)
	e.Redis = s.redis.URL()
	return e, err
}

// addNode starts a node whose limits do not restrict the clients of one address.
func (s *stack) addNode(binary string, engines testenv.Engines) error {
	metrics, err := freeAddr()
	if err != nil {
		return err
	}
	node, err := s.env.Node(binary, engines,
		"USE_MINIO=false", "DATABASE_URL=", "DATA_DIR=./data", "METRICS_ADDR="+metrics, "LOG_LEVEL=error",
		"RATE_LIMIT_MESSAGES=1000000", "RATE_LIMIT_AUTH=1000000", "RATE_LIMIT_JOINS=1000000", "RATE_LIMIT_ROOMS=1000000",
		"MAX_SOCKETS_PER_IP=1000000")
	if err != nil {
		return err
	}
	s.nodes = append(s.nodes, node)
	s.metrics = append(s.metrics, "http://"+metrics+"/metrics")
	return nil
}

// close ends the servers and removes their data. The data is not needed, so that the nodes are killed:
// otherwise each would drain for seconds.
func (s *stack) close() error {
	errs := make([]error, 0, len(s.nodes)+1)
	for _, n := range s.nodes {
		errs = append(errs, n.Kill())
	}
	return errors.Join(append(errs, s.env.Close())...)
}

// urls returns the arguments of chillin load that name the nodes.
func (s *stack) urls() (args []string) {
	for _, n := range s.nodes {
		args = append(args, "--url", n.URL())
	}
	return args
}

// targets returns urls with the metrics of the nodes, so that the tool measures the floor too.
func (s *stack) targets() []string {
	args := s.urls()
	for _, m := range s.metrics {
		args = append(args, "--metrics", m)
	}
	return args
}

// usage returns the CPU time of all running servers since their start, and the memory of the nodes in
// bytes. A node that was killed counts no more.
func (s *stack) usage() (u Usage, resident int64, err error) {
	all, err := readProcesses("/proc")
	if err != nil {
		return u, 0, err
	}
	var errs []error
	read := func(of *testenv.Server) process {
		if !of.Running() {
			return process{}
		}
		p, err := all.tree(of.Pid())
		errs = append(errs, err)
		return p
	}
	for _, n := range s.nodes {
		p := read(n.Server)
		u.Nodes += p.cpu.Seconds()
		resident += p.resident
	}
	if s.postgres != nil {
		u.Postgres = read(s.postgres.Server).cpu.Seconds()
		u.Redis = read(s.redis.Server).cpu.Seconds()
	}
	return u, resident, errors.Join(errs...)
}

// tail returns the last output of the nodes, for errors.
func (s *stack) tail() string {
	var b strings.Builder
	for _, n := range s.nodes {
		if text := n.Tail(10); text != "" {
			fmt.Fprintf(&b, "\nlast output of %s:\n%s", n.Name, text)
		}
	}
	return b.String()
}

// onDisk returns an error if dir is in memory, where a sync costs nothing.
func onDisk(dir string) error {
	const inMemory = 0x01021994 // TMPFS_MAGIC
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("find the disk of %s: %w", dir, err)
	}
	if fs.Type == inMemory {
		return fmt.Errorf("%s is in memory, where commits are not synced: set TMPDIR to a folder on a disk", dir)
	}
	return nil
}

// freeAddr returns an unused loopback address.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
