package bus

import (
	"context"
	"fmt"
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
	"github.com/chillin-chat/chillin/internal/testenv"
	"github.com/chillin-chat/chillin/internal/wire"
)

// brisk is usual, ten times as fast.
var brisk = pace{
	canary: 50 * time.Millisecond, deaf: 400 * time.Millisecond, follow: 2 * time.Second,
	linger: 400 * time.Millisecond, retry: 100 * time.Millisecond,
}

var nodeNumber atomic.Int64

// dial makes a client as the product does.
func dial(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	client := redis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func newRedis(t *testing.T, url string) *Redis {
	t.Helper()
	r := NewRedis(dial(t, url), fmt.Sprintf("node-%d", nodeNumber.Add(1)), metrics.New(), quiet())
	r.pace = brisk
	return r
}

// trusted runs a bus and waits for its trust.
func trusted(t *testing.T, r *Redis) node {
	t.Helper()
	n := run(t, r)
	eventually(t, "trust", func() bool { return !r.Suspect() && len(r.missed) == 0 })
	return n
}

func TestRedis(t *testing.T) {
	suite(t, func(t *testing.T, n int) []wire.Bus {
		url := testenv.Redis(t)
		buses := make([]wire.Bus, n)
		for i := range buses {
			buses[i] = newRedis(t, url)
		}
		return buses
	})
}

// flow publishes numbered events of room 7 over from until the test ends.
func flow(t *testing.T, from wire.Bus) {
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

// hearing waits for three more events of room 7.
func (n node) hearing(t *testing.T, when string) {
	t.Helper()
	n.mu.Lock()
	before := n.count(7)
	n.mu.Unlock()
	n.await(t, "an event "+when, func() bool { return n.count(7) >= before+3 })
}

// recovers does harm to a pair of nodes over which events flow, and waits until
// the listener was suspect, was told that it missed something, and hears again.
func recovers(t *testing.T, speaker, listener *Redis, harm, heal func()) {
	t.Helper()
	from, to := trusted(t, speaker), trusted(t, listener)
	to.Follow(t.Context(), 7)
	flow(t, from)
	to.hearing(t, "before")
	to.mu.Lock()
	before := to.missed
	to.mu.Unlock()
	harm()
	eventually(t, "suspicion", func() bool { return listener.Suspect() || testutil.ToFloat64(listener.metrics.BusRenewed) > 0 })
	heal()
	eventually(t, "trust", func() bool { return !listener.Suspect() })
	to.await(t, "Missed", func() bool { return to.missed > before })
	to.hearing(t, "afterwards")
}

func TestRedisRestarts(t *testing.T) {
	server, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	recovers(t, newRedis(t, server.URL()), newRedis(t, server.URL()), func() {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
	}, func() {
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRedisHangs(t *testing.T) {
	server, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	recovers(t, newRedis(t, server.URL()), newRedis(t, server.URL()), server.Pause, server.Resume)
}

func TestRedisClosesItsSubscribers(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	recovers(t, newRedis(t, url), newRedis(t, url), func() {
		if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
	}, func() {})
}

// The trap of go-redis: the connection stays open and nothing comes, while new
// connections work.
func TestASubscriptionGoesDeaf(t *testing.T) {
	url := testenv.Redis(t)
	p := startProxy(t, url)
	recovers(t, newRedis(t, url), newRedis(t, p.url), p.deafen, func() {})
}

func TestANodeIsCutOff(t *testing.T) {
	url := testenv.Redis(t)
	p := startProxy(t, url)
	recovers(t, newRedis(t, url), newRedis(t, p.url), func() { p.refuse(true) }, func() { p.refuse(false) })
}

func TestANodeThatCannotPublishIsSuspect(t *testing.T) {
	url := testenv.Redis(t)
	r := newRedis(t, url)
	trusted(t, r)
	if err := r.client.Close(); err != nil { // the pool; the subscription has its own connection
		t.Fatal(err)
	}
	eventually(t, "suspicion", r.Suspect)
}

func TestNobodyIsAskedWhileRedisIsAway(t *testing.T) {
	p := startProxy(t, testenv.Redis(t))
	n := trusted(t, newRedis(t, p.url))
	for _, away := range []bool{true, false} {
		p.refuse(away)
		eventually(t, fmt.Sprintf("an answer while away is %v", away), func() bool {
			_, err := n.Ask(t.Context(), wire.Envelope{Kind: wire.SurveyRequest})
			if err != nil && chat.CodeOf(err) != chat.Unavailable {
				t.Fatalf("err = %v, want %s", err, chat.Unavailable)
			}
			return (err == nil) != away
		})
	}
}

func TestFollowDoesNotWaitForALostRedis(t *testing.T) {
	p := startProxy(t, testenv.Redis(t))
	p.refuse(true)
	r := newRedis(t, p.url)
	r.pace.follow = time.Hour
	n := run(t, r)
	for room := range chat.RoomID(100) {
		n.Follow(t.Context(), room+1)
	}
	p.refuse(false)
	n.await(t, "Missed", func() bool { return n.missed > 0 })
	eventually(t, "trust", func() bool { return !r.Suspect() })
	n.Publish(wire.Envelope{Kind: wire.Change, Room: 100, Seq: 1})
	n.await(t, "an event of a room followed before", func() bool { return n.count(100) == 1 })
}

// A waiting Follow must go on when the subscription is lost meanwhile.
func TestFollowGivesUpWithTheSubscription(t *testing.T) {
	p := startProxy(t, testenv.Redis(t))
	r := newRedis(t, p.url)
	r.pace.follow = time.Hour
	n := trusted(t, r)
	p.deafen()
	n.Follow(t.Context(), 7) // SUBSCRIBE is never answered
	n.await(t, "Missed", func() bool { return n.missed >= 2 })
	n.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1})
	n.await(t, "an event", func() bool { return n.count(7) == 1 })
}

func TestRoomsLingerAndThenGo(t *testing.T) {
	url := testenv.Redis(t)
	admin := dial(t, url)
	r := newRedis(t, url)
	n := trusted(t, r)
	n.Follow(t.Context(), 7)
	n.Follow(t.Context(), 8)
	subscribers := func(room chat.RoomID) int64 {
		channel := r.roomChannel(room)
		return admin.PubSubNumSub(context.Background(), channel).Val()[channel]
	}
	n.Unfollow(7)
	if got := subscribers(7); got != 1 {
		t.Errorf("right after Unfollow: %d subscribers, want 1", got)
	}
	eventually(t, "the end of the subscription", func() bool { return subscribers(7) == 0 })
	if got := subscribers(8); got != 1 {
		t.Errorf("the other room: %d subscribers, want 1", got)
	}
	n.Follow(t.Context(), 7)
	if got := subscribers(7); got != 1 {
		t.Errorf("after Follow: %d subscribers, want 1", got)
	}
	if r.Suspect() {
		t.Error("suspect after rooms came and went, want trust")
	}
}

func TestThousandsOfRoomsComeBack(t *testing.T) {
	const rooms = 5000
	url := testenv.Redis(t)
	admin := dial(t, url)
	r := newRedis(t, url)
	r.pace.follow = time.Nanosecond // do not wait for each
	n := trusted(t, r)
	for room := range chat.RoomID(rooms) {
		n.Follow(t.Context(), room+1)
	}
	inForce := func() bool {
		return admin.PubSubNumSub(context.Background(), r.roomChannel(rooms)).Val()[r.roomChannel(rooms)] == 1
	}
	eventually(t, "subscription of the last room", inForce)
	if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "renewal", func() bool { return testutil.ToFloat64(r.metrics.BusRenewed) > 0 })
	eventually(t, "trust", func() bool { return !r.Suspect() })
	for room := range chat.RoomID(rooms) {
		n.Publish(wire.Envelope{Kind: wire.Change, Room: room + 1, Seq: 1})
	}
	n.await(t, "an event of each room", func() bool { return len(n.events) >= rooms })
}

func TestLastWordsAreSent(t *testing.T) {
	url := testenv.Redis(t)
	listener := trusted(t, newRedis(t, url))
	listener.Follow(t.Context(), 7)
	r := newRedis(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for seq := range chat.Seq(500) {
		r.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1})
	}
	if err := r.Run(ctx, newSink()); err != nil {
		t.Fatal(err)
	}
	listener.await(t, "the last words", func() bool { return listener.count(7) == 500 })
}

func TestDatabasesOfOneRedisAreApart(t *testing.T) {
	url := testenv.Redis(t)
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	a := NewRedis(redis.NewClient(o), "a", metrics.New(), quiet())
	other := *o
	other.DB++
	b := NewRedis(redis.NewClient(&other), "a", metrics.New(), quiet())
	for _, r := range []*Redis{a, b} {
		r.pace = brisk
		t.Cleanup(func() { _ = r.client.Close() })
	}
	na, nb := trusted(t, a), trusted(t, b)
	na.Follow(t.Context(), 7)
	nb.Follow(t.Context(), 7)
	na.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1})
	nb.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 2})
	na.await(t, "its event", func() bool { return na.count(7) >= 1 })
	nb.await(t, "its event", func() bool { return nb.count(7) >= 1 })
	if got := append(na.seqs(7), nb.seqs(7)...); !slices.Equal(got, []chat.Seq{1, 2}) {
		t.Errorf("seqs = %v, want one for each", got)
	}
}

