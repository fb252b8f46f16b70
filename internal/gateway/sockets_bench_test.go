package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/cache"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/socket"
)

// audienceOf names the address, how many connections and how many events a round; with
// it in its environment the test's own program is an audience, and no test.
const audienceOf = "CHILLIN_AUDIENCE"

// audience is clients in a process of their own, so that reading is not counted as
// the server's work. It connects, reads whatever comes, and says when a round is in.
func audience(what string) {
	var addr string
	var conns, round int64
	if _, err := fmt.Sscan(what, &addr, &conns, &round); err != nil {
		panic(err)
	}
	var events, frames atomic.Int64
	for range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			panic(err)
		}
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		if err != nil {
			panic(err)
		}
		if _, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil); err != nil {
			panic(err)
		}
		go func() {
			for in := bufio.NewReaderSize(conn, 16<<10); ; {
				n, err := eventsOf(in)
				if err != nil {
					return
				}
				frames.Add(1)
				if events.Add(n)%round == 0 {
					fmt.Println(frames.Swap(0))
				}
			}
		}()
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the benchmark ends
}

// eventsOf reads a frame and counts its lines.
func eventsOf(in *bufio.Reader) (n int64, err error) {
	head, err := in.Peek(10)
	if err != nil {
		return 0, err
	}
	size, header := int(head[1]), 2
	switch size {
	case 126:
		size, header = int(binary.BigEndian.Uint16(head[2:])), 4
	case 127:
		size, header = int(binary.BigEndian.Uint64(head[2:])), 10
	}
	if _, err := in.Discard(header); err != nil {
		return 0, err
	}
	for n = 1; size > 0; {
		part, err := in.Peek(min(size, 1024))
		if err != nil {
			return 0, err
		}
		n += int64(bytes.Count(part, []byte{'\n'}))
		_, _ = in.Discard(len(part))
		size -= len(part)
	}
	return n, nil
}

// crowd is an audience, seen from the server.
type crowd struct {
	b      *testing.B
	said   *bufio.Scanner
	frames int
}

// gather starts an audience of conns that is served by handler.
func gather(b *testing.B, conns, round int, handler http.HandlerFunc) *crowd {
	b.Helper()
	server := httptest.NewServer(handler)
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", audienceOf, server.Listener.Addr(), conns, round))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait(); server.Close() })
	c := &crowd{b: b, said: bufio.NewScanner(out)}
	if c.next() != "ready" {
		b.Fatal("the audience did not come")
	}
	return c
}

func (c *crowd) next() string {
	if !c.said.Scan() {
		c.b.Fatal("the audience is gone")
	}
	return c.said.Text()
}

// all waits until everybody has the round.
func (c *crowd) all() {
	n, err := strconv.Atoi(c.next())
	if err != nil {
		c.b.Fatal(err)
	}
	c.frames += n
}

// spent is the processor time of this process so far.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ears collects what handlers accepted, until conns have come.
type ears[T any] struct {
	mu  sync.Mutex
	all []T
}

func (e *ears[T]) add(one T) { e.mu.Lock(); defer e.mu.Unlock(); e.all = append(e.all, one) }

// hall is a room without a store, in which everybody who connects sits live.
type hall struct {
	hub  *Hub
	room *room
}

func newHall() *hall {
	h := NewHub(Deps{
		Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewBoard()),
		Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	})
	return &hall{hub: h, room: newRoom(h, 1)}
}

