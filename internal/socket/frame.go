package socket

import "encoding/binary"

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
