package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Scenarios returns all scenarios.
func Scenarios() []Scenario {
	return []Scenario{
		{Name: "nothing breaks", Fault: noFault, Pass: expectNormalLatency},

		{Name: "node: kill -9", Short: true, Presence: true, Fault: killNode},
		{Name: "node: kill -9 between COMMIT and reply", Short: true, Fault: killAfterCommit},
		{Name: "node: kill -9 at random, again and again", Fault: killAgain},
		{Name: "node: SIGTERM", Fault: drainNode, Pass: expectNoRefusals},
		{Name: "nodes: rolling restart", Short: true, Fault: rollingRestart, Pass: expectNoRefusals},
		{Name: "node: stopped, its address silent", Fault: silenceNode},
		{Name: "node: SIGSTOP 20 s, CONT", Fault: freezeNode},

		{Name: "Redis: restart", Fault: restartRedis, Pass: withoutRedis},
		{Name: "Redis: FLUSHALL", Presence: true, Fault: flushRedis, Pass: withoutRedis},
		{Name: "Redis: gone 60 s", Short: true, Presence: true, Fault: stopRedis, Pass: withoutRedis},
		{Name: "Redis: frozen 12 s", Fault: freezeRedis, Pass: withoutRedis},
		{Name: "Redis: live connections go deaf", Short: true, Fault: blackholeRedis, Pass: expectDetection},

		{Name: "Redis: primary killed", On: severalServers, Presence: true, Fault: killPrimary, Pass: withoutRedis},
		{Name: "Redis: planned failover", On: severalServers, Presence: true, Fault: swapPrimary, Pass: withoutRedis},
		{Name: "Redis: slots move", On: []RedisKind{RedisCluster}, Presence: true, Fault: moveSlots, Pass: withoutRedis},
		{Name: "Redis: one shard gone 30 s", On: []RedisKind{RedisCluster}, Presence: true, Fault: stopShard, Pass: onlyItsRooms},

		{Name: "Postgres: replies to COMMIT lost", Short: true, Fault: loseCommitReplies},
		{Name: "Postgres: restart", Short: true, Fault: restartPostgres},
		{Name: "Postgres: gone 60 s", Fault: stopPostgres, Pass: withoutPostgres},
		{Name: "Postgres: frozen 12 s", Fault: freezePostgres},
		{Name: "Postgres: disk full", Disk: 512 << 20, Fault: fillDisk},

		{Name: "PgBouncer: restarts", Pooled: true, Fault: restartPooler},
		{Name: "replica: behind, frozen, gone, back", Replica: true, Fault: breakReplica, Pass: expectNoRetries},

		{Name: "S3: gone", Fault: stopS3, Pass: expectNormalLatency},
		{Name: "network: 300 ± 100 ms, 5 % lost", Fault: badNetwork, Pass: expectConfirmsWithin3s},
		{Name: "network: 5 % of all packets lost", Fault: losePackets, Pass: expectConfirmsWithin15s},
		{Name: "clients: 50 read nothing in a hot room", Short: true, Fault: slowReaders, Pass: expectFastDeliveryToOthers},
		{Name: "clients: 30 withhold their closes from a node that stops", Short: true, Fault: withholdCloses, Pass: expectFastDeliveryToOthers},
		{Name: "clients: kicked in the middle of a word", Short: true, Fault: kickDuringSends},
		{Name: "clients: kicked and logged out", Short: true, Fault: revoke},
		{Name: "clients: kicked and logged out while Redis is gone", Fault: revokeWithoutRedis},
		{Name: "clients: many come and go", Short: true, Fault: reconnectRepeatedly},
		{Name: "clients: many come back at once", Fault: thunderingHerd},
		{Name: "nginx: reload", Fault: reloadNginx, Pass: expectNoRefusals},
	}
}

var severalServers = []RedisKind{RedisCluster, RedisSentinel}

// RunsOn reports whether a rig with this kind of Redis can have the fault.
func (s Scenario) RunsOn(kind RedisKind) bool {
	return len(s.On) == 0 || slices.Contains(s.On, kind)
}

func noFault(ctx context.Context, r *Run) error {
	return r.wait(ctx, r.dur(20*time.Second, 5*time.Second))
}

func expectNormalLatency(_ *Run, f Figures) []string {
	if f.P99Delivery > time.Second || f.Refused+f.Unavailable > 0 {
		return []string{fmt.Sprintf("delivery p99 is %s, %d refused, %d retries requested; without faults: under 1 s, 0, 0",
			f.P99Delivery, f.Refused, f.Unavailable)}
	}
	return nil
}
