package load

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
)

// sources are the local addresses from which connections are opened, in turn. Each has its own ports:
// about 28,000 on Linux.
type sources struct {
	addrs []*net.TCPAddr // empty: the system chooses
	next  atomic.Uint64
}

// newSources parses addresses that Check has accepted.
func newSources(addresses []string) *sources {
	s := &sources{}
	for _, address := range addresses {
		if addr, err := netip.ParseAddr(address); err == nil {
			s.addrs = append(s.addrs, net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
		}
	}
	return s
}

// dialer returns a dialer that uses the next address.
func (s *sources) dialer() *net.Dialer {
	if len(s.addrs) == 0 {
		return &net.Dialer{}
	}
	return &net.Dialer{LocalAddr: s.addrs[s.next.Add(1)%uint64(len(s.addrs))]}
}

// dial is a DialContext function.
func (s *sources) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return s.dialer().DialContext(ctx, network, address)
}
