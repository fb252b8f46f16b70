package bus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// shortTiming is about ten times as fast as defaultTiming.
var shortTiming = timing{
	canaryInterval: 50 * time.Millisecond, canaryTimeout: 400 * time.Millisecond, followTimeout: 2 * time.Second,
	unsubscribeDelay: 400 * time.Millisecond, maxRetry: 100 * time.Millisecond, routeInterval: 100 * time.Millisecond,
}

var nodeNumber atomic.Int64

// dial returns a client with the options of the product.
func dial(t testing.TB, url string) *redisclient.Client {
	t.Helper()
	address, err := redisclient.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	client := address.Open()
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newTestRedis(t *testing.T, url string) *Redis {
	t.Helper()
	r := NewRedis(dial(t, url), fmt.Sprintf("node-%d", nodeNumber.Add(1)), metrics.New(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	r.timing = shortTiming
	return r
}

// verified runs a bus and waits until its subscription is verified.
func verified(t *testing.T, r *Redis) node {
	t.Helper()
	n := run(t, r)
	eventually(t, "a verified subscription", func() bool { return !r.Suspect() && len(r.missed) == 0 })
	return n
}

func TestRedis(t *testing.T) {
	for name, start := range map[string]func(t testing.TB) string{
		"single": testenv.Redis, "cluster": testenv.SharedRedisCluster, "Sentinel": testenv.SharedRedisSentinel,
	} {
		t.Run(name, func(t *testing.T) {
			suite(t, func(t *testing.T, n int) []wire.Bus {
				url := start(t)
				buses := make([]wire.Bus, n)
				for i := range buses {
					buses[i] = newTestRedis(t, url)
				}
				return buses
			})
		})
	}
}

// publishEvents publishes numbered events of room 7 over from until the test ends.
func publishEvents(t *testing.T, from wire.Bus) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for seq := chat.Seq(1); ; seq++ {
			from.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq, Frame: []byte("{}")})
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

// expectMoreEvents waits for three more events of room 7.
func (n node) expectMoreEvents(t *testing.T, when string) {
	t.Helper()
	n.mu.Lock()
	before := n.count(7)
	n.mu.Unlock()
	n.waitFor(t, "events "+when, func() bool { return n.count(7) >= before+3 })
}

// expectRecovery breaks the connections of two nodes while one publishes to the other. It
// waits until the receiver was suspect, then repairs the connections and waits until Missed
// was called and events are received again.
func expectRecovery(t *testing.T, sender, receiver *Redis, breakIt, repair func()) {
	t.Helper()
	from, to := verified(t, sender), verified(t, receiver)
	to.Follow(t.Context(), 7)
	publishEvents(t, from)
	to.expectMoreEvents(t, "before")
	to.mu.Lock()
	before := to.missed
	to.mu.Unlock()
	breakIt()
	eventually(t, "Suspect", func() bool { return receiver.Suspect() || testutil.ToFloat64(receiver.metrics.BusRenewed) > 0 })
	repair()
	eventually(t, "a verified subscription", func() bool { return !receiver.Suspect() })
	to.waitFor(t, "Missed", func() bool { return to.missed > before })
	to.expectMoreEvents(t, "afterwards")
}

func TestRecoveryAfterRedisRestarts(t *testing.T) {
	server, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	expectRecovery(t, newTestRedis(t, server.URL()), newTestRedis(t, server.URL()), func() {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
	}, func() {
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRecoveryAfterRedisHangs(t *testing.T) {
	server, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	expectRecovery(t, newTestRedis(t, server.URL()), newTestRedis(t, server.URL()), server.Pause, server.Resume)
}

func TestRecoveryAfterRedisClosesSubscribers(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	expectRecovery(t, newTestRedis(t, url), newTestRedis(t, url), func() {
		if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
	}, func() {})
}

// The trap of go-redis: the connection stays open and receives nothing, while new
// connections work.
func TestRecoveryOfASubscriptionThatReceivesNothing(t *testing.T) {
	url := testenv.Redis(t)
	p := startProxy(t, url)
	expectRecovery(t, newTestRedis(t, url), newTestRedis(t, p.url), p.blackhole, func() {})
}

func TestRecoveryOfANodeWithoutRedis(t *testing.T) {
	url := testenv.Redis(t)
	p := startProxy(t, url)
	expectRecovery(t, newTestRedis(t, url), newTestRedis(t, p.url), func() { p.setRefusing(true) }, func() { p.setRefusing(false) })
}

func TestANodeThatCannotPublishIsSuspect(t *testing.T) {
	url := testenv.Redis(t)
	r := newTestRedis(t, url)
	verified(t, r)
	if err := r.client.Close(); err != nil { // closes the pool, not the connection of the subscription
		t.Fatal(err)
	}
	eventually(t, "Suspect", r.Suspect)
}

func TestAskIsUnavailableWhileRedisIsUnreachable(t *testing.T) {
	p := startProxy(t, testenv.Redis(t))
	n := verified(t, newTestRedis(t, p.url))
	for _, unreachable := range []bool{true, false} {
		p.setRefusing(unreachable)
		eventually(t, fmt.Sprintf("the result of Ask while unreachable = %v", unreachable), func() bool {
			_, err := n.Ask(t.Context(), wire.Envelope{Kind: wire.SurveyRequest})
			if err != nil && chat.CodeOf(err) != chat.Unavailable {
				t.Fatalf("err = %v, want %s", err, chat.Unavailable)
			}
			return (err == nil) != unreachable
		})
	}
}

func TestFollowDoesNotWaitWhileRedisIsUnreachable(t *testing.T) {
	p := startProxy(t, testenv.Redis(t))
	p.setRefusing(true)
	r := newTestRedis(t, p.url)
	r.timing.followTimeout = time.Hour
	n := run(t, r)
	for room := range chat.RoomID(100) {
		n.Follow(t.Context(), room+1)
	}
	p.setRefusing(false)
	n.waitFor(t, "Missed", func() bool { return n.missed > 0 })
	eventually(t, "a verified subscription", func() bool { return !r.Suspect() })
	n.Publish(wire.Envelope{Kind: wire.Change, Room: 100, Seq: 1})
	n.waitFor(t, "an event of a room followed before", func() bool { return n.count(100) == 1 })
}

func TestFollowReturnsWhenTheSubscriptionFails(t *testing.T) {
	p := startProxy(t, testenv.Redis(t))
	r := newTestRedis(t, p.url)
	r.timing.followTimeout = time.Hour
	n := verified(t, r)
	p.blackhole()
	n.Follow(t.Context(), 7) // there is no reply to SUBSCRIBE
	n.waitFor(t, "Missed", func() bool { return n.missed >= 2 })
	n.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1})
	n.waitFor(t, "an event", func() bool { return n.count(7) == 1 })
}

func TestUnfollowUnsubscribesAfterADelay(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	r := newTestRedis(t, url)
	n := verified(t, r)
	n.Follow(t.Context(), 7)
	n.Follow(t.Context(), 8)
	subscribers := func(room chat.RoomID) int64 {
		channel := r.roomChannel(room)
		return admin.PubSubNumSub(context.Background(), channel).Val()[channel]
	}
	n.Unfollow(7)
	if got := subscribers(7); got != 1 {
		t.Errorf("subscribers right after Unfollow = %d, want 1", got)
	}
	eventually(t, "the end of the subscription", func() bool { return subscribers(7) == 0 })
	if got := subscribers(8); got != 1 {
		t.Errorf("subscribers of the other room = %d, want 1", got)
	}
	n.Follow(t.Context(), 7)
	if got := subscribers(7); got != 1 {
		t.Errorf("subscribers after Follow = %d, want 1", got)
	}
	if r.Suspect() {
		t.Error("Suspect = true after Follow and Unfollow, want false")
	}
}

func TestThousandsOfRoomsAreSubscribedAgain(t *testing.T) {
	const rooms = 5000
	url := testenv.Redis(t)
	admin := dial(t, url)
	r := newTestRedis(t, url)
	r.timing.followTimeout = time.Nanosecond // do not wait for each
	n := verified(t, r)
	for room := range chat.RoomID(rooms) {
		n.Follow(t.Context(), room+1)
	}
	subscribed := func() bool {
		return admin.PubSubNumSub(context.Background(), r.roomChannel(rooms)).Val()[r.roomChannel(rooms)] == 1
	}
	eventually(t, "the subscription of the last room", subscribed)
	if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new subscription", func() bool { return testutil.ToFloat64(r.metrics.BusRenewed) > 0 })
	eventually(t, "a verified subscription", func() bool { return !r.Suspect() })
	heard, seen := map[chat.RoomID]bool{}, 0
	for seq := chat.Seq(1); len(heard) < rooms && seq <= 10; seq++ {
		n.mu.Lock()
		missed := n.missed
		n.mu.Unlock()
		for room := range chat.RoomID(rooms) {
			n.Publish(wire.Envelope{Kind: wire.Change, Room: room + 1, Seq: seq})
		}
		n.waitFor(t, "an event of each room, or the report of a loss", func() bool {
			for ; seen < len(n.events); seen++ {
				heard[n.events[seen].Room] = true
			}
			return len(heard) == rooms || n.missed > missed
		})
		// A busy machine loses the subscription again.
		eventually(t, "a verified subscription", func() bool { return !r.Suspect() })
	}
	if len(heard) < rooms {
		t.Errorf("events of %d rooms, want %d", len(heard), rooms)
	}
}

func TestAStoppingNodePublishesItsQueue(t *testing.T) {
	url := testenv.Redis(t)
	receiver := verified(t, newTestRedis(t, url))
	receiver.Follow(t.Context(), 7)
	r := newTestRedis(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for seq := range chat.Seq(500) {
		r.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1})
	}
	if err := r.Run(ctx, newSink()); err != nil {
		t.Fatal(err)
	}
	receiver.waitFor(t, "the queued events", func() bool { return receiver.count(7) == 500 })
}

func TestDatabasesOfOneRedisAreSeparate(t *testing.T) {
	url := testenv.Redis(t)
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	other := fmt.Sprintf("redis://%s/%d", o.Addr, o.DB+1)
	a, b := newTestRedis(t, url), newTestRedis(t, other)
	na, nb := verified(t, a), verified(t, b)
	na.Follow(t.Context(), 7)
	nb.Follow(t.Context(), 7)
	na.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1})
	nb.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 2})
	na.waitFor(t, "its event", func() bool { return na.count(7) >= 1 })
	nb.waitFor(t, "its event", func() bool { return nb.count(7) >= 1 })
	if got := append(na.seqs(7), nb.seqs(7)...); !slices.Equal(got, []chat.Seq{1, 2}) {
		t.Errorf("seqs = %v, want one per database", got)
	}
}

