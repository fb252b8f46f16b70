package socket

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// closesWithin is longer than Close may take on a busy machine.
const closesWithin = closeTimeout + 3*time.Second

// closeOf closes s and returns how long that took.
func closeOf(s *Socket) time.Duration {
	began := time.Now()
	_ = s.Close(4002, "enough")
	return time.Since(began)
}

func TestCloseEndsForAnyPeer(t *testing.T) {
	huge := append(binary.BigEndian.AppendUint64([]byte{fin | opText, 0x80 | 127}, 1<<40), 0, 0, 0, 0)
	for name, act := range map[string]func(p *peer){
		"is silent":                                    func(*peer) {},
		"begins a huge frame":                          func(p *peer) { _, _ = p.Write(huge) },
		"sends a huge frame":                           func(p *peer) { _, _ = p.Write(huge); pour(p, make([]byte, 64<<10)) },
		"sends a huge frame slowly":                    func(p *peer) { _, _ = p.Write(huge); drip(p, []byte{0}) },
		"pings endlessly":                              func(p *peer) { pour(p, clientFrame(opPing, "")) },
		"sends messages endlessly":                     func(p *peer) { pour(p, clientFrame(opText, "x")) },
		"sends half a header":                          func(p *peer) { _, _ = p.Write([]byte{fin | opText}) },
		"sends a close frame and keeps the connection": func(p *peer) { _, _ = p.Write(clientFrame(opClose, "\x03\xe8")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, _ := pair(t, nil)
			acting := make(chan struct{})
			go func() { defer close(acting); act(p) }()
			if took := closeOf(s); took > closesWithin {
				t.Errorf("Close took %s, want at most %s", took, closesWithin)
			}
			_ = p.Close()
			<-acting
		})
	}
}

// pour sends data repeatedly until the connection is closed. drip does the same slowly.
func pour(p *peer, data []byte) {
	for _, err := p.Write(data); err == nil; {
		_, err = p.Write(data)
	}
}

func drip(p *peer, data []byte) {
	for {
		if _, err := p.Write(data); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestFloodingPeerReceivesTheCloseFrame(t *testing.T) {
	s, p, _ := pair(t, nil)
	acting := make(chan struct{})
	go func() { defer close(acting); pour(p, bytes.Repeat(clientFrame(opPing, ""), 100)) }()
	closed := make(chan error, 1)
	go func() { closed <- s.Close(4002, "enough") }()
	for {
		opcode, payload := p.frame()
		if opcode == opClose {
			if code := binary.BigEndian.Uint16(payload); code != 4002 {
				t.Errorf("closed with %d, want 4002", code)
			}
			break
		}
	}
	_ = p.Close()
	<-acting
	<-closed
}

func TestCutEndsARunningClose(t *testing.T) {
	s, p, _ := pair(t, nil)
	closed := make(chan time.Duration, 1)
	go func() { closed <- closeOf(s) }()
	if opcode, _ := p.frame(); opcode != opClose {
		t.Fatalf("opcode %x, want the close", opcode)
	}
	s.Cut()
	if took := <-closed; took >= closeTimeout {
		t.Errorf("Close took %s after Cut, want less than %s", took, closeTimeout)
	}
}

func TestCloseNowDoesNotWaitForARunningClose(t *testing.T) {
	s, p, _ := pair(t, nil)
	go func() { _ = s.Close(4002, "") }()
	p.frame()
	began := time.Now()
	_ = s.CloseNow()
	if took := time.Since(began); took >= closeTimeout {
		t.Errorf("CloseNow took %s, want less than %s", took, closeTimeout)
	}
	if _, err := io.ReadAll(p.in); err != nil && !isReset(err) {
		t.Errorf("the peer reads %v, want a closed connection", err)
	}
}

func isReset(err error) bool {
	_, ok := err.(*net.OpError) //nolint:errorlint // the type that the connection returns
	return ok
}

func TestTooManyFramesEndReading(t *testing.T) {
	for name, frame := range map[string][]byte{
		"pings": clientFrame(opPing, ""), "pongs": clientFrame(opPong, "x"), "fragments": {0x0, 0x80, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, p, received := pair(t, []byte{opText, 0x80, 0, 0, 0, 0})
			go func() { _, _ = io.Copy(io.Discard, p.in) }()
			acting := make(chan struct{})
			go func() { defer close(acting); _, _ = p.Write(bytes.Repeat(frame, 2*maxFrames)) }()
			if text, open := <-received; open {
				t.Errorf("read %q, want the stream to end", text)
			}
			_ = p.Close()
			<-acting
		})
	}
}

func TestMeterCountsFramesInAnyParts(t *testing.T) {
	random := bytes.Repeat([]byte{'x'}, 70_000)
	masked := func(first byte, size int) []byte {
		var head []byte
		switch {
		case size < 126:
			head = []byte{first, 0x80 | byte(size)}
		case size < 1<<16:
			head = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(size))
		default:
			head = binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(size))
		}
		return append(append(head, 1, 2, 3, 4), random[:size]...)
	}
	var stream []byte
	sizes := []int{0, 1, 125, 126, 127, 65535, 65536, 0, 0}
	for _, size := range sizes {
		stream = append(stream, masked(fin|opText, size)...)
	}
	for _, part := range []int{1, 2, 3, 7, 512, len(stream)} {
		var m frameMeter
		now := time.Now()
		for rest := stream; len(rest) > 0; {
			n := min(part, len(rest))
			m.add(rest[:n], now)
			rest = rest[n:]
		}
		if m.count != len(sizes) || m.flooded || m.closed {
			t.Errorf("in parts of %d: %d frames, flooded %t, closed %t, want %d, false and false", part, m.count, m.flooded, m.closed, len(sizes))
		}
		m.add(masked(fin|opClose, 2), now)
		if !m.closed {
			t.Errorf("in parts of %d: the close frame was not detected", part)
		}
	}
}