func TestWhatAnotherVersionSaysIsMissed(t *testing.T) {
	url := testenv.Redis(t)
	r := newRedis(t, url)
	n := trusted(t, r)
	n.Follow(t.Context(), 7)
	n.await(t, "silence", func() bool { return n.inside == 0 })
	n.mu.Lock()
	before := n.missed
	n.mu.Unlock()
	if err := dial(t, url).Publish(t.Context(), r.roomChannel(7), "\x02whatever").Err(); err != nil {
		t.Fatal(err)
	}
	n.await(t, "Missed", func() bool { return n.missed > before })
	if r.Suspect() {
		t.Error("suspect, want trust")
	}
}

func TestDropsAreCounted(t *testing.T) {
	r := newRedis(t, testenv.Redis(t))
	for range outgoing + 5 { // nobody runs it
		r.Publish(wire.Envelope{Kind: wire.PresenceHint, Room: 7})
	}
	if got := testutil.ToFloat64(r.metrics.BusDropped.WithLabelValues("queue_full")); got != 5 {
		t.Errorf("dropped = %v, want 5", got)
	}
}

// proxy stands between a client and Redis.
type proxy struct {
	url    string
	target string

	mu      sync.Mutex
	refused bool
	conns   []*proxied
}

type proxied struct {
	client, server net.Conn
	deaf           atomic.Bool // nothing goes through any more, in either direction
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
		p.refuse(true)
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
	c := &proxied{client: client, server: server}
	p.mu.Lock()
	if p.refused {
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

// pipe forwards until one side closes. What a deaf connection reads is thrown away:
// the kernel still acknowledges it.
func (c *proxied) pipe(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if c.deaf.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// deafen makes the connections that there are forward nothing from now on; new
// ones work.
func (p *proxy) deafen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.deaf.Store(true)
	}
}

// refuse cuts all connections and lets no new ones in, or lets them in again.
func (p *proxy) refuse(refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = refused
	for _, c := range p.conns {
		_ = c.client.Close()
		_ = c.server.Close()
	}
	p.conns = nil
}

// BenchmarkRedis measures an event from Publish to the sink of another node.
func BenchmarkRedis(b *testing.B) {
	o, err := redis.ParseURL(testenv.Redis(b))
	if err != nil {
		b.Fatal(err)
	}
	client := redis.NewClient(o)
	defer client.Close()
	ctx, cancel := context.WithCancel(b.Context())
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	heard := make(chan struct{}, outgoing)
	speaker, listener := NewRedis(client, "a", metrics.New(), quiet()), NewRedis(client, "b", metrics.New(), quiet())
	parts.Go(func() { _ = speaker.Run(ctx, &sink{news: make(chan struct{})}) })
	parts.Go(func() { _ = listener.Run(ctx, counter(heard)) })
	for listener.Suspect() {
		time.Sleep(time.Millisecond)
	}
	listener.Follow(ctx, 7)
	frame := make([]byte, 400)
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		speaker.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: frame})
		if sent++; sent >= outgoing/2 { // never more under way than a queue holds
			<-heard
		}
	}
}

