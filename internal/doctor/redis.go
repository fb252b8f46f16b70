package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/redisclient"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// redisFacts are the results of asking Redis.
type redisFacts struct {
	info  map[string]string // from INFO
	ahead time.Duration
	took  time.Duration
}

func redisServer(ctx context.Context, c config.Config) []Finding {
	if !c.Redis.Enabled() {
		return nil
	}
	address, err := redisclient.Parse(c.Redis.URL.Reveal())
	if err != nil { // config.Load has parsed it, but a certificate file may be gone
		return []Finding{wrong("REDIS_URL", err.Error())}
	}
	client := address.WithoutRetries().Open()
	defer func() { _ = client.Close() }()
	if client.Kind == redisclient.Cluster {
		return redisCluster(ctx, c, address, client.Cluster)
	}
	all := sentinels(ctx, c, address)
	f, err := askRedis(ctx, client.Server)
	if err != nil {
		return append(all, wrong("Redis", fmt.Sprintf("at %s cannot be used. %s (%s)", address, RedisCause(err), hidden(c, err))))
	}
	return append(all, gradeRedis(f, address.String())...)
}

func askRedis(ctx context.Context, client *redis.Client) (f redisFacts, err error) {
	if err := client.Ping(ctx).Err(); err != nil {
		return f, err
	}
	began := time.Now()
	now, err := client.Time(ctx).Result()
	if err != nil {
		return f, err
	}
	f.took = time.Since(began)
	f.ahead = schema.Ahead(float64(now.UnixMicro())/1e6, began, f.took)
	text, err := client.Info(ctx).Result()
	f.info = lines(text)
	return f, err
}

// lines parses the lines KEY:VALUE of INFO and CLUSTER INFO.
func lines(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[key] = value
		}
	}
	return info
}

const oldestRedis = 6

func gradeRedis(f redisFacts, at string) []Finding {
	version := f.info["redis_version"]
	all := []Finding{ok("Redis", fmt.Sprintf("%s at %s, answered in %v", version, at, f.took.Round(100*time.Microsecond)))}
	if major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0]); err == nil && major < oldestRedis {
		all[0] = warning("Redis", fmt.Sprintf("%s at %s is older than the tested versions: use %d or newer", version, at, oldestRedis))
	}
	if f.info["redis_mode"] == "cluster" {
		all = append(all, wrong("Redis", "is a cluster: set several of its addresses, separated by commas, or redis+cluster://host:port"))
	}
	if f.info["role"] == "slave" {
		all = append(all, wrong("Redis", "is a read-only replica: set REDIS_URL to the primary"))
	}
	return append(all, gradeMemory(f.info), clock("Redis", f.ahead))
}

// gradeMemory checks the memory limit. If Redis evicts keys, nothing is lost, but presence is unknown
// until the nodes report it again.
func gradeMemory(info map[string]string) Finding {
	const about = "Redis memory"
	most, _ := strconv.ParseFloat(info["maxmemory"], 64)
	used, _ := strconv.ParseFloat(info["used_memory"], 64)
	policy := info["maxmemory_policy"]
	switch {
	case most == 0:
		return ok(about, "no maxmemory: it may use all memory of the machine")
	case used > 0.8*most:
		return warning(about, fmt.Sprintf("%.0f of %.0f MiB are used: when it is full, presence is unknown. Raise maxmemory", used/(1<<20), most/(1<<20)))
	case strings.HasPrefix(policy, "allkeys"):
		return warning(about, "maxmemory-policy "+policy+" evicts presence when memory is short: use volatile-lru or noeviction")
	}
	return ok(about, fmt.Sprintf("%.0f of %.0f MiB, %s", used/(1<<20), most/(1<<20), policy))
}
