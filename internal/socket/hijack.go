package socket

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
)

// Sizes of the buffers, in bytes. net/http's own would be 4 KiB for each direction,
// kept for as long as the socket lives.
const (
	readBuffer  = 512 // of a message only the header goes through it
	writeBuffer = 144 // for control frames, of at most 2 + 125 bytes
	// sendBuffer is the kernel's: one that grows would hold megabytes for a client
	// that does not read.
	sendBuffer = 64 << 10
)

// hijacker gives the library our connection and buffers in place of net/http's.
type hijacker struct {
	http.ResponseWriter
	wire *wire
}

// Hijack is what the library calls once it has accepted the request.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w := h.wire
	w.Conn = conn
	w.hear()
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
			return nil, nil, fmt.Errorf("take raw connection: %w", err)
		}
	}
	return w, bufio.NewReadWriter(bufio.NewReaderSize(w, readBuffer), bufio.NewWriterSize(w, writeBuffer)), nil
}
