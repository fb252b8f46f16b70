package redisclient

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		url   string
		kind  Kind
		hosts string
		// want is user/password/number/TLS, and with Sentinels /name/user/password of the Sentinels.
		want string
	}{
		"one server":            {"redis://cache:6380", Single, "cache:6380", "//0/false"},
		"the default port":      {"redis://cache", Single, "cache:6379", "//0/false"},
		"a password":            {"redis://:hunter2@cache/3", Single, "cache:6379", "/hunter2/3/false"},
		"an ACL user and TLS":   {"rediss://chat:hunter2@cache:6380/2", Single, "cache:6380", "chat/hunter2/2/true"},
		"escaped credentials":   {"redis://chat:a%40b%2Fc@cache", Single, "cache:6379", "chat/a@b/c/0/false"},
		"IPv6":                  {"redis://[::1]:7000", Single, "[::1]:7000", "//0/false"},
		"a socket":              {"unix:///run/redis.sock?db=1", Single, "/run/redis.sock", "//1/false"},
		"options of go-redis":   {"redis://cache?pool_size=3&dial_timeout=5s", Single, "cache:6379", "//0/false"},
		"a cluster":             {"redis://chat:hunter2@a:7000,b:7001,c", Cluster, "a:7000 b:7001 c:6379", "chat/hunter2/0/false"},
		"a cluster, spaces":     {"redis://a:7000, b:7001/0", Cluster, "a:7000 b:7001", "//0/false"},
		"a cluster with TLS":    {"rediss://:hunter2@a:7000,b:7001/", Cluster, "a:7000 b:7001", "/hunter2/0/true"},
		"a cluster of IPv6":     {"redis://[::1]:7000,[::2]", Cluster, "[::1]:7000 [::2]:6379", "//0/false"},
		"a cluster of URLs":     {"redis://:p@a:7000,redis://:p@b:7001/0", Cluster, "a:7000 b:7001", "/p/0/false"},
		"a cluster of go-redis": {"redis://a:7000?addr=b:7001&addr=c:7002", Cluster, "a:7000 b:7001 c:7002", "//0/false"},
		"a discovery address":   {"rediss+cluster://:p@config.example:6379", Cluster, "config.example:6379", "/p/0/true"},
		"Sentinels":             {"redis+sentinel://chat:hunter2@a:26379,b/mymaster/2", Sentinel, "a:26379 b:26379", "chat/hunter2/2/false/mymaster//"},
		"Sentinels, no number":  {"redis+sentinel://a,b/mymaster", Sentinel, "a:26379 b:26379", "//0/false/mymaster//"},
		"Sentinels with TLS":    {"rediss+sentinel://a:1,b:2/m", Sentinel, "a:1 b:2", "//0/true/m//"},
		"Sentinels with a password": {"redis+sentinel://:p@a/m?sentinel_username=watch&sentinel_password=q", Sentinel, "a:26379",
			"/p/0/false/m/watch/q"},
		"Sentinels of go-redis": {"redis://watch:q@a:26379/1?master_name=m&addr=b:26379&username=chat&password=p", Sentinel, "a:26379 b:26379",
			"chat/p/1/false/m/watch/q"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s/%s/%d/%t", a.single.Username, a.single.Password, a.single.DB, a.single.TLSConfig != nil)
			if a.Kind == Sentinel {
				got += fmt.Sprintf("/%s/%s/%s", a.master, a.sentinelUser, a.sentinelPassword)
			}
			if a.Kind != c.kind || strings.Join(a.hosts, " ") != c.hosts || got != c.want {
				t.Errorf("got %s %v %s, want %s %s %s", a.Kind, a.hosts, got, c.kind, c.hosts, c.want)
			}
			for _, secret := range a.Secrets() {
				if shown := fmt.Sprintf("%v %+v %#v %s", a, a, a, a); strings.Contains(shown, secret) && len(secret) > 1 {
					t.Errorf("the address prints as %s", shown)
				}
			}
			client := a.Open()
			if client.Kind != c.kind || (client.Cluster != nil) != (c.kind == Cluster) || (client.Server != nil) == (c.kind == Cluster) {
				t.Errorf("client = %+v", client)
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// No error shows the password, which a wrong form may contain anywhere.
func TestParseRefuses(t *testing.T) {
	for name, url := range map[string]string{
		"no scheme":             "cache:6379",
		"another scheme":        "http://:hunter2@cache",
		"another suffix":        "redis+proxy://:hunter2@cache",
		"no host":               "redis://",
		"an empty host":         "redis://:hunter2@a,,b",
		"a port out of range":   "redis://:hunter2@a:70000",
		"no number":             "redis://:hunter2@cache/first",
		"an empty socket":       "unix://",
		"a cluster's number":    "redis://:hunter2@a,b/1",
		"a list's number":       "redis://:hunter2@a/1,redis://:hunter2@b/1",
		"two passwords":         "redis://:hunter2@a,redis://:hunter3@b",
		"TLS only at one":       "redis://a,rediss://b",
		"a list of Sentinels":   "redis+sentinel://a/m,redis+sentinel://b/m",
		"no name":               "redis+sentinel://:hunter2@a:26379",
		"an unknown option":     "redis://:hunter2@cache?color=hunter2",
		"an invalid option":     "redis://:hunter2@cache?pool_size=hunter2",
		"TLS options alone":     "redis://:hunter2@cache?tls_ca_file=/ca.pem",
		"a missing certificate": "rediss://:hunter2@cache?tls_ca_file=/nowhere/ca.pem",
		"only one of two files": "rediss://:hunter2@cache?tls_cert_file=/c.pem",
		"a control character":   "redis://:hunter2\x7f@cache",
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Parse(url)
			if err == nil {
				t.Fatalf("got %s, want an error", a)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error = %v, want no password", err)
			}
		})
	}
}

func TestLayout(t *testing.T) {
	one, many := NewLayout(1), NewLayout(Partitions)
	for _, id := range []int64{1, 7, 255, 256, 1 << 40, -1} {
		if p := one.Of(id); p != 0 || one.Tag(p) != "" {
			t.Errorf("a single Redis: partition %d, tag %q, want 0 and none", p, one.Tag(p))
		}
		if p := many.Of(id); p < 0 || p >= Partitions || many.Tag(p) != fmt.Sprintf("{p%d}:", p) {
			t.Errorf("a cluster: partition %d, tag %q", p, many.Tag(p))
		}
	}
	seen := make([]int, Partitions)
	for id := range int64(Partitions * 3) {
		seen[many.Of(id)]++
	}
	if slices.Max(seen) != 3 || slices.Min(seen) != 3 {
		t.Errorf("rooms per partition = %v, want 3 each", seen)
	}
}