func TestMeterResetsAfterAWindow(t *testing.T) {
	var m frameMeter
	now := time.Now()
	for range 10 {
		m.add(bytes.Repeat(clientFrame(opPing, ""), maxFrames), now)
		now = now.Add(frameWindow)
	}
	if m.flooded {
		t.Error("flooded with the allowed number of frames in each window")
	}
	m.add(bytes.Repeat(clientFrame(opPing, ""), maxFrames+1), now)
	if !m.flooded {
		t.Error("not flooded with one more frame")
	}
}

// unmasked is a text frame that a client must not send.
var unmasked = []byte{fin | opText, 1, 'x'}

func TestReadErrorsRequestAClose(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		code websocket.StatusCode
	}{
		"an opcode that is reserved":         {clientFrame(0x3, "payload"), websocket.StatusProtocolError},
		"a frame without a mask":             {unmasked, websocket.StatusProtocolError},
		"a length of 2^63":                   {[]byte{fin | opText, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, websocket.StatusProtocolError},
		"a close frame":                      {clientFrame(opClose, "\x03\xe8bye"), websocket.StatusNormalClosure},
		"a close frame without a code":       {clientFrame(opClose, ""), websocket.StatusNoStatusRcvd},
		"a close frame with invalid UTF-8":   {clientFrame(opClose, "\x03\xe8\xff"), websocket.StatusInvalidFramePayloadData},
		"a close frame with an invalid code": {clientFrame(opClose, "\x03\xe7"), websocket.StatusProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, received := pair(t, nil)
			p.write(c.data)
			if text, open := <-received; open {
				t.Fatalf("read %q, want an error", text)
			}
			code, reason := s.RequestedClose()
			if code != c.code {
				t.Fatalf("the requested close is %d %q, want %d", code, reason, c.code)
			}
			if err := s.Send(AppendText(nil, [][]byte{[]byte("queued")}), time.Second); err != nil {
				t.Fatal(err)
			}
			closed := make(chan error, 1)
			go func() { closed <- s.Close(code, reason) }()
			p.wantFrames([][]byte{[]byte("queued")})
			opcode, payload := p.frame()
			want := appendClose(nil, code, reason)[2:]
			if opcode != opClose || !bytes.Equal(payload, want) {
				t.Errorf("opcode %x %q, want the close %q", opcode, payload, want)
			}
			_ = p.Close()
			<-closed
			if err := s.Send(AppendText(nil, [][]byte{[]byte("late")}), time.Second); err == nil {
				t.Error("sent after the close frame")
			}
		})
	}
}

func TestLostConnectionRequestsNoClose(t *testing.T) {
	s, p, received := pair(t, nil)
	_ = p.Close()
	<-received
	if code, reason := s.RequestedClose(); code != 0 {
		t.Errorf("the requested close is %d %q, want none", code, reason)
	}
}

func TestCloseEndsAtThePeersCloseFrame(t *testing.T) {
	s, p, received := pair(t, nil)
	p.write(clientFrame(0x3, "\x81\x7e")) // the library takes the payload for the header of a frame
	<-received
	code, reason := s.RequestedClose()
	closed := make(chan time.Duration, 1)
	go func() {
		began := time.Now()
		_ = s.Close(code, reason)
		closed <- time.Since(began)
	}()
	p.frame()
	p.write(clientFrame(opClose, "\x03\xea"))
	if took := <-closed; took >= closeTimeout {
		t.Errorf("Close took %s, want less than %s", took, closeTimeout)
	}
}
