package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Targets = Guard{}

// Guard decides where webhooks may send to. Room admins choose the target, but must not reach hosts
// that only this server can reach.
type Guard struct {
	// AllowPrivate lets webhooks send to every address, for intranets and tests.
	AllowPrivate bool
}

const maxURL = 2000 // bytes

// Check returns the normalized URL of a webhook. It checks a literal address here, so that the user
// sees the error. The address of a host name is checked at each connection.
func (g Guard) Check(text string) (string, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return "", chat.Errorf(chat.TooLong, "The URL is too long. The limit is %d characters.", maxURL).WithField("url")
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "", u.User != nil, !isPort(u.Port()):
		return "", chat.Errorf(chat.BadRequest, "Enter an http or https URL without user and password.").WithField("url")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && !g.allows(addr) {
		return "", chat.Errorf(chat.BadRequest, "Webhooks cannot send to this address.").WithField("url")
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// errForbidden is the error of a refused connection.
var errForbidden = errors.New("address not allowed")

// control is called for every address right before the connection to it, so that a name cannot be
// resolved to a different address after the check.
func (g Guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !g.allows(target.Addr()) {
		return errForbidden
	}
	return nil
}

func (g Guard) allows(addr netip.Addr) bool { return g.AllowPrivate || public(addr) }

// special are the non-public networks within the public ranges, those that lead to other addresses
// (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry), and the
// metadata addresses of clouds.
var special = networks(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",                                     // Azure
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", // 2002: 6to4 leads to IPv4
)

// globalUnicast contains all public IPv6 addresses. Representations of IPv4 (::ffff:0:0/96,
// 64:ff9b::/96), local and multicast addresses are outside.
var globalUnicast = netip.MustParsePrefix("2000::/3")

func networks(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// public reports whether addr is reachable from the whole internet.
func public(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" || addr.Is6() && !globalUnicast.Contains(addr) {
		return false
	}
	for _, network := range special {
		if network.Contains(addr) {
			return false
		}
	}
	return true
}

// client returns an HTTP client that connects only where g allows. It uses no proxy, which would
// connect instead, follows no redirects, and keeps few connections.
func (g Guard) client() *http.Client {
	dialer := &net.Dialer{Timeout: sendTime, ControlContext: g.control}
	return &http.Client{
		Timeout: sendTime,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    sendTime / 2,
			MaxIdleConns:           2 * workers,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 16 << 10,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
