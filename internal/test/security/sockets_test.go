package security

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/client"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// closedWithin is the guarantee for one connection: it ends within 10 s after the decision to close it.
// drainedWithin is the guarantee for a node.
const (
	closedWithin  = 10 * time.Second
	drainedWithin = 30 * time.Second
)

// rawSocket is a client that can send any bytes after the upgrade.
type rawSocket struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

// smallBuffers limits the kernel's receive buffer.
var smallBuffers = net.Dialer{Timeout: 10 * time.Second, Control: func(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
}}

// rawDial opens a socket. It also returns the status of the upgrade.
func rawDial(t testing.TB, c *client.Client, more map[string]string) (*rawSocket, int) {
	t.Helper()
	addr := strings.TrimPrefix(c.Base, "http://")
	conn, err := smallBuffers.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	request := "GET /ws HTTP/1.1\r\nHost: " + addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " + c.Token + "\r\n"
	for name, value := range more {
		request += name + ": " + value + "\r\n"
	}
	s := &rawSocket{t: t, Conn: conn, in: bufio.NewReader(conn)}
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	s.send([]byte(request + "\r\n"))
	response, err := http.ReadResponse(s.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return s, response.StatusCode
}

func rawOpen(t testing.TB, c *client.Client) *rawSocket {
	t.Helper()
	s, status := rawDial(t, c, nil)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %d, want 101", status)
	}
	return s
}

func (s *rawSocket) send(data []byte) {
	s.t.Helper()
	if _, err := s.Write(data); err != nil {
		s.t.Fatal(err)
	}
}

// The opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
	finBit         = 0x80
)

// frame is a masked frame with a payload of less than 126 bytes. The mask is zero.
func frame(first byte, payload string) []byte {
	return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// hugeHead begins a text frame of 2^40 bytes.
var hugeHead = append(binary.BigEndian.AppendUint64([]byte{finBit | opText, 0x80 | 127}, 1<<40), 0, 0, 0, 0)

// closeCode reads up to the server's close frame and returns its code, or 0 if the connection ends
// without one.
func (s *rawSocket) closeCode() int {
	for {
		var head [2]byte
		if _, err := io.ReadFull(s.in, head[:]); err != nil {
			return 0
		}
		size := int64(head[1])
		switch size {
		case 126:
			var long [2]byte
			_, _ = io.ReadFull(s.in, long[:])
			size = int64(binary.BigEndian.Uint16(long[:]))
		case 127:
			var long [8]byte
			_, _ = io.ReadFull(s.in, long[:])
			size = int64(binary.BigEndian.Uint64(long[:]))
		}
		if head[0]&0xf != opClose {
			_, _ = io.CopyN(io.Discard, s.in, size)
			continue
		}
		var code [2]byte
		_, _ = io.ReadFull(s.in, code[:])
		return int(binary.BigEndian.Uint16(code[:]))
	}
}

// ended waits until the server has closed the TCP connection, without reading if the client does not
// read.
func (s *rawSocket) ended(reads bool) error {
	if reads {
		_, err := io.Copy(io.Discard, s.in)
		if errors.Is(err, syscall.ECONNRESET) {
			return nil
		}
		return err
	}
	// After the peer has closed, a write is answered with a reset, and the next one fails.
	for {
		if _, err := s.Write([]byte{0}); err != nil {
			if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
				return nil
			}
			return err
		}
		time.Sleep(100 * time.Millisecond) // slowly, as an attacker would
	}
}

// mistakes are invalid commands, more than a connection may send.
func mistakes() []byte {
	var all []byte
	for range 110 {
		all = append(all, frame(finBit|opText, "x")...)
	}
	return all
}

// closers make the server close a connection.
var closers = map[string]func(t *testing.T, c *client.Client, s *rawSocket){
	"4002": func(_ *testing.T, _ *client.Client, s *rawSocket) { s.send(mistakes()) },
	"1003": func(_ *testing.T, _ *client.Client, s *rawSocket) { s.send(frame(finBit|opBinary, "x")) },
	"4001": func(t *testing.T, c *client.Client, _ *rawSocket) {
		if err := c.Do(ctx(t), http.MethodPost, "/auth/logout", nil, nil); err != nil {
			t.Error(err)
		}
	},
}

