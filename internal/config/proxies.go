package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// Proxies are the proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted. The zero value trusts
// none: the client is the peer of the TCP connection.
type Proxies struct {
	Prefixes []netip.Prefix // addresses of proxies
	Hops     int            // or this number of proxies, regardless of their addresses
}

// The named ranges of Express, https://expressjs.com/en/guide/behind-proxies.html
var proxyRanges = map[string][]netip.Prefix{
	"loopback":    mustPrefixes("127.0.0.0/8", "::1/128"),
	"linklocal":   mustPrefixes("169.254.0.0/16", "fe80::/10"),
	"uniquelocal": mustPrefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
	// Any client that reaches the port can then claim any address. Use it only if nothing but the proxy
	// reaches the node.
	"true":  mustPrefixes("0.0.0.0/0", "::/0"),
	"false": nil,
}

const maxHops = 10

func mustPrefixes(list ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(list))
	for i, s := range list {
		prefixes[i] = netip.MustParsePrefix(s)
	}
	return prefixes
}

// proxies reads a comma-separated list of addresses, CIDRs and range names, or a number of hops.
func (r *reader) proxies(key string) Proxies {
	v := r.value(key)
	if n, err := strconv.Atoi(v); err == nil {
		if n < 0 || n > maxHops {
			r.addError(key, "%d is not a number of proxies from 0 to %d", n, maxHops)
		}
		return Proxies{Hops: n}
	}
	var p Proxies
	for item := range strings.SplitSeq(v, ",") {
		item = strings.ToLower(strings.TrimSpace(item))
		if item == "" {
			continue
		}
		prefixes, ok := parseProxy(item)
		if !ok {
			r.addError(key, "%q is not an IP address, CIDR, number of proxies, loopback, linklocal, uniquelocal or true", item)
		}
		p.Prefixes = append(p.Prefixes, prefixes...)
	}
	return p
}

func parseProxy(item string) ([]netip.Prefix, bool) {
	if named, ok := proxyRanges[item]; ok {
		return named, true
	}
	if addr, err := netip.ParseAddr(item); err == nil {
		addr = addr.Unmap().WithZone("")
		return []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}, true
	}
	prefix, err := netip.ParsePrefix(item)
	return []netip.Prefix{prefix}, err == nil
}

// Client returns the address of the client behind remote, the TCP peer as host:port or host.
// forwardedFor contains the values of the X-Forwarded-For headers in order of arrival. The list is read
// from the right, where trusted proxies append. The first address that is not a trusted proxy is the
// client; addresses to its left are sent by the client and cannot be trusted. The result is the zero
// Addr if remote cannot be parsed.
func (p Proxies) Client(remote string, forwardedFor []string) netip.Addr {
	client, _ := p.follow(remote, forwardedFor)
	return client
}

// follow returns the client and how many trusted proxies added an address to forwardedFor.
func (p Proxies) follow(remote string, forwardedFor []string) (client netip.Addr, proxies int) {
	client = parseAddr(remote)
	hops := strings.Split(strings.Join(forwardedFor, ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trusts(client, len(hops)-1-i); i-- {
		next := parseAddr(strings.TrimSpace(hops[i]))
		if !next.IsValid() {
			break
		}
		client = next
		proxies++
	}
	return client, proxies
}

// Scheme returns the scheme that the client used, in lower case, by the X-Forwarded-Proto headers in
// order of arrival: the value that the first trusted proxy wrote. Each proxy appends one or passes on
// what it received, so the values to the left of those of trusted proxies are sent by the client. The
// result is "" if remote is not a trusted proxy or none wrote a value.
func (p Proxies) Scheme(remote string, forwardedFor, forwardedProto []string) string {
	if !p.Trusts(remote) {
		return ""
	}
	values := strings.Split(strings.Join(forwardedProto, ","), ",")
	client, proxies := p.follow(remote, forwardedFor)
	if p.trusts(client, proxies) { // not all proxies write addresses, so their number is unknown
		proxies = len(values)
		if p.Hops > 0 {
			proxies = p.Hops
		}
	}
	return strings.ToLower(strings.TrimSpace(values[max(0, len(values)-proxies)]))
}

// Trusts reports whether remote, the peer of a connection, is a trusted proxy. It reports false if
// remote cannot be parsed.
func (p Proxies) Trusts(remote string) bool {
	peer := parseAddr(remote)
	return peer.IsValid() && p.trusts(peer, 0)
}

// trusts reports whether addr, the given number of hops away, is a trusted proxy.
func (p Proxies) trusts(addr netip.Addr, hops int) bool {
	if hops < p.Hops {
		return true
	}
	for _, prefix := range p.Prefixes {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

func parseAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
