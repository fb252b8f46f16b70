package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// Proxies says whose X-Forwarded-For is believed. The zero value believes nobody:
// the client is whoever opened the TCP connection.
type Proxies struct {
	Prefixes []netip.Prefix // addresses of proxies
	Hops     int            // or this many proxies, whatever their addresses
}

// The named ranges of Express, https://expressjs.com/en/guide/behind-proxies.html
var proxyRanges = map[string][]netip.Prefix{
	"loopback":    mustPrefixes("127.0.0.0/8", "::1/128"),
	"linklocal":   mustPrefixes("169.254.0.0/16", "fe80::/10"),
	"uniquelocal": mustPrefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
	// Whoever can reach the port may then claim any address: only for a node that
	// nothing but the proxy can reach.
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

// proxies reads a comma list of addresses, CIDRs and range names, or a number of
// hops alone.
func (r *reader) proxies(key string) Proxies {
	v := r.lookup(key)
	if n, err := strconv.Atoi(v); err == nil {
		if n < 0 || n > maxHops {
			r.fault(key, "%d is not a number of proxies from 0 to %d", n, maxHops)
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
			r.fault(key, "%q is no IP address, CIDR, number of proxies, loopback, linklocal, uniquelocal or true", item)
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

// Client is the address of the client behind remote, the TCP peer as host:port or
// host. forwardedFor holds the values of the X-Forwarded-For headers in the order
// they came. The list is read from the right, where our own proxies wrote, and
// the first address that is not a trusted proxy wins; everything left of it was
// written by the client and proves nothing. An unreadable remote is the zero Addr.
func (p Proxies) Client(remote string, forwardedFor []string) netip.Addr {
	client := parseAddr(remote)
	hops := strings.Split(strings.Join(forwardedFor, ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trusts(client, len(hops)-1-i); i-- {
		next := parseAddr(strings.TrimSpace(hops[i]))
		if !next.IsValid() {
			break
		}
		client = next
	}
	return client
}

// Trusts says whether remote, the peer of a connection, is one of our proxies, whose
// headers are believed. An unreadable remote is not.
func (p Proxies) Trusts(remote string) bool {
	peer := parseAddr(remote)
	return peer.IsValid() && p.trusts(peer, 0)
}

// trusts says whether addr, found so many hops away from us, is one of our proxies.
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
