package config

import (
	"testing"
)

func TestProxiesClient(t *testing.T) {
	cases := []struct {
		name, trust, remote string
		forwarded           []string
		want                string
	}{
		{"no trusted proxy", "", "203.0.113.9:5", []string{"1.1.1.1"}, "203.0.113.9"},
		{"no header", "loopback", "127.0.0.1:5", nil, "127.0.0.1"},
		{"one proxy", "loopback", "127.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"addresses sent by the client are ignored", "loopback", "127.0.0.1:5", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"two headers are one list", "loopback", "127.0.0.1:5", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"a chain of proxies", "loopback,uniquelocal", "127.0.0.1:5", []string{"203.0.113.9, 10.0.0.7, 192.168.1.1"}, "203.0.113.9"},
		{"all trusted returns the leftmost", "true", "198.51.100.1:5", []string{"1.1.1.1, 2.2.2.2"}, "1.1.1.1"},
		{"untrusted peer", "10.0.0.0/8", "203.0.113.9:5", []string{"1.1.1.1"}, "203.0.113.9"},
		{"one hop", "1", "198.51.100.1:5", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"two hops", "2", "198.51.100.1:5", []string{"1.1.1.1, 203.0.113.9, 10.0.0.1"}, "203.0.113.9"},
		{"no hop", "0", "198.51.100.1:5", []string{"1.1.1.1"}, "198.51.100.1"},
		{"an invalid address stops the search", "loopback", "127.0.0.1:5", []string{"1.1.1.1, unknown"}, "127.0.0.1"},
		{"IPv6", "::1", "[::1]:5", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 with port", "::1", "[::1]:5", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv4 in IPv6", "127.0.0.1", "[::ffff:127.0.0.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"zone is removed", "", "[fe80::1%eth0]:5", nil, "fe80::1"},
		{"false", "false", "127.0.0.1:5", []string{"1.1.1.1"}, "127.0.0.1"},
		{"invalid peer", "true", "@", nil, "invalid IP"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := Load(from(map[string]string{"TRUST_PROXY": c.trust}))
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.TrustProxy.Client(c.remote, c.forwarded).String(); got != c.want {
				t.Errorf("client = %s, want %s", got, c.want)
			}
		})
	}
}

func TestProxiesScheme(t *testing.T) {
	for _, c := range []struct {
		name, trust, remote string
		addresses, schemes  []string
		want                string
	}{
		{"no trusted proxy", "", "203.0.113.9:5", nil, []string{"https"}, ""},
		{"an untrusted peer", "10.0.0.0/8", "203.0.113.9:5", []string{"10.0.0.1"}, []string{"https"}, ""},
		{"one proxy", "loopback", "127.0.0.1:5", []string{"203.0.113.9"}, []string{"https"}, "https"},
		{"in capitals", "loopback", "127.0.0.1:5", []string{"203.0.113.9"}, []string{" HTTPS "}, "https"},
		{"no header", "loopback", "127.0.0.1:5", []string{"203.0.113.9"}, nil, ""},
		{"two proxies", "loopback,uniquelocal", "127.0.0.1:5", []string{"203.0.113.9, 10.0.0.7"}, []string{"https, http"}, "https"},
		{"two proxies, two headers", "loopback,uniquelocal", "127.0.0.1:5", []string{"203.0.113.9", "10.0.0.7"}, []string{"https", "http"}, "https"},
		{"two proxies, the second passes it on", "loopback,uniquelocal", "127.0.0.1:5", []string{"203.0.113.9, 10.0.0.7"}, []string{"https"}, "https"},
		{"two hops", "2", "198.51.100.1:5", []string{"203.0.113.9, 10.0.0.7"}, []string{"https, http"}, "https"},
		{"two hops without addresses", "2", "198.51.100.1:5", nil, []string{"https, http"}, "https"},
		{"two proxies without addresses", "loopback", "127.0.0.1:5", nil, []string{"https,http"}, "https"},
		{"all trusted", "true", "198.51.100.1:5", []string{"203.0.113.9"}, []string{"https, http"}, "https"},
		{"a value sent by the client", "loopback", "127.0.0.1:5", []string{"203.0.113.9"}, []string{"https, http"}, "http"},
		{"values and addresses sent by the client", "loopback", "127.0.0.1:5", []string{"127.0.0.1, 203.0.113.9"}, []string{"https, http"}, "http"},
		{"one hop and a value sent by the client", "1", "198.51.100.1:5", nil, []string{"https, http"}, "http"},
		{"two hops and a value sent by the client", "2", "198.51.100.1:5", []string{"1.1.1.1, 203.0.113.9, 10.0.0.7"}, []string{"https, http, http"}, "http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := Load(from(map[string]string{"TRUST_PROXY": c.trust}))
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.TrustProxy.Scheme(c.remote, c.addresses, c.schemes); got != c.want {
				t.Errorf("scheme = %q, want %q", got, c.want)
			}
		})
	}
}

func TestProxiesTrusts(t *testing.T) {
	for _, c := range []struct {
		trust, remote string
		want          bool
	}{
		{"", "127.0.0.1:5", false},
		{"loopback", "127.0.0.1:5", true},
		{"loopback", "[::1]:5", true},
		{"loopback", "203.0.113.9:5", false},
		{"10.0.0.0/8", "10.1.2.3:5", true},
		{"1", "203.0.113.9:5", true},
		{"1", "@", false},
	} {
		cfg, err := Load(func(key string) (string, bool) {
			if key == "TRUST_PROXY" {
				return c.trust, true
			}
			return "", false
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.TrustProxy.Trusts(c.remote); got != c.want {
			t.Errorf("TRUST_PROXY=%s trusts %s: %v, want %v", c.trust, c.remote, got, c.want)
		}
	}
}
