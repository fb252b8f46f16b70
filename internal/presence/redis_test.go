package presence

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/redisclient"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// fastPace is defaultPace with much shorter intervals.
var fastPace = pace{renew: 200 * time.Millisecond, lease: 800 * time.Millisecond, retry: 50 * time.Millisecond}

// dial returns a client with the product's options.
func dial(t *testing.T, url string) *redisclient.Client {
	t.Helper()
	address, err := redisclient.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	client := address.Open()
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// partitions is the number of partitions in tests, which renew leases much more often than nodes.
const partitions = 8

func newTestRedis(t *testing.T, url, name string) *Redis {
	t.Helper()
	client := dial(t, url)
	layout := client.Layout()
	if layout.Partitions() > 1 {
		layout = redisclient.NewLayout(partitions)
	}
	r := newRedis(client, layout, name, metrics.New(), discardLog())
	for _, p := range r.parts {
		p.pace = fastPace
	}
	return r
}

func TestRedis(t *testing.T) {
	for name, start := range map[string]func(t testing.TB) string{
		"single": testenv.Redis, "cluster": testenv.SharedRedisCluster, "Sentinel": testenv.SharedRedisSentinel,
	} {
		t.Run(name, func(t *testing.T) {
			suite(t, func(t *testing.T, n int) []chat.Presence {
				url := start(t)
				nodes := make([]chat.Presence, n)
				for i, name := range names(n) {
					nodes[i] = newTestRedis(t, url, name)
				}
				return nodes
			})
		})
	}
}

// singleLeases is the key of the leases on a single Redis.
const singleLeases = namespace + "leases"

// keys returns the presence keys in Redis, without the leases.
func keys(t *testing.T, client *redisclient.Client) (list []string) {
	t.Helper()
	all, err := client.Keys(context.Background(), namespace+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range all {
		if key != singleLeases {
			list = append(list, key)
		}
	}
	return list
}

// The entries of a killed node stay until its lease ends. Then a live node removes and reports them.
func TestKilledNodesUsersAreRemoved(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	dead, alive := newTestRedis(t, url, "dead"), run(t, newTestRedis(t, url, "alive"))
	alive.Enter(7, 2, chat.Online)
	killed := run(t, dead)
	for user := range chat.UserID(300) {
		dead.Enter(chat.RoomID(user%150+10), user+10, chat.Online)
	}
	dead.Enter(7, 1, chat.Online)
	expectOnline(t, alive, 7, chat.OnlineUsers{1: chat.Online, 2: chat.Online})
	before := alive.reports(7)
	if err := dead.client.Close(); err != nil { // from here on it cannot reach Redis
		t.Fatal(err)
	}
	killed.stop()

	expectOnline(t, alive, 7, chat.OnlineUsers{2: chat.Online})
	eventually(t, "report of rooms", func() bool { return alive.reports(7) > before && alive.reports(10) > 0 })
	eventually(t, "cleanup", func() bool {
		fields, err := admin.HKeys(t.Context(), namespace+"room:7").Result()
		return err == nil && len(fields) == 1 && admin.Exists(t.Context(), namespace+"room:10").Val() == 0
	})
}

// A lease is valid as long as its node runs.
func TestLeaseIsRenewed(t *testing.T) {
	url := testenv.Redis(t)
	a, b := run(t, newTestRedis(t, url, "a")), run(t, newTestRedis(t, url, "b"))
	a.Enter(7, 1, chat.Online)
	expectOnline(t, b, 7, chat.OnlineUsers{1: chat.Online})
	for end := time.Now().Add(3 * fastPace.lease); time.Now().Before(end); {
		if got, err := b.Online(t.Context(), 7); err != nil || got[7][1] != chat.Online {
			t.Fatalf("online = %v, %v, want user 1", got[7], err)
		}
	}
}

// A node that was suspended for longer than its lease finds its entries removed, and writes them again.
func TestSuspendedNodeRestoresItsEntries(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	a, b := run(t, newTestRedis(t, url, "a")), run(t, newTestRedis(t, url, "b"))
	a.Enter(7, 1, chat.Online)
	expectOnline(t, b, 7, chat.OnlineUsers{1: chat.Online})
	if err := admin.ZAdd(t.Context(), singleLeases, redis.Z{Score: 1, Member: "a"}).Err(); err != nil {
		t.Fatal(err)
	}
	expectOnline(t, b, 7, chat.OnlineUsers{1: chat.Online})
	expectOnline(t, a, 7, chat.OnlineUsers{1: chat.Online})
}

// After Redis has lost data, presence is unknown. A user must never be reported as offline while
// online.
func TestRedisDataLoss(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	a, b := run(t, newTestRedis(t, url, "a")), run(t, newTestRedis(t, url, "b"))
	a.Enter(7, 1, chat.Online)
	b.Enter(7, 2, chat.Busy)
	want := chat.OnlineUsers{1: chat.Online, 2: chat.Busy}
	for range 5 {
		expectOnline(t, a, 7, want)
		expectOnline(t, b, 7, want)
		if err := admin.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		known := 0
		eventually(t, "presence of both", func() bool {
			for _, n := range []*node{a, b} {
				got, err := n.Online(t.Context(), 7)
				if err != nil {
					known = 0
					continue
				}
				if known++; len(got[7]) != 2 {
					t.Errorf("after FLUSHALL: online = %v, want %v or an error", got[7], want)
				}
			}
			return known >= 10
		})
	}
}

func TestRedisOutage(t *testing.T) {
	server, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	first := newTestRedis(t, server.URL(), "a")
	a, b := run(t, first), run(t, newTestRedis(t, server.URL(), "b"))
	a.Enter(7, 1, chat.Online)
	a.Enter(7, 3, chat.Online)
	b.Enter(7, 2, chat.Online)
	expectOnline(t, a, 7, chat.OnlineUsers{1: chat.Online, 2: chat.Online, 3: chat.Online})
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Online(t.Context(), 7); err == nil {
		t.Errorf("while Redis is down: online = %v, want an error", got)
	}
	eventually(t, "failed write", func() bool { return testutil.ToFloat64(first.metrics.PresenceLost) > 0 })
	a.Leave(7, 3) // a change during the outage
	a.Enter(8, 1, chat.Away)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{a, b} {
		expectOnline(t, n, 7, chat.OnlineUsers{1: chat.Online, 2: chat.Online})
		expectOnline(t, n, 8, chat.OnlineUsers{1: chat.Away})
	}
}

func TestRedisHangs(t *testing.T) {
	server, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	a, b := run(t, newTestRedis(t, server.URL(), "a")), run(t, newTestRedis(t, server.URL(), "b"))
	a.Enter(7, 1, chat.Online)
	expectOnline(t, b, 7, chat.OnlineUsers{1: chat.Online})
	server.Pause()
	if got, err := a.Online(t.Context(), 7); err == nil {
		t.Errorf("while Redis hangs: online = %v, want an error", got)
	}
	server.Resume()
	expectOnline(t, a, 7, chat.OnlineUsers{1: chat.Online})
	expectOnline(t, b, 7, chat.OnlineUsers{1: chat.Online})
}

// Other nodes must not mistake a graceful shutdown for data loss.
func TestGracefulShutdownIsNotDataLoss(t *testing.T) {
	url := testenv.Redis(t)
	a, b := run(t, newTestRedis(t, url, "a")), run(t, newTestRedis(t, url, "b"))
	a.Enter(7, 1, chat.Online)
	b.Enter(7, 2, chat.Online)
	expectOnline(t, b, 7, chat.OnlineUsers{1: chat.Online, 2: chat.Online})
	a.stop()
	for end := time.Now().Add(3 * fastPace.lease); time.Now().Before(end); {
		if got, err := b.Online(t.Context(), 7); err != nil || len(got[7]) != 1 {
			t.Fatalf("online = %v, %v, want only user 2", got[7], err)
		}
	}
}

func TestNoKeysAreLeft(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	a, b := run(t, newTestRedis(t, url, "a")), run(t, newTestRedis(t, url, "b"))
	for room := range chat.RoomID(250) {
		a.Enter(room+1, 1, chat.Online)
		b.Enter(room+1, 1, chat.Online)
		a.Enter(room+1, 2, chat.Online)
		a.Leave(room+1, 2)
	}
	expectOnline(t, b, 250, chat.OnlineUsers{1: chat.Online})
	expectOnline(t, a, 1, chat.OnlineUsers{1: chat.Online})
	a.stop()
	b.stop()
	if left := keys(t, admin); len(left) > 0 {
		t.Errorf("keys left: %s", strings.Join(left, " "))
	}
}
