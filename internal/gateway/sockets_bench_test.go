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

// benchClientsEnv is an environment variable with the address, the number of connections
// and the number of events per round. If it is set, the test binary runs clients instead of
// tests.
const benchClientsEnv = "CHILLIN_BENCH_CLIENTS"

// runBenchClients runs clients in a process of their own, so that their reading does not
// count as work of the server. They connect and read; after each round it prints the number
// of frames.
func runBenchClients(config string) {
	var addr string
	var conns, round int64
	if _, err := fmt.Sscan(config, &addr, &conns, &round); err != nil {
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
				n, err := readEvents(in)
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

// readEvents reads a frame and returns the number of its lines.
func readEvents(in *bufio.Reader) (n int64, err error) {
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

// clients is a process of runBenchClients, as the server uses it.
type clients struct {
	b      *testing.B
	output *bufio.Scanner
	frames int
}

// startClients starts conns clients of handler.
func startClients(b *testing.B, conns, round int, handler http.HandlerFunc) *clients {
	b.Helper()
	server := httptest.NewServer(handler)
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", benchClientsEnv, server.Listener.Addr(), conns, round))
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
	c := &clients{b: b, output: bufio.NewScanner(out)}
	if c.next() != "ready" {
		b.Fatal("the clients did not connect")
	}
	return c
}

func (c *clients) next() string {
	if !c.output.Scan() {
		c.b.Fatal("the clients have ended")
	}
	return c.output.Text()
}

// waitRound waits until all clients have received the events of the round.
func (c *clients) waitRound() {
	n, err := strconv.Atoi(c.next())
	if err != nil {
		c.b.Fatal(err)
	}
	c.frames += n
}

// cpuTime returns the processor time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// accepted collects the connections that handlers have accepted.
type accepted[T any] struct {
	mu  sync.Mutex
	all []T
}

func (a *accepted[T]) add(conn T) { a.mu.Lock(); defer a.mu.Unlock(); a.all = append(a.all, conn) }

// benchRoom is a room without a store, in which every connection has a live subscription.
type benchRoom struct {
	hub  *Hub
	room *room
}

func newBenchRoom() *benchRoom {
	h := NewHub(Deps{
		Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewRegistry()),
		Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	})
	return &benchRoom{hub: h, room: newRoom(h, 1)}
}

// accept accepts a connection and serves it in a goroutine as Server does.
func (h *benchRoom) accept(w http.ResponseWriter, r *http.Request) {
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
		c.endAndWait()
		h.hub.remove(c)
	}()
}

func (h *benchRoom) close() {
	for _, c := range h.hub.allConns() {
		_ = c.socket.CloseNow()
	}
	h.hub.sockets.Wait()
	h.hub.cancel()
}

// message returns an event of typical size.
func message() []byte {
	return fmt.Appendf(nil, `{"type":"message:new","data":{"roomId":1,"seq":1,"message":{"text":%q}}}`, strings.Repeat("x", 78))
}

// BenchmarkDelivery compares the processor time of the server per event and connection,
// with 1,000 connections: of write(2) alone, of the library's Write with a timeout, of a
// socket alone, and of the whole delivery from the room. One event is sent at a time, so
// that no client reads two at once.
func BenchmarkDelivery(b *testing.B) {
	const conns = 1000
	payload := message()
	frame := socket.AppendText(nil, [][]byte{payload})
	var (
		fds       accepted[int]
		libraries accepted[*websocket.Conn]
		sockets   accepted[*socket.Socket]
	)
	done := make(chan struct{})
	b.Cleanup(func() { close(done) })
	h := newBenchRoom()
	ways := []*struct {
		name    string
		handle  http.HandlerFunc
		send    func()
		clients *clients
		cpu     time.Duration
	}{
		{name: "write(2)", handle: func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(fdTaker{w, &fds}, r, nil)
			if err != nil {
				return
			}
			go func() { <-done; _ = ws.CloseNow() }()
		}, send: func() {
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
		}, send: func() {
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
		}, send: func() {
			for _, s := range sockets.all {
				if n, err := s.TrySend(frame); n != len(frame) {
					b.Fatal(n, err)
				}
			}
		}},
		{name: "room", handle: h.accept, send: func() { h.room.broadcast(payload) }},
	}
	b.Cleanup(h.close)
	for _, way := range ways {
		var pending sync.WaitGroup
		pending.Add(conns)
		way.clients = startClients(b, conns, conns, func(w http.ResponseWriter, r *http.Request) {
			defer pending.Done()
			way.handle(w, r)
		})
		pending.Wait()
	}
	runtime.GC()
	rounds := 0
	for b.Loop() {
		for _, way := range ways {
			began := cpuTime()
			way.send()
			way.clients.waitRound()
			way.cpu += cpuTime() - began
		}
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	for _, way := range ways {
		b.ReportMetric(float64(way.cpu.Nanoseconds())/1000/float64(rounds*conns), "µs-"+way.name)
		if way != ways[0] {
			b.ReportMetric(way.cpu.Seconds()/ways[0].cpu.Seconds(), way.name+"/write(2)")
		}
	}
	b.ReportMetric(float64(ways[3].clients.frames)/float64(rounds*conns), "frames/delivery")
	for _, ws := range libraries.all {
		_ = ws.CloseNow()
	}
	for _, s := range sockets.all {
		_ = s.CloseNow()
	}
}

// BenchmarkHotRoom measures the cost of a delivery and the frames per delivery in a room of
// 1,000 connections at increasing rates of events. Events that wait together are sent in
// one frame.
func BenchmarkHotRoom(b *testing.B) {
	const conns, events = 1000, 200
	for _, rate := range []int{20, 100, 200, 400, 800, 1600} {
		b.Run(fmt.Sprint(rate, "/s"), func(b *testing.B) {
			h, payload := newBenchRoom(), message()
			b.Cleanup(h.close)
			clients := startClients(b, conns, conns*events, h.accept)
			eventually(b, "the clients", func() bool { return len(h.hub.allConns()) == conns })
			runtime.GC()
			rounds, cost, took := 0, time.Duration(0), time.Duration(0)
			for b.Loop() {
				began, cpu := time.Now(), cpuTime()
				for i := range events {
					time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
					h.room.broadcast(payload)
				}
				clients.waitRound()
				cost, took = cost+cpuTime()-cpu, took+time.Since(began)
				rounds++
			}
			b.ReportMetric(0, "ns/op")
			deliveries := float64(rounds * events * conns)
			b.ReportMetric(float64(cost.Nanoseconds())/1000/deliveries, "µs/delivery")
			b.ReportMetric(float64(clients.frames)/deliveries, "frames/delivery")
			b.ReportMetric(deliveries/took.Seconds(), "deliveries/s")
		})
	}
}

// fdTaker records the file descriptors of hijacked connections.
type fdTaker struct {
	http.ResponseWriter
	fds *accepted[int]
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

// BenchmarkIdle measures the memory of the process per idle connection, with 2,000
// connections: of the library's usual use, with a handler that reads and a goroutine that
// writes, and of a connection with a subscription.
func BenchmarkIdle(b *testing.B) {
	const conns = 2000
	var library, ours float64
	rounds := 0
	for b.Loop() {
		done := make(chan struct{})
		library += memoryPerConn(b, conns, func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			go func() { <-done; _ = ws.CloseNow() }()
			_, _, _ = ws.Read(context.Background())
		}, func() { close(done) })
		h := newBenchRoom()
		ours += memoryPerConn(b, conns, h.accept, h.close)
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(library/float64(rounds), "B/conn-library")
	b.ReportMetric(ours/float64(rounds), "B/conn-ours")
	b.ReportMetric(ours/library, "ours/library")
}

// memoryPerConn returns how many bytes of memory each connection takes.
func memoryPerConn(b *testing.B, conns int, handle http.HandlerFunc, end func()) float64 {
	b.Helper()
	before := resident(b)
	startClients(b, conns, 1, handle)
	after := resident(b)
	end()
	return float64(after-before) / float64(conns)
}

// resident returns the resident memory of this process, in bytes, after garbage collection.
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
