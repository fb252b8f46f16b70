// Package redisclient opens clients for every form of REDIS_URL: a single Redis, a Redis Cluster, and a
// Redis that Sentinels watch. It also defines which part of a cluster a room or a user belongs to.
package redisclient

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Kind is the kind of Redis deployment.
type Kind string

// The kinds of deployments.
const (
	Single   Kind = "single"   // one server, or one address in front of several
	Cluster  Kind = "cluster"  // a Redis Cluster
	Sentinel Kind = "sentinel" // a primary that Sentinels watch and replace
)

// Syntax are the accepted forms of an address. It is part of error texts.
const Syntax = "redis://[user:password@]host:port[/number], several addresses of a cluster separated by commas, " +
	"redis+sentinel://[user:password@]host:port,…/name[/number], or unix:///path; rediss:// and rediss+sentinel:// use TLS"

// Address is a parsed REDIS_URL. It contains secrets; String does not.
type Address struct {
	Kind   Kind
	single redis.Options
	hosts  []string // host:port of a single server, cluster nodes or Sentinels
	master string   // the name of the primary at its Sentinels
	// The credentials of the Sentinels, which need not be those of Redis.
	sentinelUser, sentinelPassword string
}

// String returns the hosts and, with Sentinels, the name of the primary.
func (a Address) String() string {
	text := strings.Join(a.hosts, ",")
	if a.Kind == Sentinel {
		text = a.master + " of the Sentinels " + text
	}
	return text
}

// GoString is String, so that %#v shows no secret either.
func (a Address) GoString() string { return a.String() }

// Hosts returns the addresses in the URL: of the server, of cluster nodes or of Sentinels.
func (a Address) Hosts() []string { return slices.Clone(a.hosts) }

// Secrets returns the passwords in the address.
func (a Address) Secrets() []string {
	return slices.DeleteFunc([]string{a.single.Password, a.sentinelPassword}, func(s string) bool { return s == "" })
}

var (
	errSyntax      = errors.New("is not " + Syntax)
	errCredentials = errors.New("has addresses with different users, passwords or options: all nodes of a cluster share them")
	errNumber      = errors.New("has a database number, but a cluster has only number 0: remove it")
	errName        = errors.New("has no name of the primary: redis+sentinel://host:26379,…/name")
)

// Parse parses an address. Its errors contain no part of the address that can be secret.
//
// Options follow after "?": those of redis.ParseURL of go-redis, tls_ca_file, tls_cert_file,
// tls_key_file and tls_server_name for TLS, and sentinel_username and sentinel_password. The forms
// of ParseClusterURL (addr=host:port) and ParseFailoverURL (master_name=…) are also accepted.
func Parse(raw string) (Address, error) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return Address{}, errSyntax
	}
	if strings.Contains(rest, "://") {
		return parseList(strings.Split(raw, ","))
	}
	plain, suffix, _ := strings.Cut(scheme, "+")
	if plain == "unix" && suffix == "" {
		return parseUnix(raw)
	}
	if plain != "redis" && plain != "rediss" || suffix != "" && suffix != "cluster" && suffix != "sentinel" {
		return Address{}, errSyntax
	}
	return parseHosts(plain, suffix, rest)
}

// parseList parses several whole addresses, which are those of a cluster.
func parseList(urls []string) (Address, error) {
	var all Address
	for i, raw := range urls {
		a, err := Parse(strings.TrimSpace(raw))
		if err != nil {
			return Address{}, err
		}
		if a.Kind == Sentinel || a.single.Network == "unix" {
			return Address{}, errSyntax
		}
		if i == 0 {
			all = a
			continue
		}
		if a.single.Username != all.single.Username || a.single.Password != all.single.Password || (a.single.TLSConfig == nil) != (all.single.TLSConfig == nil) {
			return Address{}, errCredentials
		}
		all.hosts = append(all.hosts, a.hosts...)
		all.single.DB = max(all.single.DB, a.single.DB)
	}
	return all.asCluster()
}

