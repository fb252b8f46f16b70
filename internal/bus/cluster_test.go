package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/redisclient"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
	"github.com/chillin-chat/chillin/internal/wire"
)

// rooms is how many rooms the nodes of these tests follow: at least one in each partition.
const rooms = redisclient.Partitions + 20

// ownCluster starts a cluster for one test.
func ownCluster(t *testing.T, replicas bool) *testenv.RedisCluster {
	t.Helper()
	c, err := testenv.New(t).RedisCluster(testenv.RedisClusterOptions{Replicas: replicas})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// slotOf returns the slot of a room, as the cluster computes it.
func slotOf(t *testing.T, c *testenv.RedisCluster, r *Redis, room chat.RoomID) int {
	t.Helper()
	slot, err := c.Slot(r.roomChannel(room))
	if err != nil {
		t.Fatal(err)
	}
	if computed := redisclient.Slot(r.layout.Tag(r.layout.Of(int64(room)))); computed != slot {
		t.Fatalf("slot of room %d = %d, the cluster says %d", room, computed, slot)
	}
	return slot
}

func ownerOf(t *testing.T, c *testenv.RedisCluster, slot int) *testenv.RedisServer {
	t.Helper()
	owner, err := c.Owner(slot)
	if err != nil {
		t.Fatal(err)
	}
	return owner
}

// following returns two running nodes, of which the second follows all rooms.
func following(t *testing.T, url string) (from, to node, receiver *Redis) {
	t.Helper()
	sender := newTestRedis(t, url)
	receiver = newTestRedis(t, url)
	for _, r := range []*Redis{sender, receiver} {
		r.timing.followTimeout = 10 * time.Second
		// A busy machine must not lose the subscriptions of other shards; a dead server ends its own.
		r.timing.canaryTimeout = 10 * time.Second
	}
	from, to = verified(t, sender), verified(t, receiver)
	for room := range chat.RoomID(rooms) {
		to.Follow(t.Context(), room+1)
	}
	for range 2 { // so that a call of Missed for the start is not still running
		to.mu.Lock()
		before := to.affected[redisclient.Partitions]
		to.mu.Unlock()
		receiver.mu.Lock()
		receiver.lose(0, loss{rooms: true})
		receiver.mu.Unlock()
		to.waitFor(t, "a call of Missed", func() bool { return to.affected[redisclient.Partitions] > before })
	}
	to.mu.Lock()
	clear(to.affected)
	clear(to.missedUsers)
	to.mu.Unlock()
	return from, to, receiver
}

// expectEvents publishes an event of each room with number seq, as often as it takes, and waits until
// all have arrived.
func expectEvents(t *testing.T, from, to node, seq chat.Seq, in func(chat.RoomID) bool) {
	t.Helper()
	eventually(t, "an event of each room", func() bool {
		for room := range chat.RoomID(rooms) {
			if in(room + 1) {
				from.Publish(wire.Envelope{Kind: wire.Change, Room: room + 1, Seq: seq})
			}
		}
		deadline := time.Now().Add(time.Second)
		for time.Now().Before(deadline) {
			if to.receivedAll(seq, in) {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		return false
	})
}

func (n node) receivedAll(seq chat.Seq, in func(chat.RoomID) bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[chat.RoomID]bool{}
	for _, e := range n.events {
		seen[e.Room] = seen[e.Room] || e.Seq == seq
	}
	for room := range chat.RoomID(rooms) {
		if in(room+1) && !seen[room+1] {
			return false
		}
	}
	return true
}

func everyRoom(chat.RoomID) bool { return true }

// affectedRooms returns the rooms for which Missed was called.
func (n node) affectedRooms() (list []chat.RoomID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for room := range n.affected {
		if room <= rooms {
			list = append(list, room)
		}
	}
	slices.Sort(list)
	return list
}

func TestChannelNames(t *testing.T) {
	for url, want := range map[string][]string{
		// Nodes of older versions use these names.
		"redis://h/2": {"chillin:2:room:300", "chillin:2:node:n", "chillin:2:notices"},
		"redis://h,i": {"chillin:0:{p44}:room:300", "chillin:0:{p44}:node:n", "chillin:0:{p44}:notices"},
	} {
		client := dial(t, url)
		r := newRedis(client, client.Layout(), "n", metrics.New(), discardLog())
		p := r.layout.Of(300)
		if got := []string{r.roomChannel(300), r.canaryChannel(p), r.nodesChannel(p)}; !slices.Equal(got, want) {
			t.Errorf("%s: channels = %q, want %q", url, got, want)
		}
	}
}

// One lost shard makes only its rooms suspect, and events of the others arrive.
func TestOnlyRoomsOfAFailedShardAreSuspect(t *testing.T) {
	c := ownCluster(t, false)
	from, to, r := following(t, c.URL())
	failed := ownerOf(t, c, slotOf(t, c, r, 7))
	lost := map[chat.RoomID]bool{}
	for room := range chat.RoomID(rooms) {
		lost[room+1] = ownerOf(t, c, slotOf(t, c, r, room+1)) == failed
	}
	if err := failed.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "suspect rooms", func() bool {
		for room, suspect := range lost {
			if r.SuspectRoom(room) != suspect || r.SuspectUser(chat.UserID(room)) != suspect {
				return false
			}
		}
		return true
	})
	if err := r.Fault(); !r.Suspect() || err == nil {
		t.Errorf("Suspect = %t, Fault = %v, want a fault", r.Suspect(), err)
	}
	if n, err := from.Ask(t.Context(), wire.Envelope{Kind: wire.SurveyRequest, Except: "q"}); err != nil || n != 2 {
		t.Errorf("Ask = %d, %v, want the 2 nodes by another shard", n, err)
	}
	expectEvents(t, from, to, 1, func(room chat.RoomID) bool { return !lost[room] })
	for _, room := range to.affectedRooms() {
		if !lost[room] {
			t.Errorf("Missed was called for room %d, which is on another shard", room)
		}
	}
	if err := failed.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no suspect room", func() bool { return !r.Suspect() })
	var want []chat.RoomID
	for room, onFailed := range lost {
		if onFailed {
			want = append(want, room)
		}
	}
	slices.Sort(want)
	eventually(t, "the call of Missed", func() bool { return len(to.affectedRooms()) >= len(want) })
	if got := to.affectedRooms(); !slices.Equal(got, want) {
		t.Errorf("Missed was called for rooms %v, want those of the failed shard, %v", got, want)
	}
	eventually(t, "the call of MissedUsers for the failed shard only", func() bool {
		to.mu.Lock()
		defer to.mu.Unlock()
		for room, onFailed := range lost { // users are divided like rooms
			if onFailed != (to.missedUsers[chat.UserID(room)] > 0) {
				return false
			}
		}
		return true
	})
	expectEvents(t, from, to, 2, everyRoom)
}

// The server unsubscribes the channels of a slot that has moved.
func TestASlotMoves(t *testing.T) {
	c := ownCluster(t, false)
	from, to, r := following(t, c.URL())
	renewed := testutil.ToFloat64(r.metrics.BusRenewed)
	for round := range 3 {
		slot := slotOf(t, c, r, 7)
		owner := ownerOf(t, c, slot)
		target := c.Masters[(slices.Index(c.Masters, owner)+1)%3]
		if err := c.Move(slot, target); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the call of Missed", func() bool { return len(to.affectedRooms()) > 0 && !r.Suspect() })
		eventually(t, "a subscription at the new owner", func() bool {
			got, err := target.Command("PUBSUB", "SHARDNUMSUB", r.roomChannel(7))
			return err == nil && strings.HasSuffix(got, "\n1")
		})
		expectEvents(t, from, to, chat.Seq(round+1), everyRoom)
		if got := to.affectedRooms(); !slices.Equal(got, []chat.RoomID{7, 7 + redisclient.Partitions}) {
			t.Errorf("Missed was called for rooms %v, want only those of the slot of room 7", got)
		}
		to.mu.Lock()
		clear(to.affected)
		to.mu.Unlock()
	}
	if got := testutil.ToFloat64(r.metrics.BusRenewed); got != renewed {
		t.Errorf("%v subscriptions were renewed, want none", got-renewed)
	}
}

// A replica takes over from a killed primary, and later from one that works.
func TestFailoverInACluster(t *testing.T) {
	c := ownCluster(t, true)
	from, to, r := following(t, c.URL())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Masters[0].Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Suspect", r.Suspect)
	if err := c.Replicas[0].AwaitPrimary(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no suspect room", func() bool { return !r.Suspect() })
	expectEvents(t, from, to, 1, everyRoom)
	eventually(t, "Missed for the first shard", func() bool { return len(to.affectedRooms()) > 0 })
	before := len(to.affectedRooms())
	if before == rooms {
		t.Errorf("Missed was called for %d of %d rooms, want those of one shard", before, rooms)
	}
	if err := c.FailOver(ctx, c.Replicas[1]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Missed for the second shard", func() bool { return len(to.affectedRooms()) > before && !r.Suspect() })
	expectEvents(t, from, to, 2, everyRoom)
}

func TestFailoverBySentinels(t *testing.T) {
	s, err := testenv.New(t).RedisSentinel(testenv.RedisSentinelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	from, to := newTestRedis(t, s.URL()), newTestRedis(t, s.URL())
	expectRecovery(t, from, to, func() {
		if err := s.Servers[0].Kill(); err != nil {
			t.Fatal(err)
		}
	}, func() {
		if err := s.AwaitFailOver(ctx, s.Servers[0]); err != nil {
			t.Fatal(err)
		}
	})
}

// What a node publishes does not depend on the number of nodes: one SPUBLISH per event, at the shard
// of the room.
func TestPublishingDoesNotGrowWithTheNodes(t *testing.T) {
	for _, nodes := range []int{1, 4} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			url := testenv.SharedRedisCluster(t)
			admin := dial(t, url)
			all := make([]node, nodes)
			for i := range all {
				r := newTestRedis(t, url)
				r.timing.canaryInterval, r.timing.canaryTimeout = time.Hour, time.Hour
				all[i] = verified(t, r)
				all[i].Follow(t.Context(), 7)
			}
			before := spublishes(t, admin)
			const events = 100
			for seq := range chat.Seq(events) {
				all[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1})
			}
			for _, n := range all {
				n.waitFor(t, "the events", func() bool { return n.count(7) == events })
			}
			if got := spublishes(t, admin) - before; got != events {
				t.Errorf("%d calls of SPUBLISH, want %d", got, events)
			}
		})
	}
}

// spublishes returns how often SPUBLISH was called at all masters. PUBLISH must not be used: every server
// of a cluster transports it.
func spublishes(t *testing.T, admin *redisclient.Client) int64 {
	t.Helper()
	var calls atomic.Int64
	err := admin.Cluster.ForEachMaster(t.Context(), func(ctx context.Context, m *redis.Client) error {
		info, err := m.Info(ctx, "commandstats").Result()
		for line := range strings.Lines(info) {
			var n int64
			if _, err := fmt.Sscanf(line, "cmdstat_spublish:calls=%d,", &n); err == nil {
				calls.Add(n)
			}
			if strings.HasPrefix(line, "cmdstat_publish:") {
				return errors.New("PUBLISH was used")
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return calls.Load()
}
