package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"syscall"
	"time"
)

// slowShare: one of so many clients is slow.
const slowShare = 10

// maxStall is the longest time without reading. The server closes the connection of such a client when
// its queue is full, and cuts it 8 s later: a client that reads again in between receives the close code.
const maxStall = 7 * time.Second

// SlowReaders is what happened to the clients that stopped reading for a time. The latencies of the
// report are those of the other clients.
type SlowReaders struct {
	Clients  int            `json:"clients"`
	Stall    float64        `json:"stallSeconds"` // how long they did not read
	CaughtUp int            `json:"caughtUp"`     // whose connection lasted
	Closed   map[string]int `json:"closed"`       // connections that ended, by reason
	Back     int            `json:"back"`         // clients with such a connection that have joined again and received everything
	// BackAfter is the time from reading again until a client had received everything.
	BackAfter Latency `json:"backAfter"`
}

func slowReadersScenario() scenario {
	return scenario{
		name:    "slow-readers",
		summary: "one client of ten does not read for a time",
		// Not as many connections per user as allowed: the old one may still count when a client reconnects.
		defaults:     defaults{clients: 200, rooms: 2, perUser: 10, rate: 40, duration: 10 * time.Second},
		reconnects:   true,
		textLength:   1900,
		smallBuffers: true,
		steadyClients: func(o Options) int {
			return o.Clients - max(1, o.Clients/slowShare)
		},
		check: func(o Options, fault func(wrong bool, format string, args ...any)) {
			fault(o.Clients < 2, "--clients: the scenario slow-readers requires two or more")
		},
		measure: measureSlowReaders,
	}
}

// smallReceiveBuffer makes the kernel keep few bytes that the client has not read, so that the server's
// queue for a slow client is full after few messages. The others receive as many.
func smallReceiveBuffer(_, _ string, socket syscall.RawConn) error {
	const size = 16 << 10
	var failed error
	err := socket.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, size)
	})
	return errors.Join(err, failed)
}

func measureSlowReaders(ctx context.Context, r *run) error {
	slow := &slowClients{run: r, conns: r.conns[r.plan.active:], stall: min(r.For*2/3, maxStall), closed: map[string]int{}}
	r.progress("%d clients do not read for %s", len(slow.conns), slow.stall)
	for _, c := range slow.conns {
		c.reading.Lock()
	}
	var resuming sync.WaitGroup
	resuming.Go(func() {
		_ = sleep(ctx, slow.stall)
		slow.resume(ctx)
	})
	err := r.sendAll(ctx)
	resuming.Wait()
	if err != nil {
		return err
	}
	r.out.SlowReaders = slow.report()
	return r.settle(ctx)
}

// slowClients are clients that do not read for a time.
type slowClients struct {
	run   *run
	conns []*conn
	stall time.Duration
	after histogram

	mu       sync.Mutex
	caughtUp int
	closed   map[string]int
	back     int
}

// resume makes all clients read again, and returns when all of them have received everything.
func (s *slowClients) resume(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, reconnectTimeout)
	defer cancel()
	began := time.Now()
	var all sync.WaitGroup
	for _, c := range s.conns {
		c.reading.Unlock()
		all.Go(func() {
			if s.catchUp(ctx, c) {
				s.after.add(time.Since(began))
			}
		})
	}
	all.Wait()
}

// catchUp reports whether the client has received everything, if necessary on a new connection.
func (s *slowClients) catchUp(ctx context.Context, c *conn) bool {
	c.requestHead()
	err := c.await(ctx, c.pongs)
	if err == nil {
		s.mu.Lock()
		s.caughtUp++
		s.mu.Unlock()
		return true
	}
	s.mu.Lock()
	s.closed[reason(err)]++
	s.mu.Unlock()
	if c.reconnect(ctx) != nil {
		return false
	}
	s.mu.Lock()
	s.back++
	s.mu.Unlock()
	return true
}

func (s *slowClients) report() *SlowReaders {
	return &SlowReaders{
		Clients: len(s.conns), Stall: s.stall.Seconds(), CaughtUp: s.caughtUp, Closed: maps.Clone(s.closed), Back: s.back,
		BackAfter: s.after.latency(),
	}
}

func (s *SlowReaders) write(row func(format string, args ...any)) {
	row("slow\t%d clients did not read for %.1f s: %d caught up, %d were closed%s and %d of them came back",
		s.Clients, s.Stall, s.CaughtUp, sum(s.Closed), named(s.Closed), s.Back)
}

func (s *SlowReaders) latencies() []namedLatency {
	return []namedLatency{{"slow back after", s.BackAfter}}
}

func (s *SlowReaders) violations() []violation {
	return []violation{{s.Clients - s.CaughtUp - s.Back, fmt.Sprintf("slow clients not back after %s", reconnectTimeout)}}
}
