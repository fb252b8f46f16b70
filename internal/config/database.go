package config

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/chillin-chat/chillin/internal/redisclient"
)

// Engine is the kind of database.
type Engine string

// The database engines.
const (
	SQLite   Engine = "sqlite"   // a file in DataDir
	Postgres Engine = "postgres" // DB_HOST or DATABASE_URL
)

// Database configures the database.
type Database struct {
	Engine Engine
	DSN    Secret // postgres://…; empty for SQLite
	// FromURL is true if DATABASE_URL is set instead of DB_HOST and the other variables.
	FromURL bool
	// Pooled is true if DSN is the address of a connection pooler in transaction mode (DATABASE_POOLER).
	Pooled bool
	Direct Secret // DATABASE_DIRECT_URL: the address of Postgres itself, if DSN is that of a pooler
	// Replica is the address of a physical standby from which messages are read, "" for none
	// (DATABASE_REPLICA_URL). If Pooled, it can be that of a pooler as well.
	Replica Secret

	variable string // the variable of DSN, if it is not DATABASE_URL or DB_*
}

// DirectAddress returns d with the address of Postgres itself, for work that needs a session, such as
// migrations and backups.
func (d Database) DirectAddress() Database {
	if d.Direct == "" {
		return d
	}
	return Database{Engine: d.Engine, DSN: d.Direct, variable: "DATABASE_DIRECT_URL"}
}

// ReplicaAddress returns the replica as a database.
func (d Database) ReplicaAddress() Database {
	return Database{Engine: d.Engine, DSN: d.Replica, Pooled: d.Pooled, variable: "DATABASE_REPLICA_URL"}
}

// Variable returns the name of the variable that an operator must change for part, which is the name of
// a DB_* variable.
func (d Database) Variable(part string) string {
	switch {
	case d.variable != "":
		return d.variable
	case d.FromURL:
		return "DATABASE_URL"
	}
	return part
}

// Redis configures the connection between nodes.
type Redis struct {
	// URL names a single Redis, a cluster or Sentinels, in the syntax of redisclient.Parse. It may
	// contain passwords. If it is empty, the node runs alone and keeps everything in process.
	URL Secret
}

// Enabled reports whether nodes communicate over Redis.
func (r Redis) Enabled() bool { return r.URL != "" }

// transactionPooler is the kind of connection pooler that is supported.
const transactionPooler = "transaction"

// database reads the address of the database and of what is in front of it.
func (r *reader) database() Database {
	d := r.databaseAddress()
	d.Pooled = r.value("DATABASE_POOLER") == transactionPooler
	d.Direct, d.Replica = r.postgresURL("DATABASE_DIRECT_URL", d), r.postgresURL("DATABASE_REPLICA_URL", d)
	switch {
	case d.Pooled && d.Engine != Postgres && !r.hasErrorIn("DB_", "DATABASE_URL"):
		r.addError("DATABASE_POOLER", "requires Postgres: set DATABASE_URL (or DB_HOST) to the address of the pooler")
	case d.Pooled && d.Engine == Postgres && d.Direct == "":
		r.addError("DATABASE_DIRECT_URL", "is missing; with DATABASE_POOLER, migrations and backups need the address of Postgres itself")
	}
	return d
}

// postgresURL reads a further address of the Postgres database d.
func (r *reader) postgresURL(key string, d Database) Secret {
	v := r.secret(key)
	switch {
	case v == "":
	case !isURL(v, "postgres", "postgresql"):
		r.addError(key, "is not postgres://user:password@host:port/name")
	case d.Engine != Postgres && !r.hasErrorIn("DB_", "DATABASE_URL"):
		r.addError(key, "requires Postgres: set DATABASE_URL (or DB_HOST) as well")
	}
	return v
}

// databaseAddress reads DATABASE_URL or the DB_* variables. Both together are an error, because the
// choice must be explicit.
func (r *reader) databaseAddress() Database {
	whole := r.secret("DATABASE_URL")
	host, user := r.value("DB_HOST"), r.value("DB_USER")
	port := r.number("DB_PORT")
	name := r.value("DB_NAME")
	password := r.secret("DB_PASSWORD")

	switch {
	case whole != "" && host != "":
		r.addError("DATABASE_URL", "is set together with DB_HOST; set only one of them")
	case whole != "":
		if !isURL(whole, "postgres", "postgresql") {
			r.addError("DATABASE_URL", "is not postgres://user:password@host:port/name")
		}
		return Database{Engine: Postgres, DSN: whole, FromURL: true}
	case host != "":
		if user == "" {
			r.addError("DB_USER", "is missing; it is required with DB_HOST")
		}
		if strings.ContainsAny(host, " @") || strings.Contains(host, "://") {
			r.addError("DB_HOST", "is not a host name, an IP address or the folder of a Unix socket (set DATABASE_URL for a whole URL)")
		}
		return Database{Engine: Postgres, DSN: dsn(host, port, user, password.Reveal(), name)}
	case user != "" || password != "":
		// Credentials without a host would silently start with an empty SQLite database.
		r.addError("DB_HOST", "is missing although DB_USER or DB_PASSWORD is set")
	}
	return Database{Engine: SQLite}
}

// dsn returns the URL form of a Postgres address, with every part escaped. A host that begins with a
// slash is the folder of a Unix socket, as in libpq.
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
	if v != "" {
		if _, err := redisclient.Parse(v.Reveal()); err != nil {
			r.addError("REDIS_URL", "%v", err)
		}
	}
	return Redis{URL: v}
}

// isURL reports whether v is a URL with one of the schemes and a host. The error of the URL parser
// would contain the password.
func isURL(v Secret, schemes ...string) bool {
	u, err := url.Parse(v.Reveal())
	if err != nil || u.Host == "" && u.Query().Get("host") == "" {
		return false
	}
	return slices.Contains(schemes, u.Scheme)
}