func TestAnEnvelopeOfAnotherVersionCallsMissed(t *testing.T) {
	url := testenv.Redis(t)
	r := newTestRedis(t, url)
	n := verified(t, r)
	n.Follow(t.Context(), 7)
	n.waitFor(t, "the end of the sink's calls", func() bool { return n.running == 0 })
	n.mu.Lock()
	before := n.missed
	n.mu.Unlock()
	if err := dial(t, url).Publish(t.Context(), r.roomChannel(7), "\x02unknown").Err(); err != nil {
		t.Fatal(err)
	}
	n.waitFor(t, "Missed", func() bool { return n.missed > before })
	if r.Suspect() {
		t.Error("Suspect = true, want false")
	}
}

func TestDroppedEnvelopesAreCounted(t *testing.T) {
	r := newTestRedis(t, testenv.Redis(t))
	for range outgoing + 5 { // Run is not called
		r.Publish(wire.Envelope{Kind: wire.PresenceHint, Room: 7})
	}
	if got := testutil.ToFloat64(r.metrics.BusDropped.WithLabelValues("queue_full")); got != 5 {
		t.Errorf("dropped = %v, want 5", got)
	}
}

// proxy forwards connections to Redis.
type proxy struct {
	url    string
	target string

	mu       sync.Mutex
	refusing bool
	conns    []*proxyConn
}

