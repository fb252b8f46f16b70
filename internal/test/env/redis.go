package testenv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// RedisServer is a running, empty Redis without persistence: after Kill or Restart it is empty again.
type RedisServer struct {
	*Server
	// Public is the address for clients. It is Addr unless there is a proxy in between.
	Public string
}

// Redis starts a Redis server.
func (e *Env) Redis() (*RedisServer, error) { return e.RedisWith() }

// RedisWith starts a Redis server with more options, such as "--requirepass", "x".
func (e *Env) RedisWith(options ...string) (*RedisServer, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	return e.redisServer(addr, append([]string{"--port", port}, options...)...)
}

// redisServer starts a Redis server that answers at addr.
func (e *Env) redisServer(addr string, args ...string) (*RedisServer, error) {
	path, err := program("redis-server", redisPackage)
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("redis")
	if err != nil {
		return nil, err
	}
	r := &RedisServer{Server: &Server{
		Name: name, Addr: addr, dir: dir, path: path,
		args: append([]string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}, args...),
		quit: syscall.SIGTERM,
	}, Public: addr}
	r.ready = func(ctx context.Context) error { return redisPing(ctx, addr) }
	if slices.Contains(args, "--replica-announce-port") {
		if err := r.useFile(); err != nil {
			return nil, err
		}
	}
	return r, e.add(r.Server)
}

// useFile moves the arguments to a configuration file, which the server can change.
func (r *RedisServer) useFile() error {
	var text strings.Builder
	for _, arg := range r.args {
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			text.WriteString("\n" + name)
		} else {
			fmt.Fprintf(&text, " %q", arg)
		}
	}
	path := filepath.Join(r.dir, "redis.conf")
	if err := os.WriteFile(path, []byte(text.String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the configuration of %s: %w", r.Name, err)
	}
	r.args = []string{path}
	return nil
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
	// A server with a password or TLS answers too: it runs.
	if !strings.HasPrefix(answer, "+PONG") && !strings.HasPrefix(answer, "-NOAUTH") {
		return fmt.Errorf("ping: answer %q", answer)
	}
	return nil
}

// Command sends a command to the server itself and returns the reply as text; the items of a list are
// separated by line breaks.
func (r *RedisServer) Command(words ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", r.Addr, 5*time.Second)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", r.Name, words[0], err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(conn, request.String()); err != nil {
		return "", fmt.Errorf("%s: %s: %w", r.Name, words[0], err)
	}
	reply, err := readReply(bufio.NewReader(conn))
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", r.Name, strings.Join(words, " "), err)
	}
	return reply, nil
}

// readReply reads one reply of the Redis protocol, version 2.
func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("empty reply")
	}
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case '-':
		return "", errors.New(line[1:])
	case '$':
		if n < 0 {
			return "", nil
		}
		text := make([]byte, n+2)
		_, err := io.ReadFull(r, text)
		return string(text[:n]), err
	case '*':
		items := make([]string, 0, max(n, 0))
		for range n {
			item, err := readReply(r)
			if err != nil {
				return "", err
			}
			items = append(items, item)
		}
		return strings.Join(items, "\n"), nil
	}
	return line[1:], nil
}
