package testenv

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Standby starts a hot standby that streams from p. Its server process can be controlled like that of p.
func (e *Env) Standby(p *PostgresServer, o PostgresOptions) (*PostgresServer, error) {
	base, err := program("pg_basebackup", postgresPackage)
	if err != nil {
		return nil, err
	}
	name, dir, err := e.folder("standby")
	if err != nil {
		return nil, err
	}
	if p.as != nil {
		if err := os.Chown(dir, int(p.as.Uid), int(p.as.Gid)); err != nil {
			return nil, fmt.Errorf("give the folder of %s to its user: %w", name, err)
		}
	}
	host, from, _ := net.SplitHostPort(p.Addr)
	data := filepath.Join(dir, "data")
	// -R makes it a standby. The backup begins without waiting for a regular checkpoint.
	if out, err := command(p.as, "/", base, "-D", data, "-h", host, "-p", from, "-U", "postgres", "-R", "-c", "fast").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the primary: %w\n%s", err, out)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	s := &PostgresServer{&Server{
		Name: name, Addr: addr, dir: dir, as: p.as,
		path: p.path, args: append([]string{"-D", data, "-p", port}, o.arguments()...),
		quit: syscall.SIGINT, orphaned: syscall.SIGQUIT,
	}}
	s.ready = s.answers
	return s, e.add(s.Server)
}

// At returns the DSN of the same database as dsn on the server p.
func (p *PostgresServer) At(dsn string) (string, error) {
	at, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	return p.URL(at.Database), nil
}
