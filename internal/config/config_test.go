package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/settings"
)

func from(vars map[string]string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		v, ok := vars[key]
		return v, ok
	}
}

func TestLoadWithoutVariables(t *testing.T) {
	got, err := Load(from(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Host: "0.0.0.0", Port: 5000, DataDir: "./data",
		Database: Database{Engine: SQLite}, Storage: Storage{Kind: Disk}, MinFreeSpace: 1024,
		LogLevel: slog.LevelInfo, LogFormat: LogText, Environment: settings.Values{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("config = %+v, want %+v", got, want)
	}
	if !got.Embedded() {
		t.Error("embedded = false, want true")
	}
	if got, want := got.Addr(), "0.0.0.0:5000"; got != want {
		t.Errorf("addr = %q, want %q", got, want)
	}
}

func TestLoadEverything(t *testing.T) {
	got, err := Load(from(map[string]string{
		"HOST": "::1", "PORT": "8080", "METRICS_ADDR": ":9090",
		"CLIENT_ORIGIN": " https://Chat.Example.org:443/, http://localhost:3000,https://chat.example.org ",
		"DB_HOST":       "db", "DB_USER": "us er", "DB_PASSWORD": "p@ss/:?", "DB_NAME": "talk", "DB_PORT": "6432",
		"REDIS_URL": "rediss://:secret@cache:6380/2",
		"USE_MINIO": "true", "MINIO_ENDPOINT": "https://s3.example.org", "S3_ACCESS_KEY_ID": "id",
		"S3_SECRET_ACCESS_KEY": "key", "S3_BUCKET_NAME": "files", "S3_REGION": "eu-central-1",
		"TRUST_PROXY": "10.0.0.1", "DATA_DIR": "/var/lib/chillin",
		"RATE_LIMIT_MESSAGES": "20", "RATE_LIMIT_AUTH": "5", "RATE_LIMIT_JOINS": "6", "RATE_LIMIT_ROOMS": "7", "MAX_SOCKETS_PER_IP": "8", "MAX_MESSAGE_LENGTH": "20000", "MAX_UPLOAD_SIZE": "100",
		"UPLOAD_QUOTA": "200", "GUEST_UPLOAD_QUOTA": "20", "STORAGE_QUOTA": "3000", "MIN_FREE_SPACE": "0",
		"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json", "SIGNUP": "Closed", "GUESTS": "off", "SERVER_NAME": " Our chat ",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Host: "::1", Port: 8080, MetricsAddr: ":9090",
		ClientOrigins: []string{"https://chat.example.org", "http://localhost:3000"},
		TrustProxy:    Proxies{Prefixes: mustPrefixes("10.0.0.1/32")},
		Database:      Database{Engine: Postgres, DSN: "postgres://us%20er:p%40ss%2F%3A%3F@db:6432/talk"},
		Redis:         Redis{URL: "rediss://:secret@cache:6380/2"},
		Storage: Storage{
			Kind: S3, Endpoint: "s3.example.org", Secure: true, AccessKey: "id", SecretKey: "key",
			Bucket: "files", Region: "eu-central-1",
		},
		DataDir: "/var/lib/chillin", LogLevel: slog.LevelDebug, LogFormat: LogJSON,
		Environment: settings.Values{ // in their normal form, without secrets
			"HOST": "::1", "PORT": "8080", "METRICS_ADDR": ":9090", "CLIENT_ORIGIN": "https://Chat.Example.org:443/, http://localhost:3000,https://chat.example.org",
			"DB_HOST": "db", "DB_USER": "us er", "DB_NAME": "talk", "DB_PORT": "6432",
			"USE_MINIO": "true", "MINIO_ENDPOINT": "https://s3.example.org", "S3_BUCKET_NAME": "files", "S3_REGION": "eu-central-1",
			"TRUST_PROXY": "10.0.0.1", "DATA_DIR": "/var/lib/chillin",
			"RATE_LIMIT_MESSAGES": "20", "RATE_LIMIT_AUTH": "5", "RATE_LIMIT_JOINS": "6", "RATE_LIMIT_ROOMS": "7", "MAX_SOCKETS_PER_IP": "8", "MAX_MESSAGE_LENGTH": "20000", "MAX_UPLOAD_SIZE": "100",
			"UPLOAD_QUOTA": "200", "GUEST_UPLOAD_QUOTA": "20", "STORAGE_QUOTA": "3000", "MIN_FREE_SPACE": "0",
			"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "SIGNUP": "closed", "GUESTS": "false", "SERVER_NAME": "Our chat",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("config = %#v, want %#v", got, want)
	}
	if got.Embedded() {
		t.Error("embedded = true, want false")
	}
	if got, want := got.Addr(), "[::1]:8080"; got != want {
		t.Errorf("addr = %q, want %q", got, want)
	}
}

func TestLoadDatabaseAddress(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		want Secret
	}{
		"whole URL":       {map[string]string{"DATABASE_URL": "postgresql://u@h/d?sslmode=require"}, "postgresql://u@h/d?sslmode=require"},
		"no password":     {map[string]string{"DB_HOST": "db", "DB_USER": "u"}, "postgres://u@db:5432/chillin"},
		"IPv6":            {map[string]string{"DB_HOST": "::1", "DB_USER": "u"}, "postgres://u@[::1]:5432/chillin"},
		"Unix socket":     {map[string]string{"DB_HOST": "/run/pg", "DB_USER": "u"}, "postgres://u@/chillin?host=%2Frun%2Fpg&port=5432"},
		"spaces are kept": {map[string]string{"DB_HOST": "db", "DB_USER": "u", "DB_PASSWORD": " x "}, "postgres://u:%20x%20@db:5432/chillin"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Load(from(c.vars))
			if err != nil {
				t.Fatal(err)
			}
			if got.Database.Engine != Postgres || got.Database.DSN != c.want {
				t.Errorf("database = %s %s, want postgres %s", got.Database.Engine, got.Database.DSN.Reveal(), c.want.Reveal())
			}
		})
	}
}

func TestLoadPoolerAndReplica(t *testing.T) {
	c, err := Load(from(map[string]string{
		"DATABASE_URL": "postgres://u@pooler/d", "DATABASE_POOLER": "Transaction",
		"DATABASE_DIRECT_URL": "postgres://u@primary/d", "DATABASE_REPLICA_URL": "postgres://u@standby/d",
	}))
	if err != nil {
		t.Fatal(err)
	}
	d := c.Database
	for variable, want := range map[string]struct {
		address Database
		dsn     Secret
		pooled  bool
	}{
		"DATABASE_URL":         {d, "postgres://u@pooler/d", true},
		"DATABASE_DIRECT_URL":  {d.DirectAddress(), "postgres://u@primary/d", false},
		"DATABASE_REPLICA_URL": {d.ReplicaAddress(), "postgres://u@standby/d", true},
	} {
		if got := want.address; got.DSN != want.dsn || got.Pooled != want.pooled || got.Variable("DB_HOST") != variable {
			t.Errorf("%s = %s, pooled %v, named %s", variable, got.DSN.Reveal(), got.Pooled, got.Variable("DB_HOST"))
		}
	}
	if direct := (Database{DSN: "x"}).DirectAddress(); direct.DSN != "x" {
		t.Errorf("direct address without a pooler = %s", direct.DSN.Reveal())
	}
}

func TestLoadErrors(t *testing.T) {
	postgres := map[string]string{"DB_HOST": "db", "DB_USER": "u"}
	minio := map[string]string{
		"USE_MINIO": "true", "MINIO_ENDPOINT": "minio:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b",
	}
	aws := map[string]string{"USE_MINIO": "true", "MINIO_ENDPOINT": "https://s3.eu-central-1.amazonaws.com"}
	cases := []struct {
		base     map[string]string
		key, val string
		keys     []string // the variables with expected errors
	}{
		{nil, "PORT", "http", []string{"PORT"}},
		{nil, "PORT", "65536", []string{"PORT"}},
		{nil, "PORT", "-1", []string{"PORT"}},
		{nil, "RATE_LIMIT_MESSAGES", "0", []string{"RATE_LIMIT_MESSAGES"}},
		{nil, "RATE_LIMIT_AUTH", "1e3", []string{"RATE_LIMIT_AUTH"}},
		{nil, "MAX_MESSAGE_LENGTH", "20001", []string{"MAX_MESSAGE_LENGTH"}},
		{nil, "MAX_MESSAGE_LENGTH", "99999999999999999999", []string{"MAX_MESSAGE_LENGTH"}},
		{nil, "LOG_LEVEL", "loud", []string{"LOG_LEVEL"}},
		{nil, "LOG_FORMAT", "xml", []string{"LOG_FORMAT"}},
		{nil, "SIGNUP", "ajar", []string{"SIGNUP"}},
		{nil, "GUESTS", "some", []string{"GUESTS"}},
		{nil, "SERVER_NAME", strings.Repeat("x", 61), []string{"SERVER_NAME"}},
		{nil, "METRICS_ADDR", "9090", []string{"METRICS_ADDR"}},
		{nil, "METRICS_ADDR", ":http", []string{"METRICS_ADDR"}},
		{nil, "CLIENT_ORIGIN", "*", []string{"CLIENT_ORIGIN"}},
		{nil, "CLIENT_ORIGIN", "null", []string{"CLIENT_ORIGIN"}},
		{nil, "CLIENT_ORIGIN", "https://*.example.org", []string{"CLIENT_ORIGIN"}},
		{nil, "CLIENT_ORIGIN", "https://example.org/app", []string{"CLIENT_ORIGIN"}},
		{nil, "CLIENT_ORIGIN", "example.org,ftp://example.org", []string{"CLIENT_ORIGIN", "CLIENT_ORIGIN"}},
		{nil, "TRUST_PROXY", "nginx", []string{"TRUST_PROXY"}},
		{nil, "TRUST_PROXY", "10.0.0.0/33", []string{"TRUST_PROXY"}},
		{nil, "TRUST_PROXY", "-1", []string{"TRUST_PROXY"}},
		{nil, "USE_MINIO", "maybe", []string{"USE_MINIO"}},
		{nil, "USE_MINIO", "true", []string{"MINIO_ENDPOINT", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}},
		{aws, "S3_ACCESS_KEY_ID", "half", []string{"S3_SECRET_ACCESS_KEY"}},
		{aws, "S3_SECRET_ACCESS_KEY", "half", []string{"S3_ACCESS_KEY_ID"}},
		{aws, "MINIO_ENDPOINT", "https://s3.amazonaws.com.example.org", []string{"S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}},
		{minio, "MINIO_ENDPOINT", "minio", []string{"MINIO_ENDPOINT"}},
		{minio, "MINIO_ENDPOINT", "ftp://minio:9000", []string{"MINIO_ENDPOINT"}},
		{minio, "MINIO_ENDPOINT", "http://minio:9000/bucket", []string{"MINIO_ENDPOINT"}},
		{minio, "MINIO_ENDPOINT", "http://minio:0", []string{"MINIO_ENDPOINT"}},
		{minio, "S3_BUCKET_NAME", "My_Bucket", []string{"S3_BUCKET_NAME"}},
		{nil, "DB_HOST", "db", []string{"DB_USER"}},
		{nil, "DB_PASSWORD", "x", []string{"DB_HOST"}},
		{postgres, "DB_HOST", "postgres://u@h/d", []string{"DB_HOST"}},
		{postgres, "DB_PORT", "0", []string{"DB_PORT"}},
		{postgres, "DATABASE_URL", "postgres://u@h/d", []string{"DATABASE_URL"}},
		{nil, "DATABASE_URL", "mysql://u@h/d", []string{"DATABASE_URL"}},
		{nil, "DATABASE_URL", "postgres://u:se cret@h:port/d", []string{"DATABASE_URL"}},
		{postgres, "DATABASE_POOLER", "transaction", []string{"DATABASE_DIRECT_URL"}},
		{postgres, "DATABASE_POOLER", "session", []string{"DATABASE_POOLER"}},
		{nil, "DATABASE_POOLER", "transaction", []string{"DATABASE_POOLER"}},
		{nil, "DATABASE_DIRECT_URL", "postgres://u@h/d", []string{"DATABASE_DIRECT_URL"}},
		{postgres, "DATABASE_DIRECT_URL", "db:5432", []string{"DATABASE_DIRECT_URL"}},
		{nil, "DATABASE_REPLICA_URL", "postgres://u@h/d", []string{"DATABASE_REPLICA_URL"}},
		{postgres, "DATABASE_REPLICA_URL", "mysql://u@h/d", []string{"DATABASE_REPLICA_URL"}},
		{nil, "REDIS_URL", "redis://cache:6379", []string{"REDIS_URL"}},
		{postgres, "REDIS_URL", "cache:6379", []string{"REDIS_URL"}},
		{postgres, "REDIS_URL", "redis://cache:6379/first", []string{"REDIS_URL"}},
		{postgres, "REDIS_URL", "unix://", []string{"REDIS_URL"}},
		{postgres, "REDIS_URL", "redis://a:7000,b:7001/3", []string{"REDIS_URL"}},
		{postgres, "REDIS_URL", "redis+sentinel://a:26379,b:26379", []string{"REDIS_URL"}},
		{postgres, "REDIS_URL", "redis://:hunter2@cache?color=blue", []string{"REDIS_URL"}},
	}
	for _, c := range cases {
		t.Run(c.key+"="+c.val, func(t *testing.T) {
			vars := maps.Clone(c.base)
			if vars == nil {
				vars = map[string]string{}
			}
			vars[c.key] = c.val
			cfg, err := Load(from(vars))
			if got := errorKeys(err); !slices.Equal(got, c.keys) {
				t.Errorf("faults = %v, want %v (%v)", got, c.keys, err)
			}
			if !reflect.DeepEqual(cfg, Config{}) {
				t.Errorf("config = %+v, want the zero value", cfg)
			}
		})
	}
}

func TestKeysMayComeFromARoleOfAWS(t *testing.T) {
	for _, endpoint := range []string{"https://s3.eu-central-1.amazonaws.com", "https://s3.cn-north-1.amazonaws.com.cn:443", "s3.amazonaws.com:80"} {
		c, err := Load(from(map[string]string{"USE_MINIO": "true", "MINIO_ENDPOINT": endpoint}))
		if err != nil || c.Storage.Kind != S3 || c.Storage.AccessKey != "" {
			t.Errorf("%s: %+v, %v", endpoint, c.Storage, err)
		}
	}
}

func errorKeys(err error) (keys []string) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		if f, ok := errors.AsType[*VariableError](e); ok {
			keys = append(keys, f.Key)
		}
	}
	return keys
}

func TestLoadReportsAllErrors(t *testing.T) {
	_, err := Load(from(map[string]string{"PORT": "x", "LOG_LEVEL": "x", "USE_MINIO": "x", "REDIS_URL": "redis://h"}))
	if got, want := errorKeys(err), []string{"PORT", "REDIS_URL", "USE_MINIO", "LOG_LEVEL"}; !sameSet(got, want) {
		t.Errorf("faults = %v, want %v", got, want)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestFormsOfRedisURL(t *testing.T) {
	for _, url := range []string{
		"redis://cache", "rediss://chat:secret@cache:6380/2", "unix:///run/redis.sock",
		"redis://:secret@a:7000,b:7001,c:7002", "rediss+cluster://cache:6379",
		"redis+sentinel://chat:secret@a:26379,b:26379,c:26379/mymaster/0",
	} {
		c, err := Load(from(map[string]string{"DB_HOST": "db", "DB_USER": "u", "REDIS_URL": url}))
		if err != nil || c.Redis.URL.Reveal() != url {
			t.Errorf("%s: %s, %v", url, c.Redis.URL.Reveal(), err)
		}
	}
}

func TestRedisWithoutPostgresNamesBothVariables(t *testing.T) {
	_, err := Load(from(map[string]string{"REDIS_URL": "redis://:hunter2@cache:6379"}))
	if err == nil {
		t.Fatal("err = nil, want an error")
	}
	for _, want := range []string{"DB_HOST", "REDIS_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("err = %q, want it to name %s", err, want)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	vars := map[string]string{
		"DB_HOST": "db", "DB_USER": "u", "DB_PASSWORD": "hunter2", "DATABASE_DIRECT_URL": "postgres://u:hunter2@h/d", "DATABASE_REPLICA_URL": "postgres://u:hunter2@h/d", "REDIS_URL": "redis://:hunter2@cache:6379",
		"USE_MINIO": "1", "MINIO_ENDPOINT": "minio:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "hunter2",
	}
	cfg, err := Load(from(vars))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "dsn", cfg.Database.DSN, "config", cfg)
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "dsn", cfg.Database.DSN, "config", cfg)
	outputs := []string{string(asJSON), log.String()}
	// fmt ignores String below a pointer in a struct with a wrong verb. Because of %s on Config, Config
	// contains no pointers.
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		outputs = append(outputs, fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, cfg.Database.DSN), fmt.Sprintf(verb, cfg.Redis))
	}

	// The error of an invalid secret does not contain its value.
	for _, key := range []string{"DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL", "REDIS_URL"} {
		_, err := Load(from(map[string]string{key: "ftp://u:hunter2@h:bad port/x"}))
		outputs = append(outputs, fmt.Sprint(err))
	}
	for _, out := range outputs {
		if strings.Contains(out, "hunter2") || strings.Contains(out, "68756e74657232") {
			t.Errorf("output contains a secret: %s", out)
		}
	}
	if got, want := fmt.Sprint(cfg.Database.DSN), "…"; got != want {
		t.Errorf("DSN prints %q, want %q", got, want)
	}
	if got := cfg.Storage.SecretKey.Reveal(); got != "hunter2" {
		t.Errorf("Reveal = %q, want hunter2", got)
	}
}