type proxyConn struct {
	client, server net.Conn
	discards       atomic.Bool // in both directions
}

func startProxy(t *testing.T, url string) *proxy {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: o.Addr, url: fmt.Sprintf("redis://%s/%d", listener.Addr(), o.DB)}
	var parts sync.WaitGroup
	parts.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			parts.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.setRefusing(true)
		parts.Wait()
	})
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	c := &proxyConn{client: client, server: server}
	p.mu.Lock()
	if p.refusing {
		p.mu.Unlock()
		return
	}
	p.conns = append(p.conns, c)
	p.mu.Unlock()
	var parts sync.WaitGroup
	parts.Go(func() { c.pipe(server, client) })
	parts.Go(func() { c.pipe(client, server) })
	parts.Wait()
}

// pipe forwards until one side closes. With discards set it reads and drops the data, so
// that the kernel still acknowledges it.
func (c *proxyConn) pipe(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if c.discards.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// blackhole makes the present connections discard all data. New connections work.
func (p *proxy) blackhole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.discards.Store(true)
	}
}

// setRefusing closes all connections. If refusing is true, new ones are refused.
func (p *proxy) setRefusing(refusing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = refusing
	for _, c := range p.conns {
		_ = c.client.Close()
		_ = c.server.Close()
	}
	p.conns = nil
}