// counter is a sink that only counts.
type counter chan struct{}

func (c counter) Receive(wire.Envelope) { c <- struct{}{} }
func (c counter) Missed()               {}

// delivered returns how many probes were received and how many seconds they took.
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

func TestTheTimeOfADeliveryIsMeasuredWithItsQueues(t *testing.T) {
	began := time.Now()
	r := newRedis(t, testenv.Redis(t))
	n := trusted(t, r)
	eventually(t, "a probe", func() bool { probes, _ := delivered(t, r); return probes > 0 })
	if probes, seconds := delivered(t, r); seconds <= 0 || seconds > float64(probes)*time.Since(began).Seconds() {
		t.Errorf("%d probes took %v s, and the test %v", probes, seconds, time.Since(began))
	}

	// A hub that hangs delays what has been received.
	const hang = 300 * time.Millisecond
	block := make(chan struct{})
	n.mu.Lock()
	n.block = block
	n.mu.Unlock()
	n.Follow(t.Context(), 7)
	n.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1})
	eventually(t, "a probe in the queue", func() bool { _, received := r.Queued(); return received >= 2 })
	probes, before := delivered(t, r)
	time.Sleep(hang) // what is measured is time
	close(block)
	eventually(t, "a probe that waited", func() bool { now, _ := delivered(t, r); return now > probes })
	if _, seconds := delivered(t, r); seconds-before < hang.Seconds() {
		t.Errorf("the first probe behind a hub that hung for %v took %v s", hang, seconds-before)
	}
}
