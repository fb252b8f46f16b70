package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/settings"
)

func TestLoadReadsEveryVariableOfTheRegistry(t *testing.T) {
	want := settings.Variables()
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(variables(t))); !slices.Equal(got, want) {
		t.Errorf("variables = %q, want those of the registry %q", got, want)
	}
}

// variable is the contract of a variable that operators rely on.
type variable struct {
	normal string // the default
	bad    string // an invalid value; "" if every value is valid
	text   string // the error of it
}

const (
	noNumber  = `"x" is not a whole number from `
	noBoolean = `"x" is neither true nor false`
)

// contract has every variable that was released before the registry existed. Nothing may disappear from
// it, and neither default nor error may change.
var contract = map[string]variable{
	"PORT":          {"5000", "x", noNumber + "0 to 65535"},
	"HOST":          {"0.0.0.0", "", ""},
	"CLIENT_ORIGIN": {"", "x", `"x" is not an exact origin, such as https://chat.example.org or http://localhost:3000`},
	"TRUST_PROXY":   {"", "x", `"x" is not an IP address, CIDR, number of proxies, loopback, linklocal, uniquelocal or true`},
	"METRICS_ADDR":  {"", "x", `"x" is not host:port, such as 127.0.0.1:9090 or :9090`},
	"PPROF":         {"false", "x", noBoolean},

	"DB_HOST":              {"", "a b", "is not a host name, an IP address or the folder of a Unix socket (set DATABASE_URL for a whole URL)"},
	"DB_PORT":              {"5432", "x", noNumber + "1 to 65535"},
	"DB_NAME":              {"chillin", "", ""},
	"DB_USER":              {"", "", ""},
	"DB_PASSWORD":          {},
	"DATABASE_URL":         {"", "x", "is not postgres://user:password@host:port/name"},
	"DATABASE_POOLER":      {"none", "x", `"x" is not one of none, transaction`},
	"DATABASE_DIRECT_URL":  {"", "x", "is not postgres://user:password@host:port/name"},
	"DATABASE_REPLICA_URL": {"", "x", "is not postgres://user:password@host:port/name"},
	"REDIS_URL":            {"", "x", ""},

	"USE_MINIO":            {"false", "x", noBoolean},
	"MINIO_ENDPOINT":       {"", "x", `"x" is not host:port, http://host:port or https://host[:port]; USE_MINIO requires it`},
	"S3_ACCESS_KEY_ID":     {},
	"S3_SECRET_ACCESS_KEY": {},
	"S3_BUCKET_NAME":       {"chillin", "x", `"x" is not 3–63 characters of a–z, 0–9, dot and hyphen`},
	"S3_REGION":            {"us-east-1", "", ""},
	"DATA_DIR":             {"./data", "", ""},

	"RATE_LIMIT_MESSAGES": {"10", "x", noNumber + "1 to 1000000"},
	"RATE_LIMIT_AUTH":     {"30", "x", noNumber + "1 to 1000000"},
	"RATE_LIMIT_JOINS":    {"30", "x", noNumber + "1 to 1000000"},
	"RATE_LIMIT_ROOMS":    {"10", "x", noNumber + "1 to 1000000"},
	"MAX_SOCKETS_PER_IP":  {"500", "x", noNumber + "1 to 1000000"},
	"MAX_MESSAGE_LENGTH":  {"2000", "x", noNumber + "1 to 20000"},
	"MAX_UPLOAD_SIZE":     {"10", "x", noNumber + "1 to 1024"},
	"UPLOAD_QUOTA":        {"500", "x", noNumber + "1 to 1073741824"},
	"GUEST_UPLOAD_QUOTA":  {"50", "x", noNumber + "1 to 1073741824"},
	"STORAGE_QUOTA":       {"102400", "x", noNumber + "1 to 1073741824"},
	"MIN_FREE_SPACE":      {"1024", "x", noNumber + "0 to 1073741824"},

	"WEBHOOK_ALLOW_PRIVATE": {"false", "x", noBoolean},
	"BACKUP_PASSPHRASE":     {},
	"BACKUP_RECIPIENT":      {},
	"BACKUP_IDENTITY_FILE":  {},
	"LOG_LEVEL":             {"info", "x", `"x" is not one of info, debug, warn, error`},
	"LOG_FORMAT":            {"text", "x", `"x" is not one of text, json`},
}

func TestVariablesKeepTheirDefaultsAndErrors(t *testing.T) {
	required := map[string]map[string]string{
		"DB_HOST":              {"DB_USER": "u"},
		"DATABASE_DIRECT_URL":  {"DATABASE_URL": "postgres://u@h/d"},
		"DATABASE_REPLICA_URL": {"DATABASE_URL": "postgres://u@h/d"},
		"REDIS_URL":            {"DATABASE_URL": "postgres://u@h/d"},
		"MINIO_ENDPOINT":       {"USE_MINIO": "true", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"},
		"S3_BUCKET_NAME":       {"USE_MINIO": "true", "MINIO_ENDPOINT": "m:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"},
	}
	read := variables(t)
	for name, want := range contract {
		t.Run(name, func(t *testing.T) {
			if !read[name] {
				t.Fatal("is not read")
			}
			s, ok := settings.Lookup(name)
			if !ok || s.Default != want.normal {
				t.Errorf("default = %q (%t), want %q", s.Default, ok, want.normal)
			}
			if want.bad == "" {
				return
			}
			env := maps.Clone(required[name])
			if env == nil {
				env = map[string]string{}
			}
			env[name] = want.bad
			_, err := Load(from(env))
			if f, ok := errors.AsType[*VariableError](err); !ok || f.Key != name || !strings.Contains(f.Expected, want.text) || want.text == "" && f.Expected == "" {
				t.Errorf("%q: %v, want the error %q", want.bad, err, want.text)
			}
		})
	}
}

// Every secret can come from a file, and a value that both give is an error.
func TestEverySecretOfTheRegistryHasAFile(t *testing.T) {
	read := variables(t)
	for _, s := range settings.All() {
		if s.Type != settings.Secret {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			if !read[s.FileVariable()] {
				t.Errorf("%s is not read", s.FileVariable())
			}
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(from(map[string]string{s.Name: "hunter3", s.FileVariable(): path}))
			if err == nil || !strings.Contains(err.Error(), s.FileVariable()+": is set together with "+s.Name) || strings.Contains(err.Error(), "hunter") {
				t.Errorf("both set: %v, want an error without the values", err)
			}
		})
	}
}

func TestSecretsAreNoValues(t *testing.T) {
	env := map[string]string{"DATABASE_URL": "postgres://u:hunter2@h/d", "BACKUP_PASSPHRASE": "hunter2", "PORT": "7"}
	c, err := Load(from(env))
	if err != nil {
		t.Fatal(err)
	}
	if want := (settings.Values{"PORT": "7"}); !maps.Equal(c.Environment, want) {
		t.Errorf("values = %v, want %v", c.Environment, want)
	}
}
