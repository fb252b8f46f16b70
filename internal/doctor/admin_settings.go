package doctor

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	registry "github.com/chillin-chat/chillin/internal/settings"
)

// gradeSettings grades what admins have set at run time, nil for nothing, together with the environment.
func gradeSettings(c config.Config, stored *chat.StoredSettings) (all []Finding) {
	if stored == nil {
		stored = &chat.StoredSettings{}
	}
	admin, ignored := registry.FromStore(stored.Limits, stored.Texts)
	for _, name := range ignored {
		all = append(all, warning(name, "an admin has set a value that this version does not accept, so that it is ignored: set it again under Administration, unless nodes of a newer version use it"))
	}
	for _, name := range slices.Sorted(maps.Keys(admin)) {
		if own, set := c.Environment[name]; set && own != admin[name] {
			all = append(all, ok(name, fmt.Sprintf("%s, which an admin has set; the environment's %s is ignored", admin[name], own)))
		}
	}
	return append(all, signUp(c, admin)...)
}

// signUp warns of a server on which everyone can create an account because no one has chosen.
func signUp(c config.Config, admin registry.Values) []Finding {
	_, byOperator := c.Environment[registry.SignUp]
	_, byAdmin := admin[registry.SignUp]
	if byOperator || byAdmin || !reachable(c) {
		return nil
	}
	return []Finding{warning(registry.SignUp, "everyone who can reach this server can create an account, and no one has chosen that: set SIGNUP to open or closed, or choose under Administration → Server")}
}

// reachable reports whether other machines can reach the server, directly or through a proxy.
func reachable(c config.Config) bool {
	return !isLoopback(c.Host) || len(c.TrustProxy.Prefixes) > 0 || c.TrustProxy.Hops > 0 || servesTLS(c)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
