package app_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// A client misses nothing while the Redis of its room fails over: events arrive, or the node finds them
// by the heads.
func TestRedisFailover(t *testing.T) {
	t.Parallel()
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		c, err := testenv.New(t).RedisCluster(testenv.RedisClusterOptions{Replicas: true})
		if err != nil {
			t.Fatal(err)
		}
		sendDuringFailover(t, c.URL(), func(ctx context.Context, room chat.RoomID) error {
			slot, err := c.Slot("{p" + strconv.FormatInt(int64(room)%256, 10) + "}")
			if err != nil {
				return err
			}
			owner, err := c.Owner(slot)
			if err != nil {
				return err
			}
			for i, m := range c.Masters {
				if m == owner {
					if err := m.Kill(); err != nil {
						return err
					}
					return c.Replicas[i].AwaitPrimary(ctx)
				}
			}
			return nil
		})
	})
	t.Run("Sentinels", func(t *testing.T) {
		t.Parallel()
		s, err := testenv.New(t).RedisSentinel(testenv.RedisSentinelOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sendDuringFailover(t, s.URL(), func(ctx context.Context, _ chat.RoomID) error {
			if err := s.Servers[0].Kill(); err != nil {
				return err
			}
			return s.AwaitFailOver(ctx, s.Servers[0])
		})
	})
}

// sendDuringFailover sends messages on one node until some time after the failover, and expects all of
// them, in order, on another.
func sendDuringFailover(t *testing.T, url string, failOver func(ctx context.Context, room chat.RoomID) error) {
	t.Helper()
	env := clusterEnv(t)
	env["REDIS_URL"] = url
	d := &deployment{t, []string{startNode(t, env, nil).base, startNode(t, env, nil).base}}
	alice, bob := d.user("alice", 0), d.user("bob", 1)
	room := alice.room("Harbour", nil)
	bob.join(room.ID, nil)
	first := chat.Seq(2) // 1 is that bob joined
	alice.send(room.ID, "before")
	bob.receives(first)
	finished := make(chan error, 1)
	go func() { finished <- failOver(ctx(t), room.ID) }()
	sent, rest := 0, -1
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for rest != 0 {
		alice.send(room.ID, strconv.Itoa(sent))
		sent++
		rest = max(rest-1, -1)
		select {
		case err := <-finished:
			if err != nil {
				t.Fatal(err)
			}
			rest = 20
		case <-tick.C:
		}
	}
	for i := range sent {
		if m := bob.receives(first + 1 + chat.Seq(i)); m.Text != strconv.Itoa(i) {
			t.Fatalf("message %d is %q", i, m.Text)
		}
	}
}
