package testenv

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// PgBouncer is a running PgBouncer in transaction mode in front of a Postgres server.
type PgBouncer struct {
	*Server
}

// pgBouncerConfig gives the connections of the server to as many clients as possible: each client soon
// continues on a connection that another one has used.
const pgBouncerConfig = `[databases]
* = %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 1000
default_pool_size = %d
server_lifetime = 600
query_wait_timeout = 30
log_connections = 0
log_disconnections = 0
%s
`

// PgBouncerOptions configure a PgBouncer.
type PgBouncerOptions struct {
	// Size is the number of connections to the server for each database; 0 means 20.
	Size int
	// Settings are further lines of pgbouncer.ini.
	Settings string
}

// PgBouncer starts a PgBouncer in front of the server of dsn. Its clients need no password and are the
// user of dsn.
func (e *Env) PgBouncer(dsn string, o PgBouncerOptions) (*PgBouncer, error) {
	path, err := program("pgbouncer", pgbouncerPackage)
	if err != nil {
		return nil, err
	}
	as, err := unprivileged() // it refuses to run as root
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("pgbouncer")
	if err != nil {
		return nil, err
	}
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read the address of the server: %w", err)
	}
	upstream := fmt.Sprintf("host=%s port=%d user=%s", server.Host, server.Port, server.User)
	if server.Password != "" {
		upstream += " password='" + strings.ReplaceAll(server.Password, "'", "''") + "'"
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	if o.Size == 0 {
		o.Size = 20
	}
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, fmt.Appendf(nil, pgBouncerConfig, upstream, port, o.Size, o.Settings), 0o644); err != nil {
		return nil, fmt.Errorf("configure %s: %w", name, err)
	}
	b := &PgBouncer{&Server{Name: name, Addr: addr, dir: dir, as: as, path: path, args: []string{file}, quit: syscall.SIGTERM}}
	b.ready = func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, b.URL("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
	return b, e.add(b.Server)
}

// URL returns the DSN of a database of the server.
func (b *PgBouncer) URL(database string) string {
	return "postgres://pooled@" + b.Addr + "/" + database + "?sslmode=disable&connect_timeout=10"
}

// Through returns the DSN of the same database through b.
func (b *PgBouncer) Through(dsn string) (string, error) {
	server, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	return b.URL(server.Database), nil
}
