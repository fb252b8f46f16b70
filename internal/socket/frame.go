package socket

import "encoding/binary"

// The bytes of a frame's header (RFC 6455, section 5.2). A server's frames bear no
// mask, so that one frame serves all clients.
const (
	fin        = 0x80
	opText     = 0x1
	opClose    = 0x8
	opPing     = 0x9
	opcodeBits = 0x0f
)

// maxMessage is how many bytes of lines are joined into one frame.
const maxMessage = 256 << 10

var ping = []byte{fin | opPing, 0}

// AppendText appends lines to dst as text frames: as many of them together as
// there is place in 256 KiB, but at least one, with a newline between two.
func AppendText(dst []byte, lines [][]byte) []byte {
	for len(lines) > 0 {
		n, size := together(lines)
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

// together tells how many of lines go into one frame, and how long it is.
func together(lines [][]byte) (n, size int) {
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
