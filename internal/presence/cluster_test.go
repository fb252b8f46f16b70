package presence

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/redisclient"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

const clusterRooms = 24 // three in each partition

// enterAll enters a user of each node in every room.
func enterAll(t *testing.T, a, b *node) {
	t.Helper()
	for room := range chat.RoomID(clusterRooms) {
		a.Enter(room+1, 1, chat.Online)
		b.Enter(room+1, 2, chat.Busy)
	}
	expectAll(t, a)
	expectAll(t, b)
}

func expectAll(t *testing.T, n *node) {
	t.Helper()
	for room := range chat.RoomID(clusterRooms) {
		expectOnline(t, n, room+1, chat.OnlineUsers{1: chat.Online, 2: chat.Busy})
	}
}

// While a shard is gone, presence is unknown in its rooms and known in the others. After a failover all
// entries are there again.
func TestALostShardAndFailover(t *testing.T) {
	c, err := testenv.New(t).RedisCluster(testenv.RedisClusterOptions{Replicas: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := run(t, newTestRedis(t, c.URL(), "a")), run(t, newTestRedis(t, c.URL(), "b"))
	enterAll(t, a, b)

	layout := redisclient.NewLayout(partitions)
	on := map[chat.RoomID]*testenv.RedisServer{}
	var all []chat.RoomID
	for room := range chat.RoomID(clusterRooms) {
		if on[room+1], err = c.Owner(redisclient.Slot(layout.Tag(layout.Of(int64(room + 1))))); err != nil {
			t.Fatal(err)
		}
		all = append(all, room+1)
	}
	failed := on[1]
	replica := c.Replicas[0]
	for i, m := range c.Masters {
		if m == failed {
			replica = c.Replicas[i]
		}
	}
	replica.Pause() // it does not take over yet
	if err := failed.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "presence of the other shards only", func() bool {
		online, err := a.Online(t.Context(), all...)
		for _, room := range all {
			users, known := online[room]
			if known == (on[room] == failed) || known && !maps.Equal(users, chat.OnlineUsers{1: chat.Online, 2: chat.Busy}) {
				return false
			}
		}
		return err == nil
	})
	if _, err := a.Online(t.Context(), 1); err == nil {
		t.Error("the presence of a room on the lost shard is known")
	}
	a.Leave(1, 1) // a change during the outage
	replica.Resume()
	if err := replica.AwaitPrimary(ctx); err != nil {
		t.Fatal(err)
	}
	expectOnline(t, b, 1, chat.OnlineUsers{2: chat.Busy})
	a.Enter(1, 1, chat.Online)
	expectAll(t, b)
}

// The new primary may lack the latest entries: the nodes write all of them again.
func TestEntriesAreWrittenAgainAfterAFailover(t *testing.T) {
	s, err := testenv.New(t).RedisSentinel(testenv.RedisSentinelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := run(t, newTestRedis(t, s.URL(), "a")), run(t, newTestRedis(t, s.URL(), "b"))
	enterAll(t, a, b)
	// The replica loses entries, but keeps the leases, so that presence seems complete.
	replica := s.Servers[1]
	for _, command := range [][]string{
		{"REPLICAOF", "NO", "ONE"}, {"DEL", namespace + "room:7"}, {"HDEL", namespace + "room:8", "1@a"},
	} {
		if _, err := replica.Command(command...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Servers[0].Kill(); err != nil {
		t.Fatal(err)
	}
	// The Sentinels make it a replica of the dead primary again, and then choose it.
	if err := s.AwaitFailOver(ctx, s.Servers[0]); err != nil {
		t.Fatal(err)
	}
	expectAll(t, a)
	expectAll(t, b)
}

// Every key is in the slot of its partition, and the names on a single Redis are those of older versions.
func TestKeyNames(t *testing.T) {
	for url, want := range map[string]string{
		"redis://h":   "chillin:presence:leases chillin:presence:room:300 chillin:presence:node:n",
		"redis://h,i": "chillin:presence:{p44}:leases chillin:presence:{p44}:room:300 chillin:presence:{p44}:node:n",
	} {
		r := NewRedis(dial(t, url), "n", nil, discardLog())
		p := r.part(300)
		if got := strings.Join([]string{p.leases()[0], p.roomKey(300), p.nodeKey()}, " "); got != want {
			t.Errorf("%s: keys = %s, want %s", url, got, want)
		}
	}
}
