package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/minio/minio-go/v7"

	"github.com/chillin-chat/chillin/internal/config"
)

// Cause explains why an engine cannot be used.
type Cause struct {
	Variable  string // the setting to correct
	Text      string // the error and its correction
	Permanent bool   // the settings are wrong: waiting does not help
}

func (c Cause) String() string { return c.Variable + ": " + c.Text }

// PostgresCause explains an error of connecting to the database d.
func PostgresCause(d config.Database, err error) Cause {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresRefusal(d, refused)
	}
	if strings.Contains(err.Error(), "server refused TLS") {
		return Cause{d.Variable("DATABASE_URL"), "the server does not support TLS: set sslmode=disable, or enable TLS in Postgres (ssl = on)", true}
	}
	if text := certificateFault(err); text != "" {
		return Cause{d.Variable("DATABASE_URL"), text + ": set sslrootcert to the certificate file of the authority, or choose another sslmode", true}
	}
	return networkCause(err, d.Variable("DB_HOST"), d.Variable("DB_PORT"), "Postgres")
}

func postgresRefusal(d config.Database, refused *pgconn.PgError) Cause {
	switch refused.Code {
	case "28P01":
		return Cause{d.Variable("DB_PASSWORD"), "Postgres rejects this password. Correct it, or set it in Postgres: ALTER ROLE … PASSWORD '…'", true}
	case "28000":
		return authorizationRefusal(d, refused.Message)
	case "3D000":
		return Cause{d.Variable("DB_NAME"), "the database does not exist. Correct the name, or create it: createdb --owner=USER NAME", true}
	case "42501":
		return Cause{d.Variable("DB_USER"), "this user lacks permissions that a node needs: GRANT CONNECT, CREATE on the database to it, or make it the owner", false}
	case "08P01":
		return poolerRefusal(d, refused.Message)
	case "53300":
		return Cause{d.Variable("DB_HOST"), "all connections of this Postgres are in use: raise max_connections, or stop other programs that use it", false}
	case "57P03":
		return Cause{d.Variable("DB_HOST"), "this Postgres is starting or stopping: try again in a moment", false}
	}
	return Cause{d.Variable("DB_HOST"), "this Postgres refuses the connection", false}
}

// poolerRefusal distinguishes the refusals of PgBouncer, which have one SQLSTATE.
func poolerRefusal(d config.Database, message string) Cause {
	switch {
	case strings.Contains(message, "unsupported startup parameter"):
		return Cause{d.Variable("DB_HOST"), "this is a connection pooler, which rejects the settings of a node's connections: set DATABASE_POOLER=transaction, and DATABASE_DIRECT_URL to the address of Postgres itself", true}
	case strings.Contains(message, "no such database"):
		return Cause{d.Variable("DB_NAME"), "the connection pooler does not know this database: add it to [databases] of pgbouncer.ini, or correct the name", true}
	case strings.Contains(message, "authentication failed"):
		return Cause{d.Variable("DB_PASSWORD"), "the connection pooler rejects this user and password: correct them, or add them to its auth_file", true}
	case strings.Contains(message, "max_client_conn"), strings.Contains(message, "no more connections"):
		return Cause{d.Variable("DB_HOST"), "all connections of this connection pooler are in use: raise max_client_conn", false}
	}
	return Cause{d.Variable("DB_HOST"), "this connection pooler cannot connect to Postgres: start Postgres, and compare the address in its [databases]", false}
}

// authorizationRefusal distinguishes the cases of SQLSTATE 28000.
func authorizationRefusal(d config.Database, message string) Cause {
	switch {
	case strings.Contains(message, "no encryption"), strings.Contains(message, "SSL off"):
		return Cause{d.Variable("DATABASE_URL"), "Postgres requires TLS: set sslmode=require or verify-full (pg_hba.conf has hostssl lines only)", true}
	case strings.Contains(message, "pg_hba.conf"):
		return Cause{d.Variable("DB_USER"), "pg_hba.conf of Postgres has no entry for this user, database and address: add one and reload Postgres", true}
	case strings.Contains(message, "does not exist"):
		return Cause{d.Variable("DB_USER"), "the user does not exist in Postgres. Correct the name, or create it: createuser --pwprompt USER", true}
	}
	return Cause{d.Variable("DB_USER"), "Postgres does not allow this user to log in: ALTER ROLE … LOGIN", true}
}

// redisCauses are the prefixes of Redis errors.
var redisCauses = []struct {
	prefix    string
	text      string
	permanent bool
}{
	{"WRONGPASS", "Redis rejects this user and password: correct them", true},
	{"ERR invalid password", "Redis rejects this password: correct it", true},
	{"NOAUTH", "Redis requires a password: redis://:PASSWORD@host:port", true},
	{"ERR AUTH", "the URL contains a password, but Redis has none: remove it, or set requirepass in Redis", true},
	{"ERR Client sent AUTH", "the URL contains a password, but Redis has none: remove it, or set requirepass in Redis", true},
	{"NOPERM", "the Redis user lacks permissions that a node needs: ACL SETUSER … allkeys allchannels +@all -@dangerous +info", true},
	{"ERR DB index", "Redis has no database with the number in the URL: use another one, such as 0", true},
	{"ERR invalid DB index", "Redis has no database with the number in the URL: use another one, such as 0", true},
	{"ERR max number of clients", "all connections of this Redis are in use: raise maxclients", false},
	{"LOADING", "this Redis is starting: try again in a moment", false},
	{"MISCONF", "this Redis refuses writes because it cannot save to its disk: free space, or set save \"\"", false},
	{"READONLY", "this Redis is a replica: use the address of the primary", false},
	{"MOVED", "this Redis is a cluster: set several of its addresses, separated by commas, or redis+cluster://host:port", true},
	{"CLUSTERDOWN", "a shard of the cluster has no primary, or the servers do not agree: look at CLUSTER INFO and CLUSTER NODES", false},
	{"ERR This instance has cluster support disabled", "several addresses mean a cluster, but this Redis is a single one: set one address", true},
	{"redis: nil", "the Sentinels do not know this name: correct it, or add it with SENTINEL MONITOR", false},
	{"ERR No such master", "the Sentinels do not know this name: correct it, or add it with SENTINEL MONITOR", false},
}

