package testenv

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Node is a running chillin process.
type Node struct {
	*Server
}

// BuildOptions configure the build of chillin.
type BuildOptions struct {
	// Race builds with the race detector.
	Race bool
}

// Build builds ./cmd/chillin and returns the path of the binary, which is removed with e.
func (e *Env) Build(o BuildOptions) (string, error) {
	path := filepath.Join(e.dir, "chillin")
	args, cgo := []string{"build", "-o", path}, "0" // as released
	if o.Race {
		args, cgo = append(args, "-race"), "1"
	}
	cmd := exec.Command("go", append(args, "./cmd/chillin")...)
	cmd.Dir, cmd.Env = root(), append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build chillin: %w\n%s", err, out)
	}
	return path, nil
}

// Engines are the engines that several nodes require.
type Engines struct {
	// Database is a postgres:// DSN.
	Database string
	// Redis is a redis:// URL.
	Redis string
	S3    Store
}

// Node starts the binary at path with engines. more contains further variables, such as
// "LOG_LEVEL=debug", which take precedence.
func (e *Env) Node(path string, engines Engines, more ...string) (*Node, error) {
	n, err := e.nodeAt(path, engines)
	if err != nil {
		return nil, err
	}
	n.env = append(n.env, more...)
	return n, e.add(n.Server)
}

// nodeAt returns a node with an address, without starting it.
func (e *Env) nodeAt(path string, engines Engines) (*Node, error) {
	name, dir, err := e.folder("node")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	env, err := engines.variables()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(addr)
	env = append(env, "HOST="+host, "PORT="+port, "TRUST_PROXY=127.0.0.1/32")
	n := &Node{&Server{
		Name: name, Addr: addr, dir: dir, path: path,
		env: env, quit: syscall.SIGTERM,
	}}
	n.ready = func(ctx context.Context) error { return answersOK(ctx, n.URL()+"/health/ready") }
	return n, nil
}

// URL returns http://host:port.
func (n *Node) URL() string { return "http://" + n.Addr }

// variables returns the environment variables for the engines.
func (g Engines) variables() ([]string, error) {
	db, err := url.Parse(g.Database)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	password, _ := db.User.Password()
	port := db.Port()
	if port == "" {
		port = "5432"
	}
	scheme := "http://"
	if g.S3.Secure {
		scheme = "https://"
	}
	return []string{
		"DB_HOST=" + db.Hostname(),
		"DB_PORT=" + port,
		"DB_NAME=" + strings.TrimPrefix(db.Path, "/"),
		"DB_USER=" + db.User.Username(),
		"DB_PASSWORD=" + password,
		"REDIS_URL=" + g.Redis,
		"USE_MINIO=true",
		"MINIO_ENDPOINT=" + scheme + g.S3.Endpoint,
		"S3_ACCESS_KEY_ID=" + g.S3.AccessKey,
		"S3_SECRET_ACCESS_KEY=" + g.S3.SecretKey,
		"S3_BUCKET_NAME=" + g.S3.Bucket,
		"S3_REGION=" + g.S3.Region,
	}, nil
}

// Variables returns the environment with which a command, including testenv in it, finds the engines.
func (g Engines) Variables() []string {
	return []string{
		"DATABASE_URL=" + g.Database,
		"TEST_DATABASE_URL=" + g.Database,
		"TEST_REDIS_URL=" + g.Redis,
		"TEST_S3_ENDPOINT=" + g.S3.Endpoint,
		"TEST_S3_ACCESS_KEY=" + g.S3.AccessKey,
		"TEST_S3_SECRET_KEY=" + g.S3.SecretKey,
	}
}
