package config

import (
	"net/url"
	"slices"
	"strings"
)

// origins reads exact web origins. It refuses wildcards and paths: with a pattern that matches too
// much, other sites could act as the user.
func (r *reader) origins(key string) []string {
	var origins []string
	for v := range strings.SplitSeq(r.lookup(key), ",") {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		origin, ok := normalOrigin(v)
		if !ok {
			r.addError(key, "%q is not an exact origin, such as https://chat.example.org or http://localhost:3000", v)
			continue
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}

// normalOrigin returns an origin as browsers send it: lower case, without default port and final slash.
func normalOrigin(v string) (string, bool) {
	u, err := url.Parse(strings.ToLower(v))
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	if u.Path != "" && u.Path != "/" || strings.Contains(u.Host, "*") {
		return "", false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	host := u.Host
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host, true
}