// sentinelsFailed is how go-redis begins an error that all Sentinels have returned.
const sentinelsFailed = "redis: all sentinels specified in configuration are unreachable: "

// RedisCause explains an error of using Redis.
func RedisCause(err error) Cause {
	const variable = "REDIS_URL"
	text := strings.TrimPrefix(err.Error(), sentinelsFailed)
	for _, c := range redisCauses {
		if strings.HasPrefix(text, c.prefix) {
			return Cause{variable, c.text, c.permanent}
		}
	}
	if text := certificateFault(err); text != "" {
		return Cause{variable, text, false}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return Cause{variable, "the connection was closed immediately: if Redis requires TLS, use rediss:// (with Sentinels rediss+sentinel://)", false}
	}
	return networkCause(err, variable, variable, "Redis")
}

// StorageCause explains an error of using the bucket of s.
func StorageCause(s config.Storage, err error) Cause {
	if refused, ok := errors.AsType[minio.ErrorResponse](err); ok && refused.StatusCode != 0 {
		return storageRefusal(s, refused)
	}
	switch text := err.Error(); {
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return Cause{"MINIO_ENDPOINT", "the store does not support TLS: use http:// instead of https://", true}
	case certificateFault(err) != "":
		return Cause{"MINIO_ENDPOINT", certificateFault(err), false}
	}
	return networkCause(err, "MINIO_ENDPOINT", "MINIO_ENDPOINT", "the store")
}

func storageRefusal(s config.Storage, refused minio.ErrorResponse) Cause {
	switch refused.Code {
	case "InvalidAccessKeyId", "InvalidAccessKey", "XMinioInvalidAccessKey":
		return Cause{"S3_ACCESS_KEY_ID", "the key does not exist in the store: correct it", true}
	case "SignatureDoesNotMatch":
		return Cause{"S3_SECRET_ACCESS_KEY", "the secret does not match the key: correct it", true}
	case "NoSuchBucket":
		return Cause{"S3_BUCKET_NAME", fmt.Sprintf("there is no bucket %s, and the key has no permission to create it: create it, or correct the name", s.Bucket), true}
	case "InvalidBucketName":
		return Cause{"S3_BUCKET_NAME", "the store does not allow this bucket name: choose another one", true}
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "InvalidLocationConstraint", "InvalidRegion":
		text := "the bucket is in another region: correct it"
		if refused.Region != "" && refused.Region != s.Region {
			text = fmt.Sprintf("the bucket is in the region %s: use that", refused.Region)
		}
		return Cause{"S3_REGION", text, true}
	case "RequestTimeTooSkewed":
		return Cause{"MINIO_ENDPOINT", "the clocks of this machine and of the store differ too much: synchronize both with a time server", false}
	case "AccessDenied":
		if s.AccessKey == "" {
			return Cause{"S3_ACCESS_KEY_ID", fmt.Sprintf("the keys of AWS_ACCESS_KEY_ID, ~/.aws/credentials or the role of this machine are missing or have no permission for the bucket %s: allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject, or set a key", s.Bucket), true}
		}
		return Cause{"S3_ACCESS_KEY_ID", fmt.Sprintf("the key has no permission for the bucket %s: allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject, or correct the key", s.Bucket), true}
	}
	if strings.Contains(refused.Message, "HTTP request to an HTTPS server") || refused.StatusCode == 400 && strings.Contains(refused.Code, "400") {
		return Cause{"MINIO_ENDPOINT", "the store answers 400: if it requires TLS, use https://", false}
	}
	return Cause{"MINIO_ENDPOINT", fmt.Sprintf("the store answers %d (%s)", refused.StatusCode, refused.Code), false}
}

// certificateFault explains a failed TLS handshake. It returns "" for other errors.
func certificateFault(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the server's certificate is signed by an unknown authority"
	}
	if name, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the server's certificate is not for " + name.Host
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "the server's certificate is not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not use TLS on this port"
	}
	return ""
}

// networkCause explains why the server does not answer.
func networkCause(err error, hostVariable, portVariable, engine string) Cause {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return Cause{hostVariable, fmt.Sprintf("the host name %q does not exist: correct it, or the DNS settings of this machine", dns.Name), false}
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Cause{portVariable, "nothing listens there: start " + engine + ", or correct host and port", false}
	case errors.Is(err, syscall.ENOENT):
		return Cause{hostVariable, "the socket does not exist: start " + engine + ", or correct the folder", false}
	case errors.Is(err, syscall.EACCES):
		return Cause{hostVariable, "the user that runs chillin has no permission for this socket", false}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Cause{hostVariable, "there is no route to this machine", false}
	case timedOut(err):
		return Cause{hostVariable, "no answer in time: check the host and firewalls", false}
	}
	return Cause{hostVariable, engine + " cannot be used", false}
}

func timedOut(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(err.Error(), "silent")
}
