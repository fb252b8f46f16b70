package testenv

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a running Postgres. Its superuser is postgres, without a password.
type PostgresServer struct {
	*Server
}

// PostgresOptions configure a Postgres server.
type PostgresOptions struct {
	// Durable enables fsync, synchronous_commit and full_page_writes, for durability tests and
	// benchmarks. Without it commits are fast but not durable.
	Durable bool
	// Settings are further settings, such as "statement_timeout": "2s".
	Settings map[string]string
	// Prepare, if not nil, is called with the empty data folder, for example to mount a disk there.
	Prepare func(dir string) error
}

// Postgres starts a Postgres server.
func (e *Env) Postgres(o PostgresOptions) (*PostgresServer, error) {
	path, err := program("postgres", postgresPackage)
	if err != nil {
		return nil, err
	}
	// initdb is next to the real file, not next to a link to it.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("find Postgres: %w", err)
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	template, err := postgresTemplate(filepath.Dir(path), as)
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("postgres")
	if err != nil {
		return nil, err
	}
	if o.Prepare != nil {
		if err := o.Prepare(dir); err != nil {
			return nil, fmt.Errorf("prepare the folder of %s: %w", name, err)
		}
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, fmt.Errorf("give the folder of %s to its user: %w", name, err)
		}
	}
	data := filepath.Join(dir, "data")
	if out, err := command(as, "/", "cp", "-a", template, data).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the database template: %w\n%s", err, out)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	p := &PostgresServer{&Server{
		Name: name, Addr: addr, dir: dir, as: as,
		path: path, args: append([]string{"-D", data, "-p", port}, o.arguments()...),
		// SIGINT for Stop: sessions are terminated. Immediate shutdown if orphaned.
		quit: syscall.SIGINT, orphaned: syscall.SIGQUIT,
	}}
	p.ready = p.answers
	return p, e.add(p.Server)
}

func (p *PostgresServer) answers(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (o PostgresOptions) arguments() []string {
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"max_connections":         "200",
		"logging_collector":       "off",
		"log_checkpoints":         "off",
	}
	if !o.Durable {
		settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"] = "off", "off", "off"
	}
	maps.Copy(settings, o.Settings)
	args := make([]string, 0, 2*len(settings))
	for k, v := range settings {
		args = append(args, "-c", k+"="+v)
	}
	return args
}

// URL returns the DSN of a database.
func (p *PostgresServer) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable&connect_timeout=10", p.Addr, database)
}

// Create creates an empty database and returns its DSN.
func (p *PostgresServer) Create(ctx context.Context) (string, error) {
	return createDatabase(ctx, p.URL("postgres"), "")
}

// createDatabase creates an empty database with a random name and options of CREATE DATABASE on the
// server of admin and returns its DSN.
func createDatabase(ctx context.Context, admin, options string) (string, error) {
	name := "chillin_test_" + strings.ToLower(rand.Text()[:12])
	if err := execute(ctx, admin, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' "+options); err != nil {
		return "", fmt.Errorf("create a database: %w", err)
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// dropDatabase drops a database of createDatabase, even with open connections.
func dropDatabase(ctx context.Context, admin, dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	if err := execute(ctx, admin, "DROP DATABASE IF EXISTS "+strings.TrimPrefix(u.Path, "/")+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop a database: %w", err)
	}
	return nil
}

func execute(ctx context.Context, dsn, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}

// postgresTemplate returns a fresh data folder from initdb, created once per machine and version:
// copying it takes a tenth of the time.
func postgresTemplate(bin string, as *syscall.Credential) (string, error) {
	base, err := machineDir()
	if err != nil {
		return "", err
	}
	version, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("get the version of Postgres: %w", err)
	}
	parent := filepath.Join(base, "postgres-"+fingerprint(version, bin))
	template := filepath.Join(parent, "data")
	err = locked("initdb", func() error {
		// data is renamed to its final name when it is complete.
		if _, err := os.Stat(template); err == nil {
			return nil
		}
		_ = os.RemoveAll(parent)
		if err := os.Mkdir(parent, 0o755); err != nil {
			return fmt.Errorf("make a folder for the database template: %w", err)
		}
		if as != nil {
			if err := os.Chown(parent, int(as.Uid), int(as.Gid)); err != nil {
				return fmt.Errorf("give the database template to its user: %w", err)
			}
		}
		raw := filepath.Join(parent, "raw")
		initdb := command(as, "/", filepath.Join(bin, "initdb"), "-D", raw, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
		if out, err := initdb.CombinedOutput(); err != nil {
			return fmt.Errorf("initialise the database template: %w\n%s", err, out)
		}
		return os.Rename(raw, template)
	})
	return template, err
}

// unprivileged returns the user for servers that refuse to run as root, or nil if this process is not
// root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find the user that Postgres runs as: %w", err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func command(as *syscall.Credential, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return cmd
}

// fingerprint returns a name for the result of these inputs.
func fingerprint(content []byte, more string) string {
	sum := sha256.Sum256(append(content, more...))
	return hex.EncodeToString(sum[:6])
}
