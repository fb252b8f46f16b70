package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/config"
)

// InvalidSettings returns the findings of invalid settings.
func InvalidSettings(err error) []Finding {
	var all []Finding
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, InvalidSettings(e)...)
		}
		return all
	}
	if f, ok := errors.AsType[*config.VariableError](err); ok {
		return []Finding{wrong(f.Key, f.Expected)}
	}
	return []Finding{wrong("settings", err.Error())}
}

// UnknownKeys returns the findings of unknown settings.
func UnknownKeys(keys []config.UnknownKey) (all []Finding) {
	for _, u := range keys {
		text := "unknown variable"
		if u.InFile {
			text += " in .env"
		}
		if u.Similar != "" {
			text += ": did you mean " + u.Similar + "?"
		}
		all = append(all, warning(u.Key, text))
	}
	return all
}

// published are the default secrets of docker-compose.yml and of common manuals, which everyone knows.
var published = []string{"chillin", "chillin-secret", "minioadmin", "postgres"}

// defaultUpload is the default of MAX_UPLOAD_SIZE. With a higher value, limits of proxies matter.
const defaultUpload = 10

func settings(_ context.Context, c config.Config) []Finding {
	all := append([]Finding{shape(c)}, proxies(c)...)
	if slices.Contains(published, password(c.Database.DSN)) {
		all = append(all, warning("DB_PASSWORD", "is a well-known default: change it if others can reach the database"))
	}
	if slices.Contains(published, c.Storage.SecretKey.Reveal()) {
		all = append(all, warning("S3_SECRET_ACCESS_KEY", "is a well-known default: change it if others can reach the store"))
	}
	if c.WebhookAllowPrivate {
		all = append(all, warning("WEBHOOK_ALLOW_PRIVATE", "lets every room admin send requests to all addresses that this machine reaches: set it only if they may do so"))
	}
	if size := c.Environment.Number("MAX_UPLOAD_SIZE"); size > defaultUpload {
		all = append(all, warning("MAX_UPLOAD_SIZE", fmt.Sprintf("is %d MiB: a proxy in front, other than our nginx.conf, must accept bodies of %d MiB, or it answers 413",
			size, size+2)))
	}
	return all
}

// shape reports the configured engines and how many nodes they support.
func shape(c config.Config) Finding {
	const about = "settings"
	switch {
	case c.Embedded():
		return ok(about, "one node with SQLite; several nodes require Postgres (DB_HOST), Redis (REDIS_URL) and S3 (USE_MINIO)")
	case !c.Redis.Enabled():
		return ok(about, "one node with Postgres; several nodes also require Redis (REDIS_URL)")
	case c.Storage.Kind == config.Disk:
		return warning(about, "several nodes with Postgres and Redis, but each stores files in its own DATA_DIR: set USE_MINIO, or share one folder between all nodes")
	}
	return ok(about, "any number of nodes with Postgres, Redis and S3")
}

// proxies checks for a proxy that is not trusted, and for settings that trust every client.
func proxies(c config.Config) []Finding {
	const about = "TRUST_PROXY"
	local := isLoopback(c.Host)
	everybody := slices.ContainsFunc(c.TrustProxy.Prefixes, func(p netip.Prefix) bool { return p.Bits() == 0 }) || c.TrustProxy.Hops > 0
	nobody := len(c.TrustProxy.Prefixes) == 0 && c.TrustProxy.Hops == 0
	tls := servesTLS(c)
	switch {
	case everybody && !local:
		return []Finding{warning(about, "trusts every client: this is safe only if nothing but the proxy reaches HOST and PORT; otherwise set the proxy's address")}
	case nobody && tls:
		return []Finding{warning(about, "is empty, but CLIENT_ORIGIN uses https: if a proxy terminates TLS, set its address. Otherwise all clients share one address and its limits, and cookies are not restricted to https")}
	case nobody && local:
		return []Finding{warning(about, "is empty, but HOST is loopback: if a proxy is in front, set TRUST_PROXY=loopback. Otherwise all clients share one address and its limits")}
	}
	return nil
}

// servesTLS reports whether pages of an https origin use the server.
func servesTLS(c config.Config) bool {
	return slices.ContainsFunc(c.ClientOrigins, func(origin string) bool { return strings.HasPrefix(origin, "https://") })
}
