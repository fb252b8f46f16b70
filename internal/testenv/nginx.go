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

// Balancing is one of the two ways in which nginx.conf chooses a node.
type Balancing string

const (
	// IPHash is what nginx.conf does as it is.
	IPHash Balancing = "ip_hash"
	// LeastConn is the block that nginx.conf contains as a comment.
	LeastConn Balancing = "least_conn"
)

// NginxProxy starts the repository's nginx.conf in front of nodes (host:port).
// Only addresses and the paths of its own files differ.
func (e *Env) NginxProxy(nodes ...string) (*Nginx, error) { return e.NginxBalancing(IPHash, nodes...) }

// NginxBalancing is NginxProxy with the given way of choosing a node.
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
	return BalancedProxyTo(t, IPHash, nodes...)
}

// BalancedProxyTo is ProxyTo with the given way of choosing a node.
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

// balanced returns conf with the given nodes as upstream servers, chosen by one of
// its two upstream blocks.
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
	// See nginx.conf: together the weights are 6271 or more.
	weight := fmt.Sprintf("weight=%d", (6271+len(nodes)-1)/len(nodes))
	block = nodeWeight.ReplaceAllLiteralString(block, weight)
	return upstreamBlock.ReplaceAllLiteralString(conf, block)
}

// relocate returns conf listening at addr alone, with dir in place of /tmp.
func relocate(conf, addr, dir string) string {
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
