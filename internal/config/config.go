// Package config reads the settings from the environment, once.
//
// Every setting has a default for a laptop: without any variable, Chillin runs alone from DATA_DIR. An
// empty variable counts as unset, because Compose and Kubernetes pass optional variables as empty
// strings.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/chillin-chat/chillin/internal/settings"
)

// Config contains all settings, validated and with defaults filled in. It is safe to log: secrets print
// as "…".
type Config struct {
	Host          string   // HOST: the address to listen on
	Port          int      // PORT: 0…65535; 0 lets the system choose
	ClientOrigins []string // CLIENT_ORIGIN: exact origins besides our own, such as https://chat.example.org
	TrustProxy    Proxies  // TRUST_PROXY: the proxies whose X-Forwarded-For is trusted
	MetricsAddr   string   // METRICS_ADDR: host:port of the listener for metrics and health; "" disables it
	Pprof         bool     // PPROF: serve profiles at MetricsAddr

	Database Database
	Redis    Redis
	Storage  Storage
	DataDir  string // DATA_DIR: contains the data that is not in Postgres or S3

	MinFreeSpace int // MIN_FREE_SPACE: MiB that uploads leave free on the disk

	// WEBHOOK_ALLOW_PRIVATE: allow outgoing webhooks to private and local addresses
	WebhookAllowPrivate bool

	Backup Backup

	LogLevel  slog.Level
	LogFormat LogFormat

	// Environment contains the values that the environment sets, without secrets. Settings that admins
	// can change are only here.
	Environment settings.Values
}

// LogFormat is the format of log lines.
type LogFormat string

// The log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Addr returns the host:port to listen on for clients.
func (c Config) Addr() string {
	return net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
}

// Embedded reports whether this process is the whole service: SQLite in DataDir, without Redis. An
// embedded node cannot share its rooms with a second node.
func (c Config) Embedded() bool {
	return c.Database.Engine == SQLite
}

// Load reads the configuration through env, which has the semantics of os.LookupEnv. It returns all
// errors together, one per line, each with the name of the variable and the expected value. Values of
// secrets are never included.
func Load(env func(string) (string, bool)) (Config, error) {
	r := &reader{env: env, set: settings.Values{}}
	c := Config{
		Host:          r.value("HOST"),
		Port:          r.number("PORT"),
		ClientOrigins: r.origins("CLIENT_ORIGIN"),
		TrustProxy:    r.proxies("TRUST_PROXY"),
		MetricsAddr:   r.listenAddr("METRICS_ADDR"),
		Pprof:         r.flag("PPROF"),
		Database:      r.database(),
		Redis:         r.redis(),
		Storage:       r.storage(),
		DataDir:       r.value("DATA_DIR"),
		MinFreeSpace:  r.number("MIN_FREE_SPACE"),

		WebhookAllowPrivate: r.flag("WEBHOOK_ALLOW_PRIVATE"),

		Backup: r.backup(),

		LogLevel:  r.logLevel("LOG_LEVEL"),
		LogFormat: LogFormat(r.value("LOG_FORMAT")),
	}
	for _, s := range settings.All() {
		if s.Admin {
			r.value(s.Name)
		}
	}
	c.Environment = r.set
	// Without a shared database, other nodes would receive events of messages that they cannot read.
	if c.Redis.Enabled() && c.Database.Engine != Postgres && !r.hasErrorIn("DB_", "DATABASE_URL") {
		r.addError("REDIS_URL", "requires Postgres: set DB_HOST (or DATABASE_URL) as well, or unset REDIS_URL to run one node on SQLite")
	}
	if c.MetricsAddr != "" && c.Port != 0 && sameListener(c.Addr(), c.MetricsAddr) {
		r.addError("METRICS_ADDR", "has the same port as PORT: use another one, such as 127.0.0.1:9090")
	}
	if c.Pprof && c.MetricsAddr == "" {
		r.addError("PPROF", "requires METRICS_ADDR, where the profiles are served")
	}
	if len(r.errs) > 0 {
		return Config{}, errors.Join(r.errs...)
	}
	return c, nil
}

// reader reads variables and collects the errors.
type reader struct {
	env  func(string) (string, bool)
	set  settings.Values // the variables that are set and valid, without secrets
	errs []error
}

// VariableError reports one invalid variable.
type VariableError struct {
	Key      string // the name of the variable
	Expected string // what is wrong and what is expected
}

// Error returns one line: the name and the expected value.
func (f *VariableError) Error() string { return f.Key + ": " + f.Expected }

func (r *reader) addError(key, format string, args ...any) {
	r.errs = append(r.errs, &VariableError{Key: key, Expected: fmt.Sprintf(format, args...)})
}

// hasErrorIn reports whether a variable with one of these prefixes is already invalid. A second error
// that only follows from the first would mislead.
func (r *reader) hasErrorIn(prefixes ...string) bool {
	for _, err := range r.errs {
		var f *VariableError
		if !errors.As(err, &f) {
			continue
		}
		for _, p := range prefixes {
			if strings.HasPrefix(f.Key, p) {
				return true
			}
		}
	}
	return false
}

func (r *reader) lookup(key string) string {
	v, _ := r.env(key)
	return strings.TrimSpace(v)
}

// value returns the value of a setting: that of its variable, or its default.
func (r *reader) value(key string) string {
	s, ok := settings.Lookup(key)
	if !ok || s.Type == settings.Secret {
		panic(key + " is not a setting that can be shown")
	}
	text := r.lookup(key)
	if text == "" {
		return s.Default
	}
	value, err := s.Parse(text)
	if err != nil {
		r.addError(key, "%v", err)
		return s.Default
	}
	r.set[key] = value
	return value
}

func (r *reader) number(key string) int {
	n, _ := strconv.Atoi(r.value(key)) // valid
	return n
}

func (r *reader) flag(key string) bool { return r.value(key) == "true" }

// secret reads key, or else the file that key_FILE names. Values are not trimmed: a password may begin
// or end with a space. The final line break of a file is dropped.
func (r *reader) secret(key string) Secret {
	s, ok := settings.Lookup(key)
	if !ok || s.Type != settings.Secret {
		panic(key + " is not a secret")
	}
	v, _ := r.env(key)
	fileKey := s.FileVariable()
	file := r.lookup(fileKey)
	if file == "" {
		return Secret(v)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		r.addError(fileKey, "cannot be read: %v", err)
	}
	content = bytes.TrimRight(content, "\r\n")
	if v != "" && len(content) > 0 {
		r.addError(fileKey, "is set together with %s; set only one of them", key)
	}
	if v != "" {
		return Secret(v)
	}
	return Secret(content)
}

func (r *reader) logLevel(key string) slog.Level {
	switch r.value(key) {
	case "debug":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (r *reader) listenAddr(key string) string {
	v := r.value(key)
	if v != "" && !isHostPort(v, true) {
		r.addError(key, "%q is not host:port, such as 127.0.0.1:9090 or :9090", v)
	}
	return v
}

// sameListener reports whether a and b, as host:port, conflict.
func sameListener(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return portA == portB && (hostA == hostB || isWildcard(hostA) || isWildcard(hostB))
}

func isWildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// isHostPort reports whether v is host:port with a port number from 1 to 65535.
func isHostPort(v string, emptyHost bool) bool {
	host, port, err := net.SplitHostPort(v)
	if err != nil || strings.ContainsAny(host, "/@ ") || host == "" && !emptyHost {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}
