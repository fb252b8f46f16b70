package testenv

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// RedisServer is a running, empty Redis without persistence: after Kill or Restart it is empty again.
type RedisServer struct {
	*Server
}

// Redis starts a Redis server.
func (e *Env) Redis() (*RedisServer, error) {
	path, err := program("redis-server", redisPackage)
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("redis")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	r := &RedisServer{&Server{
		Name: name, Addr: addr, dir: dir, path: path,
		args: []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir},
		quit: syscall.SIGTERM,
	}}
	r.ready = func(ctx context.Context) error { return redisPing(ctx, addr) }
	return r, e.add(r.Server)
}

// URL returns redis://host:port/0.
func (r *RedisServer) URL() string { return "redis://" + r.Addr + "/0" }

// redisPing implements the protocol itself: a client library would leave goroutines.
func redisPing(ctx context.Context, addr string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	if !strings.HasPrefix(answer, "+PONG") {
		return fmt.Errorf("ping: answer %q", answer)
	}
	return nil
}
