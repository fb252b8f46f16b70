package socket

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// closesWithin is longer than Close may take, on a busy machine.
const closesWithin = closeTimeout + 3*time.Second

// closeOf closes s and returns how long that took.
func closeOf(s *Socket) time.Duration {
	began := time.Now()
	_ = s.Close(4002, "enough")
	return time.Since(began)
}

func TestCloseEndsWhateverThePeerDoes(t *testing.T) {
	huge := append(binary.BigEndian.AppendUint64([]byte{fin | opText, 0x80 | 127}, 1<<40), 0, 0, 0, 0)
	for name, act := range map[string]func(p *peer){
		"says nothing":                    func(*peer) {},
		"begins a huge frame":             func(p *peer) { _, _ = p.Write(huge) },
		"sends a huge frame":              func(p *peer) { _, _ = p.Write(huge); pour(p, make([]byte, 64<<10)) },
		"drips a huge frame":              func(p *peer) { _, _ = p.Write(huge); drip(p, []byte{0}) },
		"pings without end":               func(p *peer) { pour(p, said(opPing, "")) },
		"sends messages without end":      func(p *peer) { pour(p, said(opText, "x")) },
		"sends half a head":               func(p *peer) { _, _ = p.Write([]byte{fin | opText}) },
		"closes and keeps the connection": func(p *peer) { _, _ = p.Write(said(opClose, "\x03\xe8")) },
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

// pour sends data again and again until the connection is closed, and drip does so slowly.
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

func TestAFloodingPeerGetsTheCloseFrame(t *testing.T) {
	s, p, _ := pair(t, nil)
	acting := make(chan struct{})
	go func() { defer close(acting); pour(p, bytes.Repeat(said(opPing, ""), 100)) }()
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
		t.Errorf("Close took %s after the connection was cut, want less than %s", took, closeTimeout)
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
		t.Errorf("the peer reads %v, want the end of the connection", err)
	}
}

func isReset(err error) bool {
	_, ok := err.(*net.OpError) //nolint:errorlint // as it comes from the connection
	return ok
}

func TestTooManyFramesEndTheReading(t *testing.T) {
	for name, frame := range map[string][]byte{
		"pings": said(opPing, ""), "pongs": said(opPong, "x"), "fragments": {0x0, 0x80, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, p, heard := pair(t, []byte{opText, 0x80, 0, 0, 0, 0})
			go func() { _, _ = io.Copy(io.Discard, p.in) }()
			acting := make(chan struct{})
			go func() { defer close(acting); _, _ = p.Write(bytes.Repeat(frame, 2*maxFrames)) }()
			if text, open := <-heard; open {
				t.Errorf("read %q, want the end of the reading", text)
			}
			_ = p.Close()
			<-acting
		})
	}
}

func TestTheMeterCountsFramesHoweverTheyComeIn(t *testing.T) {
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
			t.Errorf("in parts of %d: the close frame was not seen", part)
		}
	}
}

func TestTheMeterForgetsAfterAWindow(t *testing.T) {
	var m frameMeter
	now := time.Now()
	for range 10 {
		m.add(bytes.Repeat(said(opPing, ""), maxFrames), now)
		now = now.Add(frameWindow)
	}
	if m.flooded {
		t.Error("flooded by as many frames as are allowed in each window")
	}
	m.add(bytes.Repeat(said(opPing, ""), maxFrames+1), now)
	if !m.flooded {
		t.Error("not flooded by one frame more")
	}
}