// seat lets one in, and serves it in a goroutine as Server does.
func (h *hall) seat(w http.ResponseWriter, r *http.Request) {
	s, err := socket.Accept(w, r, websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	h.hub.mu.Lock()
	user := chat.UserID(len(h.hub.conns) + 1)
	h.hub.mu.Unlock()
	c := newConn(h.hub, nil, s, chat.Caller{User: chat.User{ID: user}}, "c")
	h.hub.add(c)
	h.room.addSub(c)
	h.room.mu.Lock()
	h.room.subs[c].live = true
	h.room.mu.Unlock()
	c.rooms[1] = h.room
	go func() {
		c.read(context.Background())
		c.queue.end()
		c.written.Wait()
		h.hub.remove(c)
	}()
}

func (h *hall) close() {
	for _, c := range h.hub.allConns() {
		_ = c.socket.CloseNow()
	}
	h.hub.sockets.Wait()
	h.hub.cancel()
}

// message is an event as large as most are.
func message() []byte {
	return fmt.Appendf(nil, `{"type":"message:new","data":{"roomId":1,"seq":1,"message":{"text":%q}}}`, strings.Repeat("x", 78))
}

// BenchmarkDelivery compares what an event costs for each of 1,000 connections in
// processor time of the server: with a bare write(2) and nothing else, as the
// library's Write does it with the bound of a write, by a socket alone, and on the
// whole way from the room. One event is under way at a time, so that nobody reads two
// at once.
func BenchmarkDelivery(b *testing.B) {
	const conns = 1000
	payload := message()
	frame := socket.AppendText(nil, [][]byte{payload})
	var (
		fds       ears[int]
		libraries ears[*websocket.Conn]
		sockets   ears[*socket.Socket]
	)
	stays := make(chan struct{})
	b.Cleanup(func() { close(stays) })
	h := newHall()
	ways := []*struct {
		name   string
		handle http.HandlerFunc
		tell   func()
		crowd  *crowd
		spent  time.Duration
	}{
		{name: "write(2)", handle: func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(fdTaker{w, &fds}, r, nil)
			if err != nil {
				return
			}
			go func() { <-stays; _ = ws.CloseNow() }()
		}, tell: func() {
			for _, fd := range fds.all {
				if n, err := syscall.Write(fd, frame); n != len(frame) {
					b.Fatal(n, err)
				}
			}
		}},
		{name: "library", handle: func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			libraries.add(ws)
			go func() { _, _, _ = ws.Read(context.Background()) }()
		}, tell: func() {
			for _, ws := range libraries.all {
				ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
				if err := ws.Write(ctx, websocket.MessageText, payload); err != nil {
					b.Fatal(err)
				}
				cancel()
			}
		}},
		{name: "socket", handle: func(w http.ResponseWriter, r *http.Request) {
			s, err := socket.Accept(w, r, websocket.AcceptOptions{})
			if err != nil {
				return
			}
			sockets.add(s)
			go func() { _, _, _ = s.Reader(context.Background()) }()
		}, tell: func() {
			for _, s := range sockets.all {
				if n, err := s.TrySend(frame); n != len(frame) {
					b.Fatal(n, err)
				}
			}
		}},
		{name: "room", handle: h.seat, tell: func() { h.room.broadcast(payload) }},
	}
	b.Cleanup(h.close)
	for _, way := range ways {
		var accepted sync.WaitGroup
		accepted.Add(conns)
		way.crowd = gather(b, conns, conns, func(w http.ResponseWriter, r *http.Request) {
			defer accepted.Done()
			way.handle(w, r)
		})
		accepted.Wait()
	}
	runtime.GC()
	rounds := 0
	for b.Loop() {
		for _, way := range ways {
			began := spent()
			way.tell()
			way.crowd.all()
			way.spent += spent() - began
		}
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	for _, way := range ways {
		b.ReportMetric(float64(way.spent.Nanoseconds())/1000/float64(rounds*conns), "µs-"+way.name)
		if way != ways[0] {
			b.ReportMetric(way.spent.Seconds()/ways[0].spent.Seconds(), way.name+"/write(2)")
		}
	}
	b.ReportMetric(float64(ways[3].crowd.frames)/float64(rounds*conns), "frames/delivery")
	for _, ws := range libraries.all {
		_ = ws.CloseNow()
	}
	for _, s := range sockets.all {
		_ = s.CloseNow()
	}
}

// BenchmarkHotRoom tells what a delivery costs in a room of 1,000 in which ever more
// happens in a second, and how many frames it takes: what waits together goes
// together.
func BenchmarkHotRoom(b *testing.B) {
	const conns, events = 1000, 200
	for _, rate := range []int{20, 100, 200, 400, 800, 1600} {
		b.Run(fmt.Sprint(rate, "/s"), func(b *testing.B) {
			h, payload := newHall(), message()
			b.Cleanup(h.close)
			crowd := gather(b, conns, conns*events, h.seat)
			eventually(b, "the crowd", func() bool { return len(h.hub.allConns()) == conns })
			runtime.GC()
			rounds, cost, took := 0, time.Duration(0), time.Duration(0)
			for b.Loop() {
				began, cpu := time.Now(), spent()
				for i := range events {
					time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
					h.room.broadcast(payload)
				}
				crowd.all()
				cost, took = cost+spent()-cpu, took+time.Since(began)
				rounds++
			}
			b.ReportMetric(0, "ns/op")
			deliveries := float64(rounds * events * conns)
			b.ReportMetric(float64(cost.Nanoseconds())/1000/deliveries, "µs/delivery")
			b.ReportMetric(float64(crowd.frames)/deliveries, "frames/delivery")
			b.ReportMetric(deliveries/took.Seconds(), "deliveries/s")
		})
	}
}

// fdTaker notes the descriptors of what is hijacked.
type fdTaker struct {
	http.ResponseWriter
	fds *ears[int]
}

func (t fdTaker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { t.fds.add(int(fd)) })
	}
	return conn, rw, err
}

// BenchmarkIdle tells how much memory of the process one of 2,000 connections holds
// that say and hear nothing: as the library is used by default, with a handler that
// reads and a goroutine that writes, and as they subscribe in a room here.
func BenchmarkIdle(b *testing.B) {
	const conns = 2000
	var library, ours float64
	rounds := 0
	for b.Loop() {
		stays := make(chan struct{})
		library += held(b, conns, func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			go func() { <-stays; _ = ws.CloseNow() }()
			_, _, _ = ws.Read(context.Background())
		}, func() { close(stays) })
		h := newHall()
		ours += held(b, conns, h.seat, h.close)
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(library/float64(rounds), "B/conn-library")
	b.ReportMetric(ours/float64(rounds), "B/conn-ours")
	b.ReportMetric(ours/library, "ours/library")
}

// held returns how many bytes of memory each connection takes.
func held(b *testing.B, conns int, handle http.HandlerFunc, end func()) float64 {
	b.Helper()
	before := resident(b)
	gather(b, conns, 1, handle)
	after := resident(b)
	end()
	return float64(after-before) / float64(conns)
}

// resident is how much memory this process has after what is garbage is gone.
func resident(b *testing.B) int {
	b.Helper()
	for range 3 { // a goroutine's stack shrinks by half each time
		runtime.GC()
	}
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(data)[1]))
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
