// Package origin compares web origins and the Host header, in the forms in which browsers, proxies and
// operators write them.
package origin

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Normalize returns an origin as browsers send it: in lower case, without default port, with an IPv6
// address in its shortest form and an international name in its ASCII form. A final dot of the name is
// dropped. It reports false for anything that is not an exact http or https origin; one final slash is
// allowed.
func Normalize(text string) (string, bool) {
	u, ok := parse(text)
	if !ok {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}

// defaultPorts are the ports that an origin does not contain.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// parse returns an origin whose host is normalized.
func parse(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, false
	}
	u.Scheme = strings.ToLower(u.Scheme)
	port, web := defaultPorts[u.Scheme]
	if !web {
		return nil, false
	}
	host, ok := normalHost(u.Host, port)
	u.Host = host
	return u, ok
}

// normalHost returns a host with its port, unless the port is one of defaults.
func normalHost(host string, defaults ...string) (string, bool) {
	u, err := url.Parse("//" + host)
	if err != nil || u.Host != host || u.User != nil {
		return "", false
	}
	name, ok := normalName(u.Hostname())
	if !ok {
		return "", false
	}
	port := u.Port()
	if port == "" || slices.Contains(defaults, port) {
		return name, true
	}
	return name + ":" + port, true
}

// normalName returns a name or address, with brackets around an IPv6 address.
func normalName(name string) (string, bool) {
	if addr, err := netip.ParseAddr(name); err == nil {
		if addr.Is6() {
			return "[" + addr.WithZone("").String() + "]", true
		}
		return addr.String(), true
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
	if err != nil { // such as an underscore, which some internal names contain
		ascii = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	return ascii, ascii != "" && !strings.ContainsAny(ascii, "* /\\")
}

// SameHost reports whether a page of the given origin was served by host, the Host header of a request.
// Behind a proxy that ends TLS, the port in the header may be the default port of either scheme.
func SameHost(text, host string) bool {
	u, ok := parse(text)
	if !ok || strings.HasSuffix(text, "/") { // browsers send no slash
		return false
	}
	served, ok := normalHost(host, "80", "443")
	return ok && served == u.Host
}
