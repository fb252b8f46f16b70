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

// Nginx is a running nginx with the repository's nginx.conf.
type Nginx struct {
	*Server
	conf string
}

// Balancing is a way in which nginx.conf chooses a node.
type Balancing string

const (
	// IPHash is the active block of nginx.conf.
	IPHash Balancing = "ip_hash"
	// LeastConn is the block that is commented out in nginx.conf.
	LeastConn Balancing = "least_conn"
)

// NginxProxy starts the repository's nginx.conf in front of nodes (host:port). Only addresses and the
// paths of its own files are changed.
func (e *Env) NginxProxy(nodes ...string) (*Nginx, error) { return e.NginxBalancing(IPHash, nodes...) }

// NginxBalancing is NginxProxy with a given Balancing.
func (e *Env) NginxBalancing(by Balancing, nodes ...string) (*Nginx, error) {
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
	if err := os.WriteFile(n.conf, []byte(relocate(balanced(string(conf), by, nodes), addr, dir)), 0o644); err != nil {
		return nil, fmt.Errorf("write nginx.conf: %w", err)
	}
	n.Server = &Server{
		Name: name, Addr: addr, dir: dir, path: path,
		args: []string{"-c", n.conf, "-e", "stderr", "-g", "daemon off;"},
		quit: syscall.SIGTERM,
		// The master stops its workers; if it is killed, they keep running.
		orphaned: syscall.SIGTERM,
		ready:    func(ctx context.Context) error { return accepts(ctx, addr) },
	}
	return n, e.add(n.Server)
}

// URL returns http://host:port.
func (n *Nginx) URL() string { return "http://" + n.Addr }

// Reload makes nginx read its configuration again. Its old workers drain.
func (n *Nginx) Reload() error { return n.Signal(syscall.SIGHUP) }

// ProxyTo starts nginx with the repository's configuration for t.
func ProxyTo(t testing.TB, nodes ...string) *Nginx {
	t.Helper()
	return BalancedProxyTo(t, IPHash, nodes...)
}

// BalancedProxyTo is ProxyTo with a given Balancing.
func BalancedProxyTo(t testing.TB, by Balancing, nodes ...string) *Nginx {
	t.Helper()
	n, err := New(t).NginxBalancing(by, nodes...)
	if err != nil {
		t.Fatalf("testenv: no nginx for this test: %v", err)
	}
	return n
}

var (
	upstreamBlock  = regexp.MustCompile(`(?ms)^    upstream chillin \{$.*?^    \}$`)
	commentedBlock = regexp.MustCompile(`(?ms)^    # upstream chillin \{$.*?^    # \}$`)
	commentSign    = regexp.MustCompile(`(?m)^    # `)
	firstNode      = regexp.MustCompile(`(?m)^( *server )api-server-1:\d+([^;\n]*;\n)`)
	furtherNode    = regexp.MustCompile(`(?m)^ *server api-server-[2-9]:\d+[^;\n]*;\n`)
	nodeWeight     = regexp.MustCompile(`weight=\d+`)
	listen         = regexp.MustCompile(`(?m)^([ \t]*listen[ \t]+)(?:\[::\]:)?\d+`)
)

// balanced returns conf with the given nodes as upstream servers, in one of its two upstream blocks.
func balanced(conf string, by Balancing, nodes []string) string {
	block := upstreamBlock.FindString(conf)
	if by == LeastConn {
		block = commentSign.ReplaceAllString(commentedBlock.FindString(conf), "    ")
	}
	block = furtherNode.ReplaceAllString(block, "")
	block = firstNode.ReplaceAllStringFunc(block, func(line string) string {
		part := firstNode.FindStringSubmatch(line)
		var lines strings.Builder
		for _, node := range nodes {
			lines.WriteString(part[1] + node + part[2])
		}
		return lines.String()
	})
	// See nginx.conf: the sum of the weights is at least 6271.
	weight := fmt.Sprintf("weight=%d", (6271+len(nodes)-1)/len(nodes))
	block = nodeWeight.ReplaceAllLiteralString(block, weight)
	return upstreamBlock.ReplaceAllLiteralString(conf, block)
}

// relocate returns conf with addr as its only listener, and dir instead of /tmp.
func relocate(conf, addr, dir string) string {
	conf = listen.ReplaceAllString(conf, "${1}"+addr)
	return strings.ReplaceAll(conf, "/tmp/", dir+"/")
}

// accepts returns nil if addr accepts connections.
func accepts(ctx context.Context, addr string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
