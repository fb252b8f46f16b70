package config

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Engine is the kind of database that keeps the truth.
type Engine string

// The database engines.
const (
	SQLite   Engine = "sqlite"   // a file in DataDir
	Postgres Engine = "postgres" // DB_HOST or DATABASE_URL
)

// Database says where the truth is kept.
type Database struct {
	Engine Engine
	DSN    Secret // postgres://…; empty for SQLite
	// FromURL is set if DATABASE_URL was given, and not DB_HOST and the like.
	FromURL bool
}

// Variable returns the name of the variable that an operator changes for part, which is
// the name of one of the DB_* variables.
func (d Database) Variable(part string) string {
	if d.FromURL {
		return "DATABASE_URL"
	}
	return part
}

// Redis says where nodes meet.
type Redis struct {
	// URL is redis://, rediss:// or unix://, as redis.ParseURL of go-redis takes it;
	// it may bear a password. Empty: one node, everything in process.
	URL Secret
}

// Enabled says whether nodes meet in Redis.
func (r Redis) Enabled() bool { return r.URL != "" }

// database reads DATABASE_URL or the DB_* variables. Which one is meant must be
// plain, so both together are a fault.
func (r *reader) database() Database {
	whole := r.secret("DATABASE_URL")
	host, user := r.lookup("DB_HOST"), r.lookup("DB_USER")
	port := r.number("DB_PORT", 5432, 1, 65535)
	name := r.text("DB_NAME", "chillin")
	password := r.secret("DB_PASSWORD")

	switch {
	case whole != "" && host != "":
		r.fault("DATABASE_URL", "is set together with DB_HOST; set one of the two")
	case whole != "":
		if !isURL(whole, "postgres", "postgresql") {
			r.fault("DATABASE_URL", "is not postgres://user:password@host:port/name")
		}
		return Database{Engine: Postgres, DSN: whole, FromURL: true}
	case host != "":
		if user == "" {
			r.fault("DB_USER", "is missing; Postgres at DB_HOST needs the name of its user")
		}
		if strings.ContainsAny(host, " @") || strings.Contains(host, "://") {
			r.fault("DB_HOST", "is not a host name, an IP address or the folder of a Unix socket (a whole URL goes to DATABASE_URL)")
		}
		return Database{Engine: Postgres, DSN: dsn(host, port, user, password.Reveal(), name)}
	case user != "" || password != "":
		// Credentials without a host would silently start an empty SQLite.
		r.fault("DB_HOST", "is missing although DB_USER or DB_PASSWORD is set")
	}
	return Database{Engine: SQLite}
}

// dsn is the URL form of a Postgres address, every part escaped. A host that
// begins with a slash is the folder of a Unix socket, as in libpq.
func dsn(host string, port int, user, password, name string) Secret {
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + name}
	if password != "" {
		u.User = url.UserPassword(user, password)
	}
	if strings.HasPrefix(host, "/") {
		u.RawQuery = url.Values{"host": {host}, "port": {strconv.Itoa(port)}}.Encode()
	} else {
		u.Host = net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
	}
	return Secret(u.String())
}

func (r *reader) redis() Redis {
	v := r.secret("REDIS_URL")
	if v != "" && !isRedisURL(v) {
		r.fault("REDIS_URL", "is not redis://[user:password@]host:port[/number], rediss://… or unix:///path")
	}
	return Redis{URL: v}
}

func isRedisURL(v Secret) bool {
	u, err := url.Parse(v.Reveal())
	if err != nil {
		return false
	}
	if u.Scheme == "unix" {
		return u.Path != ""
	}
	number := strings.Trim(u.Path, "/")
	if number != "" {
		if n, err := strconv.Atoi(number); err != nil || n < 0 {
			return false
		}
	}
	return isURL(v, "redis", "rediss")
}

// isURL says whether v is a URL of one of the schemes with a host. A parser's
// own error would repeat the password, so only yes or no leaves here.
func isURL(v Secret, schemes ...string) bool {
	u, err := url.Parse(v.Reveal())
	if err != nil || u.Host == "" && u.Query().Get("host") == "" {
		return false
	}
	return slices.Contains(schemes, u.Scheme)
}
