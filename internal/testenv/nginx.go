package testenv

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// Nginx is a running nginx with the repository's own nginx.conf.
type Nginx struct {
	*Server
	conf string
}

// NginxProxy starts the repository's nginx.conf in front of nodes (host:port).
// Only addresses and the paths of its own files are other than there.
func (e *Env) NginxProxy(nodes ...string) (*Nginx, error) {
	conf, err := os.ReadFile(filepath.Join(root(), "nginx.conf"))
	if err != nil {
		return nil, fmt.Errorf("read nginx.conf: %w", err)
	}
	path, err := program("nginx", nginxPackage)
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("nginx")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	n := &Nginx{conf: filepath.Join(dir, "nginx.conf")}
	if err := os.WriteFile(n.conf, []byte(relocate(string(conf), addr, dir, nodes)), 0o644); err != nil {
		return nil, fmt.Errorf("write nginx.conf: %w", err)
	}
	n.Server = &Server{
		Name: name, Addr: addr, dir: dir, path: path,
		args: []string{"-c", n.conf, "-e", "stderr", "-g", "daemon off;"},
		quit: syscall.SIGTERM,
		// The master takes its workers along; killed, it would leave them behind.
		orphaned: syscall.SIGTERM,
		ready:    func(ctx context.Context) error { return accepts(ctx, addr) },
	}
	return n, e.add(n.Server)
}

// URL returns http://host:port.
func (n *Nginx) URL() string { return "http://" + n.Addr }

// Reload has nginx read its configuration again; its old workers drain.
func (n *Nginx) Reload() error { return n.Signal(syscall.SIGHUP) }

// ProxyTo starts nginx with the repository's configuration for t alone.
func ProxyTo(t testing.TB, nodes ...string) *Nginx {
	t.Helper()
	n, err := New(t).NginxProxy(nodes...)
	if err != nil {
		t.Fatalf("testenv: no nginx for this test: %v", err)
	}
	return n
}

var (
	upstreamServer = regexp.MustCompile(`(?m)^([ \t]*server[ \t]+)api-server-\d+:\d+([^;]*;)[^\n]*\n`)
	listen         = regexp.MustCompile(`(?m)^([ \t]*listen[ \t]+)(?:\[::\]:)?\d+`)
)

// relocate returns conf with the given nodes as upstream servers, listening at
// addr alone, and with dir in place of /tmp.
func relocate(conf, addr, dir string, nodes []string) string {
	first := true
	conf = upstreamServer.ReplaceAllStringFunc(conf, func(line string) string {
		if !first {
			return ""
		}
		first = false
		part := upstreamServer.FindStringSubmatch(line)
		var b strings.Builder
		for _, node := range nodes {
			b.WriteString(part[1] + node + part[2] + "\n")
		}
		return b.String()
	})
	conf = listen.ReplaceAllString(conf, "${1}"+addr)
	return strings.ReplaceAll(conf, "/tmp/", dir+"/")
}

// accepts returns nil where somebody takes a connection at addr.
func accepts(ctx context.Context, addr string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
