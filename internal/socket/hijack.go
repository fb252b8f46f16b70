package socket

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
)

// The sizes of the buffers, in bytes. net/http uses 4 KiB for each direction during the whole life of
// the socket.
const (
	readBuffer  = 512 // only the header of a message goes through it
	writeBuffer = 144 // for control frames, of at most 2 + 125 bytes
	// sendBuffer is the size of the kernel's buffer. With the default, which grows, it would use
	// megabytes for a client that does not read.
	sendBuffer = 64 << 10
)

// hijacker passes our connection and buffers to the library instead of those of net/http.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// Hijack is called by the library after it has accepted the request.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w := h.wire
	w.Conn = conn
	w.touch()
	if early, _ := rw.Reader.Peek(rw.Reader.Buffered()); len(early) > 0 {
		w.early = bytes.Clone(early)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetWriteBuffer(sendBuffer); err != nil {
			_ = conn.Close()
			return nil, nil, fmt.Errorf("set send buffer: %w", err)
		}
		if w.raw, err = tcp.SyscallConn(); err != nil {
			_ = conn.Close()
			return nil, nil, fmt.Errorf("get raw connection: %w", err)
		}
	}
	return w, bufio.NewReadWriter(bufio.NewReaderSize(w, readBuffer), bufio.NewWriterSize(w, writeBuffer)), nil
}