// withholders are clients that never complete a close.
var withholders = map[string]struct {
	reads bool
	after func(s *rawSocket) // returns when the connection has ended, or immediately
}{
	"sends nothing more":                          {true, func(*rawSocket) {}},
	"sends the header of a huge frame":            {true, func(s *rawSocket) { _, _ = s.Write(hugeHead) }},
	"sends a huge frame slowly":                   {true, func(s *rawSocket) { _, _ = s.Write(hugeHead); s.drip([]byte{'x'}) }},
	"sends a huge frame slowly and reads nothing": {false, func(s *rawSocket) { _, _ = s.Write(hugeHead) }},
	"sends a huge frame as fast as it can":        {true, func(s *rawSocket) { _, _ = s.Write(hugeHead); s.pour() }},
	"begins a message and sends half a frame":     {true, func(s *rawSocket) { _, _ = s.Write(append(frame(opText, "{"), 0)) }},
	"sends whole frames slowly":                   {true, func(s *rawSocket) { s.drip(frame(finBit|opText, "x")) }},
	"sends half a header":                         {true, func(s *rawSocket) { _, _ = s.Write([]byte{finBit | opText}) }},
}

// drip sends data repeatedly and slowly until the connection is closed.
func (s *rawSocket) drip(data []byte) {
	for {
		if _, err := s.Write(data); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// pour sends without a pause until the connection is closed.
func (s *rawSocket) pour() {
	buffer := make([]byte, 64<<10)
	for {
		if _, err := s.Write(buffer); err != nil {
			return
		}
	}
}

// closesComplete closes connections whose clients try to keep them open.
func closesComplete(t *testing.T, s *target) {
	var all sync.WaitGroup
	defer all.Wait()
	number := 0
	for closer, have := range closers {
		for name, w := range withholders {
			number++
			c := s.user(t, fmt.Sprintf("withholder-%d", number))
			all.Go(func() {
				socket := rawOpen(t, c)
				if closer == "4001" { // the client must read until the close frame, so withholding comes first
					go w.after(socket)
				}
				began := time.Now()
				have(t, c, socket)
				if closer != "4001" {
					go w.after(socket)
				}
				if err := socket.ended(w.reads); err != nil {
					t.Errorf("%s, a client that %s: %v", closer, name, err)
				}
				if took := time.Since(began); took > closedWithin {
					t.Errorf("%s, a client that %s: the connection ended after %s, want at most %s", closer, name, took, closedWithin)
				}
			})
		}
	}
}

// ownNode starts a separate node for tests that would disturb others.
func ownNode(t *testing.T, more ...string) *testenv.Node {
	t.Helper()
	env := testenv.New(t)
	binary, err := env.Build(testenv.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	alone := []string{"DATABASE_URL=", "REDIS_URL=", "USE_MINIO=false", "DATA_DIR=" + t.TempDir()}
	node, err := env.Node(binary, testenv.Engines{}, append(alone, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func guest(t *testing.T, base string) *client.Client {
	t.Helper()
	c := newClient(base)
	if err := c.Guest(ctx(t), "A guest"); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDrainEnds stops a node while clients do not complete their closes, before and after the node has
// decided to close them.
func TestDrainEnds(t *testing.T) {
	t.Parallel()
	node := ownNode(t, "RATE_LIMIT_AUTH=100000")
	for _, closing := range []bool{false, true} {
		for _, w := range withholders {
			socket := rawOpen(t, guest(t, node.URL()))
			if closing {
				socket.send(mistakes())
			}
			go w.after(socket)
			if w.reads {
				go func() { _, _ = io.Copy(io.Discard, socket.in) }()
			}
		}
	}
	began := time.Now()
	if err := node.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-node.Done():
		if code := node.ExitCode(); code != 0 {
			t.Errorf("the exit code is %d, want 0:\n%s", code, node.Tail(20))
		}
		t.Logf("drained in %s", time.Since(began))
	case <-time.After(drainedWithin):
		t.Errorf("the node is still running %s after SIGTERM", drainedWithin)
	}
}

// TestRefusedSocketsCount fills an address with refused connections that do not complete their close.
func TestRefusedSocketsCount(t *testing.T) {
	t.Parallel()
	const most = 25
	node := ownNode(t, fmt.Sprintf("MAX_SOCKETS_PER_IP=%d", most), "TRUST_PROXY=127.0.0.1/32")
	c := guest(t, node.URL())
	from := map[string]string{"X-Forwarded-For": "203.0.113.7"}
	refused := 0
	for i := range most {
		socket, status := rawDial(t, c, from)
		if status != http.StatusSwitchingProtocols {
			t.Fatalf("socket %d: %d, want 101", i, status)
		}
		// A socket counts after its first frame is sent, which is after the 101.
		if _, err := socket.in.Peek(1); err != nil {
			t.Fatalf("socket %d: %v", i, err)
		}
		if i >= 20 { // beyond the limit of one user
			if code := socket.closeCode(); code != 4029 {
				t.Fatalf("socket %d is closed with %d, want 4029", i, code)
			}
			refused++
		}
	}
	if refused == 0 {
		t.Fatal("no socket was refused")
	}
	if _, status := rawDial(t, c, from); status != http.StatusTooManyRequests {
		t.Errorf("with %d sockets, some of them refused and not closed: %d, want 429", most, status)
	}
	other := map[string]string{"X-Forwarded-For": "203.0.113.8"}
	if _, status := rawDial(t, c, other); status != http.StatusSwitchingProtocols {
		t.Errorf("from another address: %d, want 101", status)
	}
}

// repeat returns data repeated that many times.
func repeat(data []byte, times int) []byte {
	all := make([]byte, 0, len(data)*times)
	for range times {
		all = append(all, data...)
	}
	return all
}

// floodsOfFrames sends frames that cost the server more than the client.
func floodsOfFrames(t *testing.T, s *target) {
	var all sync.WaitGroup
	defer all.Wait()
	for i, flood := range []struct {
		name   string
		before []byte
		frame  []byte
	}{
		{"pings", nil, frame(finBit|opPing, "")},
		{"pings with a payload", nil, frame(finBit|opPing, strings.Repeat("x", 125))},
		{"pongs", nil, frame(finBit|opPong, "")},
		{"empty fragments", frame(opText, "{"), frame(opContinuation, "")},
		{"fragments of a byte", frame(opText, "{"), frame(opContinuation, " ")},
		{"pings between fragments", frame(opText, "{"), append(frame(finBit|opPing, ""), frame(opContinuation, "")...)},
	} {
		c := s.user(t, fmt.Sprintf("flooder-%d", i))
		all.Go(func() {
			socket := rawOpen(t, c)
			go func() {
				_, _ = socket.Write(flood.before)
				for data := repeat(flood.frame, 500); ; {
					if _, err := socket.Write(data); err != nil {
						return
					}
				}
			}()
			if code := socket.closeCode(); code != 4002 {
				t.Errorf("%s: closed with %d, want 4002", flood.name, code)
			}
		})
	}
}

// busyClients send more frames than others, within the limits.
func busyClients(t *testing.T, s *target) {
	var all sync.WaitGroup
	defer all.Wait()
	ping := frame(finBit|opText, `{"id":1,"type":"ping"}`)
	for i, busy := range []struct {
		name string
		data []byte
	}{
		{"500 pings", repeat(frame(finBit|opPing, "alive?"), 500)},
		{"500 fragments", append(append(frame(opText, `{"id":1,`), repeat(frame(opContinuation, " "), 500)...), frame(finBit|opContinuation, `"type":"ping"}`)...)},
		{"500 commands", repeat(ping, 500)},
		{"500 empty messages", repeat(frame(finBit|opText, ""), 500)},
	} {
		c := s.user(t, fmt.Sprintf("busy-%d", i))
		all.Go(func() {
			socket := rawOpen(t, c)
			go func() { _, _ = socket.Write(append(busy.data, frame(finBit|opText, `{"id":7,"type":"ping"}`)...)) }()
			if err := socket.awaitID(7); err != nil {
				t.Errorf("%s: %v, want an open connection", busy.name, err)
			}
		})
	}
}

// awaitID reads up to the response with that ID.
func (s *rawSocket) awaitID(id int) error {
	for {
		line, err := s.in.ReadString('}')
		if err != nil {
			return err
		}
		if strings.Contains(line, fmt.Sprintf(`{"id":%d,`, id)) {
			return nil
		}
	}
}
