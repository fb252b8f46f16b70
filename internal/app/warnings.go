package app

import (
	"context"
	"net/http"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/health"
)

// warnUntrustedProxy logs once if a request comes through an untrusted proxy. All users of the proxy
// share its address and its limits. Clients can also send such a header, which is harmless.
func (a *App) warnUntrustedProxy(r *http.Request) {
	if a.proxySeen.Load() || r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" {
		return
	}
	if a.config.TrustProxy.Trusts(r.RemoteAddr) || !a.health.SetWarning(health.UntrustedProxy, true) {
		return
	}
	a.proxySeen.Store(true)
	a.log.Warn("request through a proxy that TRUST_PROXY does not name: all clients behind it share one address and its limits. If it is your proxy, set TRUST_PROXY to its address",
		"proxy", r.RemoteAddr)
}

// otherNodesEvery is how often a node without Redis looks for other nodes on its database.
const otherNodesEvery = 10 * time.Second

// warnOtherNodes logs while other nodes use the database of a node without Redis: their users do not
// receive each other's messages immediately.
func (a *App) warnOtherNodes(ctx context.Context) {
	if a.config.Database.Engine != config.Postgres || a.config.Redis.Enabled() {
		return
	}
	tick := time.NewTicker(otherNodesEvery)
	defer tick.Stop()
	for {
		others, err := a.engines.store.OtherNodes(ctx, a.engines.node)
		switch {
		case err != nil: // health reports an unavailable database
		case !a.health.SetWarning(health.SecondNode, len(others) > 0):
		case len(others) > 0:
			a.log.Error("another node uses this database, and nodes without Redis do not receive each other's events: set REDIS_URL on all nodes, or stop all but one", "others", others)
		default:
			a.log.Info("no other node uses this database any more")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
