package socket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is a client at the byte level.
type peer struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

const upgrade = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// narrow has a small receive buffer.
var narrow = net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
}}

// pair returns both ends of a connection. The client sends early together with its request. Its
// messages are received from the channel.
func pair(t testing.TB, early []byte) (*Socket, *peer, <-chan string) {
	t.Helper()
	sockets := make(chan *Socket, 1)
	server := httptest.NewServer(accepting(t, sockets))
	t.Cleanup(server.Close)
	conn, err := narrow.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return begin(t, conn, sockets, early)
}

func accepting(t testing.TB, sockets chan<- *Socket) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := Accept(w, r, websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			close(sockets)
			return
		}
		sockets <- s
	})
}

func begin(t testing.TB, conn net.Conn, sockets <-chan *Socket, early []byte) (*Socket, *peer, <-chan string) {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	p := &peer{t: t, Conn: conn, in: bufio.NewReader(conn)}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	p.write(append([]byte(upgrade), early...))
	answer, err := http.ReadResponse(p.in, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", answer, err)
	}
	s := <-sockets
	received, ended := make(chan string, 16), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(received)
		for {
			_, r, err := s.Reader(context.Background())
			if err != nil {
				return
			}
			text, err := io.ReadAll(r)
			if err != nil {
				return
			}
			received <- string(text)
		}
	}()
	t.Cleanup(func() { _ = s.CloseNow(); <-ended })
	return s, p, received
}

func (p *peer) write(data []byte) {
	p.t.Helper()
	if _, err := p.Write(data); err != nil {
		p.t.Fatal(err)
	}
}

