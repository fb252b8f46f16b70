package doctor

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/minio/minio-go/v7"

	"github.com/chillin-chat/chillin/internal/config"
)

// Each error names the setting to correct. Only errors that waiting cannot solve prevent a start.
func TestCauses(t *testing.T) {
	byParts, byURL := config.Database{Engine: config.Postgres}, config.Database{Engine: config.Postgres, FromURL: true}
	s3 := config.Storage{Kind: config.S3, Bucket: "files", Region: "us-east-1"}
	postgres := func(code, message string) error {
		return fmt.Errorf("open database: %w", &pgconn.PgError{Code: code, Message: message})
	}
	store := func(status int, code string) error {
		return fmt.Errorf("look for the bucket: %w", minio.ErrorResponse{StatusCode: status, Code: code, Region: "eu-west-1"})
	}
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, c := range map[string]struct {
		cause     Cause
		variable  string
		word      string
		permanent bool
	}{
		"password":           {PostgresCause(byParts, postgres("28P01", "")), "DB_PASSWORD", "password", true},
		"password in URL":    {PostgresCause(byURL, postgres("28P01", "")), "DATABASE_URL", "password", true},
		"no such user":       {PostgresCause(byParts, postgres("28000", `role "x" does not exist`)), "DB_USER", "createuser", true},
		"no pg_hba line":     {PostgresCause(byParts, postgres("28000", "no pg_hba.conf entry for host")), "DB_USER", "pg_hba.conf", true},
		"TLS wanted":         {PostgresCause(byParts, postgres("28000", "no pg_hba.conf entry for host, no encryption")), "DATABASE_URL", "sslmode=require", true},
		"no such database":   {PostgresCause(byParts, postgres("3D000", "")), "DB_NAME", "createdb", true},
		"no right":           {PostgresCause(byParts, postgres("42501", "")), "DB_USER", "GRANT", false},
		"too many":           {PostgresCause(byParts, postgres("53300", "")), "DB_HOST", "max_connections", false},
		"starting":           {PostgresCause(byParts, postgres("57P03", "")), "DB_HOST", "starting", false},
		"a pooler":           {PostgresCause(byURL, postgres("08P01", "unsupported startup parameter: statement_timeout")), "DATABASE_URL", "DATABASE_POOLER=transaction", true},
		"pooler, database":   {PostgresCause(byParts, postgres("08P01", "no such database: x")), "DB_NAME", "[databases]", true},
		"pooler, password":   {PostgresCause(byParts, postgres("08P01", "password authentication failed")), "DB_PASSWORD", "auth_file", true},
		"pooler, too many":   {PostgresCause(byParts, postgres("08P01", "no more connections allowed (max_client_conn)")), "DB_HOST", "max_client_conn", false},
		"pooler, no server":  {PostgresCause(byParts, postgres("08P01", "query_wait_timeout")), "DB_HOST", "cannot connect to Postgres", false},
		"no TLS in Postgres": {PostgresCause(byURL, errors.New("server refused TLS connection")), "DATABASE_URL", "sslmode=disable", true},
		"certificate":        {PostgresCause(byURL, x509.UnknownAuthorityError{}), "DATABASE_URL", "sslrootcert", true},
		"nothing listens":    {PostgresCause(byParts, refused), "DB_PORT", "start Postgres", false},
		"no such host":       {PostgresCause(byParts, &net.DNSError{Name: "postgers"}), "DB_HOST", `"postgers"`, false},
		"no answer":          {PostgresCause(byParts, os.ErrDeadlineExceeded), "DB_HOST", "firewalls", false},
		"no socket":          {PostgresCause(byParts, syscall.ENOENT), "DB_HOST", "socket", false},

		"Redis password":    {RedisCause(errors.New("WRONGPASS invalid username-password pair")), "REDIS_URL", "password", true},
		"Redis no password": {RedisCause(errors.New("NOAUTH Authentication required.")), "REDIS_URL", "requires a password", true},
		"Redis needs none":  {RedisCause(errors.New("ERR AUTH <password> called without any password configured")), "REDIS_URL", "requirepass", true},
		"Redis rights":      {RedisCause(errors.New("NOPERM this user has no permissions")), "REDIS_URL", "ACL", true},
		"Redis number":      {RedisCause(errors.New("ERR DB index is out of range")), "REDIS_URL", "number", true},
		"Redis loads":       {RedisCause(errors.New("LOADING Redis is loading the dataset in memory")), "REDIS_URL", "starting", false},
		"Redis replica":     {RedisCause(errors.New("READONLY You can't write against a read only replica.")), "REDIS_URL", "primary", false},
		"Redis away":        {RedisCause(refused), "REDIS_URL", "start Redis", false},

		"key":           {StorageCause(s3, store(403, "InvalidAccessKeyId")), "S3_ACCESS_KEY_ID", "does not exist", true},
		"secret":        {StorageCause(s3, store(403, "SignatureDoesNotMatch")), "S3_SECRET_ACCESS_KEY", "secret", true},
		"no keys":       {StorageCause(config.Storage{Kind: config.S3, Bucket: "files"}, store(403, "AccessDenied")), "S3_ACCESS_KEY_ID", "role of this machine", true},
		"denied":        {StorageCause(s3, store(403, "AccessDenied")), "S3_ACCESS_KEY_ID", "s3:PutObject", true},
		"bucket":        {StorageCause(s3, store(404, "NoSuchBucket")), "S3_BUCKET_NAME", "files", true},
		"region":        {StorageCause(s3, store(400, "AuthorizationHeaderMalformed")), "S3_REGION", "eu-west-1", true},
		"clock":         {StorageCause(s3, store(403, "RequestTimeTooSkewed")), "MINIO_ENDPOINT", "clocks", false},
		"broken store":  {StorageCause(s3, store(500, "InternalError")), "MINIO_ENDPOINT", "500", false},
		"store away":    {StorageCause(s3, refused), "MINIO_ENDPOINT", "start the store", false},
		"store, no TLS": {StorageCause(s3, errors.New("http: server gave HTTP response to HTTPS client")), "MINIO_ENDPOINT", "http://", true},
	} {
		if c.cause.Variable != c.variable || c.cause.Permanent != c.permanent {
			t.Errorf("%s: %+v, want %s, permanent %t", name, c.cause, c.variable, c.permanent)
		}
		wantWords(t, c.cause.Text, c.word)
	}
}