func parseUnix(raw string) (Address, error) {
	options, err := redis.ParseURL(raw)
	if err != nil || options.Addr == "" {
		return Address{}, errSyntax
	}
	return Address{Kind: Single, single: *options, hosts: []string{options.Addr}}, nil
}

// parseHosts parses an address after its scheme, which is redis or rediss with suffix.
func parseHosts(scheme, suffix, rest string) (Address, error) {
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	user, list := "", authority
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		user, list = authority[:i+1], authority[i+1:]
	}
	hosts := strings.Split(list, ",")
	u, err := url.Parse(scheme + "://" + user + strings.TrimSpace(hosts[0]) + tail)
	if err != nil || u.Fragment != "" {
		return Address{}, errSyntax
	}
	query := u.Query()
	hosts = append(hosts, query["addr"]...)
	port := "6379"
	if suffix == "sentinel" || query.Has("master_name") {
		suffix, port = "sentinel", "26379"
	}
	a := Address{Kind: Single}
	for _, host := range hosts {
		addr, ok := hostPort(strings.TrimSpace(host), port)
		if !ok {
			return Address{}, errSyntax
		}
		a.hosts = append(a.hosts, addr)
	}
	if suffix == "sentinel" {
		a.Kind = Sentinel
		if err := a.takeSentinel(u, query); err != nil {
			return Address{}, err
		}
	}
	if err := a.setOptions(u, query); err != nil {
		return Address{}, err
	}
	if a.Kind == Single && (len(a.hosts) > 1 || suffix == "cluster") {
		return a.asCluster()
	}
	return a, nil
}

func (a Address) asCluster() (Address, error) {
	if a.single.DB != 0 {
		return Address{}, errNumber
	}
	a.Kind = Cluster
	return a, nil
}

// takeSentinel moves what is about the Sentinels out of u and query. In the form of go-redis, with
// master_name, the user of the URL is that of the Sentinels; otherwise it is that of Redis.
func (a *Address) takeSentinel(u *url.URL, query url.Values) error {
	if a.master = query.Get("master_name"); a.master != "" {
		if u.User != nil {
			a.sentinelUser = u.User.Username()
			a.sentinelPassword, _ = u.User.Password()
		}
		u.User = nil
		if query.Has("password") {
			u.User = url.UserPassword(query.Get("username"), query.Get("password"))
		}
	} else {
		name, number, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
		a.master, u.Path = name, "/"+number
		a.sentinelUser, a.sentinelPassword = query.Get("sentinel_username"), query.Get("sentinel_password")
	}
	for _, key := range []string{"master_name", "username", "password", "sentinel_username", "sentinel_password"} {
		query.Del(key)
	}
	if a.master == "" {
		return errName
	}
	return nil
}

// setOptions reads the credentials, the database number and the options.
func (a *Address) setOptions(u *url.URL, query url.Values) error {
	if number := strings.Trim(u.Path, "/"); number != "" {
		if n, err := strconv.Atoi(number); err != nil || n < 0 {
			return errSyntax
		}
	}
	certificates := takeTLSFiles(query)
	query.Del("addr")
	u.Host, u.RawQuery = a.hosts[0], query.Encode()
	options, err := redis.ParseURL(u.String())
	if err != nil {
		return fmt.Errorf("has an option that is unknown or invalid: %s", strings.Join(keys(query), ", "))
	}
	if options.TLSConfig == nil && certificates != (tlsFiles{}) {
		return errors.New("has options for TLS, but no TLS: use rediss:// or rediss+sentinel://")
	}
	if options.TLSConfig != nil {
		if err := certificates.apply(options.TLSConfig); err != nil {
			return err
		}
	}
	a.single = *options
	return nil
}

// keys returns the names of the options. Their values may be secrets.
func keys(query url.Values) []string {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// hostPort adds the default port to a host and checks both.
func hostPort(host, port string) (string, bool) {
	if name, number, err := net.SplitHostPort(host); err == nil {
		host, port = name, number
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		if strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return "", false
		}
	}
	n, err := strconv.Atoi(port)
	ok := err == nil && n > 0 && n <= 65535 && host != "" && !strings.ContainsAny(host, "/@ ")
	return net.JoinHostPort(host, port), ok
}