// BenchmarkRedis measures the delivery of an event from Publish to the sink of another node.
func BenchmarkRedis(b *testing.B) {
	client := dial(b, testenv.Redis(b))
	ctx, cancel := context.WithCancel(b.Context())
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	received := make(chan struct{}, outgoing)
	sender, receiver := NewRedis(client, "a", metrics.New(), discardLog()), NewRedis(client, "b", metrics.New(), discardLog())
	parts.Go(func() { _ = sender.Run(ctx, newSink()) })
	parts.Go(func() { _ = receiver.Run(ctx, counter(received)) })
	for receiver.Suspect() {
		time.Sleep(time.Millisecond)
	}
	receiver.Follow(ctx, 7)
	frame := make([]byte, 400)
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		sender.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: frame})
		if sent++; sent >= outgoing/2 { // never more in flight than the queue can take
			<-received
		}
	}
}

// counter is a sink that only counts.
type counter chan struct{}

func (c counter) Receive(wire.Envelope)              { c <- struct{}{} }
func (c counter) Missed(func(chat.RoomID) bool)      {}
func (c counter) MissedUsers(func(chat.UserID) bool) {}

// delivered returns how many probes were received, and their total time in seconds.
func delivered(t *testing.T, r *Redis) (probes int, seconds float64) {
	t.Helper()
	w := httptest.NewRecorder()
	r.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for line := range strings.Lines(w.Body.String()) {
		if text, ok := strings.CutPrefix(line, "chillin_bus_delivery_seconds_count "); ok {
			probes, _ = strconv.Atoi(strings.TrimSpace(text))
		}
		if text, ok := strings.CutPrefix(line, "chillin_bus_delivery_seconds_sum "); ok {
			seconds, _ = strconv.ParseFloat(strings.TrimSpace(text), 64)
		}
	}
	return probes, seconds
}

func TestTheDeliveryTimeIncludesTheQueues(t *testing.T) {
	began := time.Now()
	r := newTestRedis(t, testenv.Redis(t))
	n := verified(t, r)
	eventually(t, "a probe", func() bool { probes, _ := delivered(t, r); return probes > 0 })
	if probes, seconds := delivered(t, r); seconds <= 0 || seconds > float64(probes)*time.Since(began).Seconds() {
		t.Errorf("%d probes took %v s, want at most the %v of the test each", probes, seconds, time.Since(began))
	}

	// A sink that hangs delays what has been received.
	const hang = 300 * time.Millisecond
	block := make(chan struct{})
	n.mu.Lock()
	n.block = block
	n.mu.Unlock()
	n.Follow(t.Context(), 7)
	n.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1})
	eventually(t, "a probe in the queue", func() bool { _, received := r.Queued(); return received >= 2 })
	probes, before := delivered(t, r)
	time.Sleep(hang) // the test measures time
	close(block)
	eventually(t, "the probe that waited", func() bool { now, _ := delivered(t, r); return now > probes })
	if _, seconds := delivered(t, r); seconds-before < hang.Seconds() {
		t.Errorf("the probe behind a sink that hung for %v took %v s, want at least that", hang, seconds-before)
	}
}
