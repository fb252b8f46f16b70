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

// Faults are the findings of settings that cannot be read.
func Faults(err error) []Finding {
	var all []Finding
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, Faults(e)...)
		}
		return all
	}
	if f, ok := errors.AsType[*config.Fault](err); ok {
		return []Finding{wrong(f.Key, f.Expected)}
	}
	return []Finding{wrong("settings", err.Error())}
}

// UnknownKeys are the findings of settings that nothing reads.
func UnknownKeys(keys []config.UnknownKey) (all []Finding) {
	for _, u := range keys {
		text := "nothing reads this variable"
		if u.InFile {
			text += " of .env"
		}
		if u.Similar != "" {
			text += ": did you mean " + u.Similar + "?"
		}
		all = append(all, warning(u.Key, text))
	}
	return all
}

// published are the secrets of docker-compose.yml and of the manuals, which everybody
// knows.
var published = []string{"chillin", "chillin-secret", "minioadmin", "postgres"}

// defaultUpload is MAX_UPLOAD_SIZE where nobody has set it, and so thought of proxies.
const defaultUpload = 10

func settings(_ context.Context, c config.Config) []Finding {
	all := append([]Finding{shape(c)}, proxies(c)...)
	if slices.Contains(published, password(c.Database.DSN)) {
		all = append(all, warning("DB_PASSWORD", "is one that stands in the manuals: set another where others reach the database"))
	}
	if slices.Contains(published, c.Storage.SecretKey.Reveal()) {
		all = append(all, warning("S3_SECRET_ACCESS_KEY", "is one that stands in the manuals: set another where others reach the store"))
	}
	if c.WebhookAllowPrivate {
		all = append(all, warning("WEBHOOK_ALLOW_PRIVATE", "lets everybody who runs a room send requests to what this machine reaches: right only where all of them may"))
	}
	if c.MaxUploadSize > defaultUpload {
		all = append(all, warning("MAX_UPLOAD_SIZE", fmt.Sprintf("is %d MiB: a proxy in front, other than our nginx.conf, must let %d MiB pass, or answers 413 itself",
			c.MaxUploadSize, c.MaxUploadSize+2)))
	}
	return all
}

// shape tells what is put together, and how many nodes that carries.
func shape(c config.Config) Finding {
	const about = "settings"
	switch {
	case c.Embedded():
		return ok(about, "one node with SQLite; several need Postgres (DB_HOST), Redis (REDIS_URL) and S3 (USE_MINIO)")
	case !c.Redis.Enabled():
		return ok(about, "one node on Postgres; several need Redis (REDIS_URL) as well, to hear of each other")
	case c.Storage.Kind == config.Disk:
		return warning(about, "several nodes on Postgres and Redis, but files lie in DATA_DIR of each: set USE_MINIO, or give all nodes one folder")
	}
	return ok(about, "any number of nodes on Postgres, Redis and S3")
}

// proxies looks for a proxy that is not believed, and for belief in anybody.
func proxies(c config.Config) []Finding {
	const about = "TRUST_PROXY"
	local := false
	if addr, err := netip.ParseAddr(c.Host); err == nil {
		local = addr.IsLoopback()
	}
	everybody := slices.ContainsFunc(c.TrustProxy.Prefixes, func(p netip.Prefix) bool { return p.Bits() == 0 }) || c.TrustProxy.Hops > 0
	nobody := len(c.TrustProxy.Prefixes) == 0 && c.TrustProxy.Hops == 0
	tls := slices.ContainsFunc(c.ClientOrigins, func(origin string) bool { return strings.HasPrefix(origin, "https://") })
	switch {
	case everybody && !local:
		return []Finding{warning(about, "believes whoever connects: right only where nothing but the proxy reaches HOST and PORT; else name the proxy's address")}
	case nobody && tls:
		return []Finding{warning(about, "names nobody, but CLIENT_ORIGIN speaks of https: where a proxy ends TLS, name its address, or all people share one address and its limits, and cookies are not kept to https")}
	case nobody && local:
		return []Finding{warning(about, "names nobody, but HOST is this machine alone: if a proxy stands in front, set TRUST_PROXY=loopback, or all people share one address and its limits")}
	}
	return nil
}
