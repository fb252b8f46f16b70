package load

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// Opcodes of RFC 6455.
const (
	opContinued = 0x0
	opText      = 0x1
	opClose     = 0x8
	opPing      = 0x9
	opPong      = 0xA
)

const (
	handshakeTime = 10 * time.Second
	writeTime     = 5 * time.Second
	maxPayload    = 16 << 20
	// keptPayload is the largest buffer that a connection keeps: few frames are larger, such as the response
	// to room:join.
	keptPayload = 4 << 10
)

// rawConn is a minimal WebSocket: without a goroutine, and with one small buffer. One goroutine reads; any
// may write.
type rawConn struct {
	conn    net.Conn
	in      *bufio.Reader
	payload []byte // of the last frame, reused

	mu  sync.Mutex
	out []byte // reused
}

// closed is the error of a connection that the server closed with a code.
type closed struct {
	code   int
	reason string
}

func (c closed) Error() string { return fmt.Sprintf("closed %d %s", c.code, c.reason) }

// dialRaw connects to the server at base with a session's token. A refusal is returned as
// *client.Error.
func dialRaw(ctx context.Context, dialer *net.Dialer, base, token string) (*rawConn, error) {
	target, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	conn, err := dial(ctx, dialer, target)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	w := &rawConn{conn: conn, in: bufio.NewReaderSize(conn, 2<<10)}
	if err := w.upgrade(ctx, target, token); err != nil {
		conn.Close()
		return nil, err
	}
	return w, nil
}

func dial(ctx context.Context, dialer *net.Dialer, target *url.URL) (net.Conn, error) {
	port := target.Port()
	if target.Scheme == "https" {
		if port == "" {
			port = "443"
		}
		return (&tls.Dialer{NetDialer: dialer}).DialContext(ctx, "tcp", net.JoinHostPort(target.Hostname(), port))
	}
	if port == "" {
		port = "80"
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(target.Hostname(), port))
}

func (w *rawConn) upgrade(ctx context.Context, target *url.URL, token string) error {
	deadline, _ := ctx.Deadline()
	if err := w.conn.SetDeadline(deadline); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.JoinPath("ws").String(), http.NoBody)
	if err != nil {
		return err
	}
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Authorization": "Bearer " + token,
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.StdEncoding.EncodeToString(key[:]),
		"Sec-WebSocket-Protocol": wire.Protocol,
	} {
		request.Header.Set(name, value)
	}
	if err := request.Write(w.conn); err != nil {
		return fmt.Errorf("request the upgrade: %w", err)
	}
	answer, err := http.ReadResponse(w.in, request)
	if err != nil {
		return fmt.Errorf("read the response to the upgrade: %w", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		defer answer.Body.Close()
		return &client.Error{Status: answer.StatusCode, Detail: answer.Status}
	}
	return w.conn.SetDeadline(time.Time{})
}

// next returns the payload of the next text message, which is valid until the next call. It answers
// pings. A close frame of the server is returned as closed.
func (w *rawConn) next() ([]byte, error) {
	if w.payload = w.payload[:0]; cap(w.payload) > keptPayload {
		w.payload = nil
	}
	for {
		opcode, last, size, err := w.header()
		if err != nil {
			return nil, err
		}
		if opcode == opText || opcode == opContinued {
			begun := len(w.payload)
			if begun+size > maxPayload {
				return nil, fmt.Errorf("message of more than %d bytes", maxPayload)
			}
			w.payload = append(w.payload, make([]byte, size)...)
			if _, err := io.ReadFull(w.in, w.payload[begun:]); err != nil {
				return nil, err
			}
			if last {
				return w.payload, nil
			}
			continue
		}
		if err := w.control(opcode, size); err != nil {
			return nil, err
		}
	}
}

func (w *rawConn) header() (opcode byte, last bool, size int, err error) {
	var head [8]byte
	if _, err = io.ReadFull(w.in, head[:2]); err != nil {
		return 0, false, 0, err
	}
	opcode, last, size = head[0]&0x0F, head[0]&0x80 != 0, int(head[1]&0x7F)
	if head[1]&0x80 != 0 {
		return 0, false, 0, errors.New("masked frame from the server")
	}
	switch size {
	case 126:
		_, err = io.ReadFull(w.in, head[:2])
		size = int(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(w.in, head[:8])
		size = int(min(binary.BigEndian.Uint64(head[:8]), maxPayload+1))
	}
	return opcode, last, size, err
}

func (w *rawConn) control(opcode byte, size int) error {
	if size > 125 {
		return fmt.Errorf("control frame of %d bytes", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(w.in, payload); err != nil {
		return err
	}
	switch opcode {
	case opPing:
		return w.write(opPong, payload)
	case opClose:
		end := closed{code: 1005}
		if size >= 2 {
			end = closed{int(binary.BigEndian.Uint16(payload)), string(payload[2:])}
		}
		return end
	case opPong:
		return nil
	}
	return fmt.Errorf("frame of unknown kind %s", strconv.Itoa(int(opcode)))
}

// send sends a text message.
func (w *rawConn) send(text []byte) error { return w.write(opText, text) }

// write sends a frame in one system call. The mask is zero: it protects proxies from scripts of web
// pages, which does not apply here.
func (w *rawConn) write(opcode byte, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out[:0], 0x80|opcode)
	switch size := len(payload); {
	case size < 126:
		w.out = append(w.out, 0x80|byte(size))
	default:
		w.out = append(w.out, 0x80|126)
		w.out = binary.BigEndian.AppendUint16(w.out, uint16(size))
	}
	w.out = append(w.out, 0, 0, 0, 0)
	w.out = append(w.out, payload...)
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := w.conn.Write(w.out)
	return err
}

func (w *rawConn) close() { w.conn.Close() }