// clientFrame returns a client frame, masked with zeros.
func clientFrame(opcode byte, text string) []byte {
	return append([]byte{fin | opcode, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
}

// frame reads one frame. It fails the test if there is none.
func (p *peer) frame() (opcode byte, payload []byte) {
	p.t.Helper()
	opcode, payload, err := readFrame(p.in)
	if err != nil {
		p.t.Fatal(err)
	}
	return opcode, payload
}

// readFrame reads a server frame, strictly following RFC 6455.
func readFrame(r io.Reader) (opcode byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	opcode = head[0] & opcodeBits
	if head[0]&^opcodeBits != fin || head[1]&0x80 != 0 || opcode != opText && opcode != opClose && opcode != opPing && opcode != opPong {
		return 0, nil, fmt.Errorf("invalid frame header %x", head[:2])
	}
	size := uint64(head[1])
	switch size {
	case 126:
		_, err = io.ReadFull(r, head[:2])
		size = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(r, head[:8])
		size = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, nil, err
	}
	if size > 64<<20 {
		return 0, nil, fmt.Errorf("frame of %d bytes", size)
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	return opcode, payload, err
}

const opPong = 0xa

// line returns a text of n bytes that is unique for its seed.
func line(n int, seed uint64) []byte {
	random, text := rand.New(rand.NewPCG(seed, 2)), make([]byte, n)
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
	}
	return text
}

// fillUntilPartialWrite sends until a frame is partially accepted. It returns what the client must read in total, and
// how many bytes of it were sent.
func fillUntilPartialWrite(t *testing.T, s *Socket) (want [][]byte, out int) {
	t.Helper()
	for seed := range uint64(1000) {
		text := line(100_000, seed)
		frame := AppendText(nil, [][]byte{text})
		n, err := s.TrySend(frame)
		switch {
		case err != nil:
			t.Fatal(err)
		case n == 0:
			continue // exactly full: the next write may be partial
		}
		want, out = append(want, text), out+n
		if n < len(frame) {
			return want, out
		}
	}
	t.Fatal("the kernel accepts everything")
	return nil, 0
}

func (p *peer) wantFrames(want [][]byte) {
	p.t.Helper()
	for i, text := range want {
		if opcode, got := p.frame(); opcode != opText || !bytes.Equal(got, text) {
			p.t.Fatalf("frame %d: opcode %x, %d bytes, which are not the %d that were sent", i, opcode, len(got), len(text))
		}
	}
}

func TestControlFrameWaitsForAPartialFrame(t *testing.T) {
	s, p, _ := pair(t, nil)
	want, _ := fillUntilPartialWrite(t, s)
	p.write(clientFrame(opPing, "alive?")) // its pong is due in the middle of a frame
	p.wantFrames(want)
	if opcode, got := p.frame(); opcode != opPong || string(got) != "alive?" {
		t.Fatalf("after the data: opcode %x %q, want the pong", opcode, got)
	}
}

func TestTrySendDoesNothingAfterAPartialFrame(t *testing.T) {
	s, p, _ := pair(t, nil)
	want, out := fillUntilPartialWrite(t, s)
	begun := make([]byte, out)
	if _, err := io.ReadFull(p.in, begun); err != nil {
		t.Fatal(err)
	}
	// Now there is space.
	s.Ping()
	if n, err := s.TrySend(AppendText(nil, [][]byte{[]byte("more")})); n != 0 || err != nil {
		t.Errorf("sent %d bytes into another frame (%v)", n, err)
	}
	if err := s.Send(AppendText(nil, [][]byte{[]byte("next")}), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	p.in = bufio.NewReader(io.MultiReader(bytes.NewReader(begun), p.in))
	p.wantFrames(append(want, []byte("next")))
}

func TestCloseWaitsForAPartialFrame(t *testing.T) {
	s, p, _ := pair(t, nil)
	want, _ := fillUntilPartialWrite(t, s)
	closed := make(chan error, 1)
	go func() { closed <- s.Close(websocket.StatusGoingAway, "bye") }()
	p.wantFrames(want)
	opcode, got := p.frame()
	if opcode != opClose || binary.BigEndian.Uint16(got) != uint16(websocket.StatusGoingAway) {
		t.Fatalf("after the data: opcode %x %q, want the close", opcode, got)
	}
	p.write(clientFrame(opClose, string(got)))
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
}

func TestNoDataAfterClose(t *testing.T) {
	for name, send := range map[string]func(*Socket, []byte) error{
		"that tries": func(s *Socket, frame []byte) error {
			for {
				if n, err := s.TrySend(frame); n > 0 || err != nil {
					return err
				}
			}
		},
		"that waits": func(s *Socket, frame []byte) error { return s.Send(frame, time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			s, p, _ := pair(t, nil)
			closed := make(chan error, 1)
			go func() { closed <- s.Close(websocket.StatusGoingAway, "") }()
			_, payload := p.frame() // the close frame, not answered yet
			if err := send(s, AppendText(nil, [][]byte{[]byte("late")})); !errors.Is(err, net.ErrClosed) {
				t.Errorf("err = %v, want %v", err, net.ErrClosed)
			}
			s.Ping()
			p.write(clientFrame(opClose, string(payload)))
			if rest, err := io.ReadAll(p.in); len(rest) > 0 || err != nil {
				t.Errorf("after the close came %q, %v", rest, err)
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPartialWritesAreCompleted(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s, p, _ := pair(t, nil)
			const frames = 150
			size := func(i uint64) int { return rand.New(rand.NewPCG(seed, i)).IntN(60_000) }
			sent := make(chan int, 1)
			go func() {
				begun := 0 // frames that the kernel accepted partially
				for i := range uint64(frames) {
					frame := AppendText(nil, [][]byte{line(size(i), i)})
					n, err := s.TrySend(frame)
					if n > 0 && n < len(frame) {
						begun++
						err = s.Send(nil, 10*time.Second)
					} else if n == 0 && err == nil {
						err = s.Send(frame, 10*time.Second)
					}
					if err != nil {
						t.Error(err)
					}
					if i%7 == 0 {
						s.Ping()
					}
				}
				sent <- begun
			}()
			for i := uint64(0); i < frames; {
				opcode, got := p.frame()
				switch {
				case opcode == opPing && len(got) == 0:
				case opcode == opText && bytes.Equal(got, line(size(i), i)):
					i++
				default:
					t.Fatalf("instead of frame %d: opcode %x, %d bytes", i, opcode, len(got))
				}
			}
			if begun := <-sent; begun == 0 {
				t.Error("no frame was accepted partially: the case was not tested")
			}
		})
	}
}

func TestStalledPeerTimesOut(t *testing.T) {
	s, _, _ := pair(t, nil)
	_, _ = fillUntilPartialWrite(t, s)
	var late net.Error
	if err := s.Send(nil, 50*time.Millisecond); !errors.As(err, &late) || !late.Timeout() {
		t.Fatalf("err = %v, want a timeout", err)
	}
	// Half a frame was sent: further data would be taken for the rest of it.
	if _, err := s.TrySend(AppendText(nil, [][]byte{[]byte("more")})); err == nil {
		t.Error("sent after an incomplete frame")
	}
	if err := s.Send(nil, time.Second); err == nil {
		t.Error("sent after an incomplete frame")
	}
}

func TestTimeoutAppliesPerFrame(t *testing.T) {
	s, p, _ := pair(t, nil)
	const timeout = 200 * time.Millisecond
	if err := s.Send(AppendText(nil, [][]byte{[]byte("one")}), timeout); err != nil {
		t.Fatal(err)
	}
	p.frame()
	<-time.After(timeout + 50*time.Millisecond) // the deadline of the first frame has passed
	if n, err := s.TrySend(AppendText(nil, [][]byte{[]byte("two")})); n == 0 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	p.frame()
}

func TestDataSentWithTheRequestIsRead(t *testing.T) {
	_, _, received := pair(t, append(clientFrame(opText, "first"), clientFrame(opText, "second")...))
	for _, want := range []string{"first", "second"} {
		if got := <-received; got != want {
			t.Fatalf("read %q, want %q", got, want)
		}
	}
}

func TestPongUpdatesLastRead(t *testing.T) {
	s, p, received := pair(t, nil)
	before := s.LastRead()
	if time.Since(before) > time.Minute {
		t.Fatalf("last read at %v, want the time of the upgrade", before)
	}
	s.Ping()
	if opcode, payload := p.frame(); opcode != opPing || len(payload) != 0 {
		t.Fatalf("opcode %x %q, want a ping", opcode, payload)
	}
	p.write(append(clientFrame(opPong, ""), clientFrame(opText, "done")...))
	<-received
	if !s.LastRead().After(before) {
		t.Error("the pong did not update LastRead")
	}
}

// pipes are connections that are not TCP.
type pipes chan net.Conn

func (l pipes) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (l pipes) Close() error   { return nil }
func (l pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestConnectionsOtherThanTCP(t *testing.T) {
	listener, sockets := make(pipes, 1), make(chan *Socket, 1)
	server := &http.Server{Handler: accepting(t, sockets), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { close(listener); <-served; _ = server.Close() })
	near, far := net.Pipe()
	listener <- far
	s, p, received := begin(t, near, sockets, nil)
	p.write(clientFrame(opText, "hello"))
	if got := <-received; got != "hello" {
		t.Fatalf("read %q", got)
	}
	frame := AppendText(nil, [][]byte{[]byte("one"), []byte("two")})
	if n, err := s.TrySend(frame); n != 0 || err != nil {
		t.Fatalf("tried to send %d, %v; a pipe accepts nothing immediately", n, err)
	}
	sent := make(chan error, 1)
	go func() { sent <- s.Send(frame, time.Second) }()
	if opcode, got := p.frame(); opcode != opText || string(got) != "one\ntwo" {
		t.Fatalf("read %x %q", opcode, got)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

func TestOtherClientsCanReadOurFrames(t *testing.T) {
	sockets := make(chan *Socket, 1)
	server := httptest.NewServer(accepting(t, sockets))
	defer server.Close()
	client, _, err := websocket.Dial(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseNow()
	client.SetReadLimit(-1)
	s := <-sockets
	defer s.CloseNow()
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, maxMessage + 1} {
		want := line(size, 1)
		go func() {
			if err := s.Send(AppendText(nil, [][]byte{want}), 10*time.Second); err != nil {
				t.Error(err)
			}
		}()
		kind, got, err := client.Read(t.Context())
		if err != nil || kind != websocket.MessageText || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: read %v, %d bytes, %v", size, kind, len(got), err)
		}
	}
}

// FuzzAppendText joins lines into frames and splits them again.
func FuzzAppendText(f *testing.F) {
	f.Add("a\nb\nc", 1)
	f.Add("", 3)
	f.Add(strings.Repeat("x", 125)+"\n"+strings.Repeat("y", 126), 700)
	f.Fuzz(func(t *testing.T, text string, times int) {
		times = min(max(times, 1), 1000)
		lines := bytes.Split(bytes.Repeat(append([]byte(text), '\n'), times), []byte{'\n'})
		frames := bytes.NewReader(AppendText(nil, lines))
		var read [][]byte
		for frames.Len() > 0 {
			opcode, payload, err := readFrame(frames)
			if err != nil || opcode != opText {
				t.Fatalf("opcode %x, %v", opcode, err)
			}
			together := bytes.Split(payload, []byte{'\n'})
			if len(payload) > maxMessage && len(together) > 1 {
				t.Fatalf("a frame of %d bytes with %d lines", len(payload), len(together))
			}
			read = append(read, together...)
		}
		if got, want := bytes.Join(read, []byte{'\n'}), bytes.Join(lines, []byte{'\n'}); !bytes.Equal(got, want) {
			t.Fatalf("%d lines of %d bytes became %d lines of %d bytes", len(lines), len(want), len(read), len(got))
		}
	})
}
