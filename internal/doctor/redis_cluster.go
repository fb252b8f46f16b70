package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/redisclient"
)

// oldestCluster is the first version with sharded pub/sub.
const oldestCluster = 7

// clusterFacts are the results of asking a cluster.
type clusterFacts struct {
	info     map[string]string // from CLUSTER INFO
	shards   map[string]redisFacts
	failed   map[string]error // primaries that cannot be used
	replicas int
	// fullCoverage is true if one lost shard stops all others; false also if it cannot be read.
	fullCoverage bool
}

func redisCluster(ctx context.Context, c config.Config, address redisclient.Address, cluster *redis.ClusterClient) []Finding {
	f, err := askCluster(ctx, cluster)
	if err != nil {
		return []Finding{wrong("Redis", fmt.Sprintf("cluster at %s cannot be used. %s (%s)", address, RedisCause(err), hidden(c, err)))}
	}
	var all []Finding
	for _, at := range slices.Sorted(maps.Keys(f.failed)) {
		all = append(all, wrong("Redis", fmt.Sprintf("shard at %s cannot be used: events of its rooms are late and presence is unknown there. %s (%s)", at, RedisCause(f.failed[at]), hidden(c, f.failed[at]))))
	}
	return append(all, gradeCluster(f)...)
}

func askCluster(ctx context.Context, cluster *redis.ClusterClient) (clusterFacts, error) {
	f := clusterFacts{shards: map[string]redisFacts{}, failed: map[string]error{}}
	text, err := cluster.ClusterInfo(ctx).Result()
	if err != nil {
		return f, err
	}
	f.info = lines(text)
	var mu sync.Mutex
	err = cluster.ForEachMaster(ctx, func(ctx context.Context, shard *redis.Client) error {
		facts, err := askRedis(ctx, shard)
		coverage, _ := shard.ConfigGet(ctx, "cluster-require-full-coverage").Result() // a user may not read it
		mu.Lock()
		defer mu.Unlock()
		f.add(shard.Options().Addr, facts, err)
		f.fullCoverage = f.fullCoverage || coverage["cluster-require-full-coverage"] == "yes"
		return nil
	})
	return f, err
}

// add adds what a primary has answered, or why it has not.
func (f *clusterFacts) add(at string, facts redisFacts, err error) {
	if err != nil {
		f.failed[at] = err
		return
	}
	f.shards[at] = facts
	count, _ := strconv.Atoi(facts.info["connected_slaves"])
	f.replicas += count
}

func gradeCluster(f clusterFacts) []Finding {
	var all []Finding
	text := fmt.Sprintf("cluster of %d shards with %d replicas", len(f.shards)+len(f.failed), f.replicas)
	switch {
	case f.info["cluster_slots_assigned"] != "16384":
		all = append(all, wrong("Redis", fmt.Sprintf("%s, but only %s of 16384 slots have an owner: redis-cli --cluster fix", text, f.info["cluster_slots_assigned"])))
	case f.info["cluster_state"] != "ok":
		all = append(all, wrong("Redis", text+", which is down: too many shards have no primary"))
	case f.replicas == 0:
		all = append(all, warning("Redis", text+": while a shard is unavailable, events of its rooms are late and presence is unknown there"))
	default:
		all = append(all, ok("Redis", text))
	}
	if f.fullCoverage {
		all = append(all, warning("Redis", "cluster-require-full-coverage is yes: one shard without a primary makes presence unknown everywhere. Set it to no"))
	}
	for _, at := range slices.Sorted(maps.Keys(f.shards)) {
		shard := f.shards[at]
		version := shard.info["redis_version"]
		if major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0]); err == nil && major < oldestCluster {
			all = append(all, wrong("Redis", fmt.Sprintf("%s at %s has no sharded pub/sub: use %d or newer", version, at, oldestCluster)))
		}
		memory, time := gradeMemory(shard.info), clock("Redis at "+at, shard.ahead)
		memory.Text = "at " + at + ": " + memory.Text
		all = append(all, memory, time)
	}
	return all
}

// sentinels asks each Sentinel for the primary. One that does not answer is a warning while others do.
func sentinels(ctx context.Context, c config.Config, address redisclient.Address) []Finding {
	const about = "Sentinel"
	clients := address.OpenSentinels()
	if len(clients) == 0 {
		return nil
	}
	answers, failed := map[string]string{}, map[string]error{}
	var mu sync.Mutex
	var parts sync.WaitGroup
	for at, client := range clients {
		parts.Go(func() {
			defer func() { _ = client.Close() }()
			primary, err := client.GetMasterAddrByName(ctx, address.Master()).Result()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[at] = err
				return
			}
			answers[at] = strings.Join(primary, ":")
		})
	}
	parts.Wait()
	var all []Finding
	for _, at := range slices.Sorted(maps.Keys(failed)) {
		grade := warning
		if len(answers) == 0 {
			grade = wrong
		}
		all = append(all, grade(about, fmt.Sprintf("at %s cannot be used. %s (%s)", at, RedisCause(failed[at]), hidden(c, failed[at]))))
	}
	primaries := slices.Compact(slices.Sorted(maps.Values(answers)))
	switch {
	case len(primaries) > 1:
		all = append(all, warning(about, "the Sentinels name different primaries, as during a failover: "+strings.Join(primaries, ", ")))
	case len(primaries) == 1:
		all = append(all, ok(about, fmt.Sprintf("%d of %d name the primary %s", len(answers), len(clients), primaries[0])))
	}
	return all
}