func TestUnknownKeysAreWarnings(t *testing.T) {
	got := format(UnknownKeys([]config.UnknownKey{{Key: "DB_PASWORD", Similar: "DB_PASSWORD", InFile: true}, {Key: "COLOUR", InFile: true}})...)
	wantWords(t, got, "warning DB_PASWORD", "did you mean DB_PASSWORD?", "warning COLOUR: unknown variable in .env\n")
}

func TestWarningsOfTheRunningNode(t *testing.T) {
	got := format(gradeWarnings([]string{"untrusted_proxy", "second_node_without_redis", "new_one"})...)
	wantWords(t, got, "warning TRUST_PROXY", "wrong REDIS_URL", "warning running node: new_one")
}

func TestTemporaryFolder(t *testing.T) {
	for name, c := range map[string]struct {
		facts folderFacts
		want  string
	}{
		"all well":     {folderFacts{disk: disk{"a local disk", 9 << 30}}, "ok temporary folder"},
		"unknown disk": {folderFacts{}, "ok temporary folder"},
		"read-only":    {folderFacts{err: syscall.EROFS}, "wrong temporary folder"},
		"full":         {folderFacts{disk: disk{"tmpfs", 1 << 20}}, "wrong temporary folder"},
		"almost full":  {folderFacts{disk: disk{"tmpfs", 100 << 20}}, "warning temporary folder"},
	} {
		t.Run(name, func(t *testing.T) { wantWords(t, format(gradeTempFolder(c.facts)), c.want) })
	}
}
