package socket

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// The bytes of a frame header (RFC 6455, section 5.2). Frames of a server are not masked, so one
// encoded frame serves all clients.
const (
	fin        = 0x80
	opText     = 0x1
	opClose    = 0x8
	opPing     = 0x9
	opcodeBits = 0x0f
)

// maxMessage is the maximum size of the lines joined into one frame, in bytes.
const maxMessage = 256 << 10

var ping = []byte{fin | opPing, 0}

// AppendText appends lines to dst as text frames. Each frame contains as many lines as fit into 256
// KiB, but at least one, separated by newlines.
func AppendText(dst []byte, lines [][]byte) []byte {
	for len(lines) > 0 {
		n, size := countFitting(lines)
		dst = appendHeader(dst, size)
		for i, line := range lines[:n] {
			if i > 0 {
				dst = append(dst, '\n')
			}
			dst = append(dst, line...)
		}
		lines = lines[n:]
	}
	return dst
}

// countFitting returns how many of lines fit into one frame, and its size.
func countFitting(lines [][]byte) (n, size int) {
	size = len(lines[0])
	for n = 1; n < len(lines) && size+1+len(lines[n]) <= maxMessage; n++ {
		size += 1 + len(lines[n])
	}
	return n, size
}

func appendHeader(dst []byte, size int) []byte {
	dst = append(dst, fin|opText)
	switch {
	case size < 126:
		return append(dst, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(size))
	}
}

// closeFrame is the content of a close frame.
type closeFrame struct {
	code   websocket.StatusCode // 1005 if the frame has none
	reason string
}

// parseClose parses the payload of a close frame of the library. The library echoes the reason of the
// client's close frame unchecked: if it is not valid UTF-8, the code is 1007.
func parseClose(payload []byte) *closeFrame {
	if len(payload) < 2 {
		return &closeFrame{code: websocket.StatusNoStatusRcvd}
	}
	if !utf8.Valid(payload[2:]) {
		return &closeFrame{code: websocket.StatusInvalidFramePayloadData, reason: "invalid UTF-8 in close reason"}
	}
	return &closeFrame{code: websocket.StatusCode(binary.BigEndian.Uint16(payload)), reason: string(payload[2:])}
}

// maxReason is the maximum size of the reason in a close frame, in bytes.
const maxReason = 125 - 2

// appendClose appends a close frame to dst. It has no payload if the code is 1005.
func appendClose(dst []byte, code websocket.StatusCode, reason string) []byte {
	if code == websocket.StatusNoStatusRcvd {
		return append(dst, fin|opClose, 0)
	}
	reason = reason[:min(len(reason), maxReason)]
	dst = append(dst, fin|opClose, byte(2+len(reason)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}
