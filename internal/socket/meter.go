package socket

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// A client may send maxFrames frames per frameWindow. The server's flow control keeps messages far
// below it; only excessive pings, pongs and fragments exceed it.
const (
	maxFrames   = 2000
	frameWindow = 10 * time.Second
)

// ErrFlood is returned by a read after the client has sent too many frames.
var ErrFlood = errors.New("too many frames")

// frameMeter counts the frames of a client by their headers (RFC 6455, section 5.2), without parsing
// payloads.
type frameMeter struct {
	flooded bool
	closed  bool      // a close frame was received
	invalid bool      // a frame was not masked or had a length above 2^63-1 bytes
	count   int       // frames since began
	began   time.Time // start of the window

	header  [maxHeader]byte // of the current frame
	have    int             // bytes of header read
	payload uint64          // remaining payload bytes of the last frame
}

const (
	maskBit   = 0x80
	maxHeader = 2 + 8 + 4
)

// add counts the frames whose headers end in data, which was read at now.
func (m *frameMeter) add(data []byte, now time.Time) {
	if now.Sub(m.began) >= frameWindow {
		m.began, m.count = now, 0
	}
	for len(data) > 0 {
		if skip := min(m.payload, uint64(len(data))); skip > 0 {
			m.payload -= skip
			data = data[skip:]
			continue
		}
		m.header[m.have] = data[0]
		m.have++
		data = data[1:]
		if payload, whole := payloadSize(m.header[:m.have]); whole {
			m.closed = m.closed || m.header[0]&opcodeBits == opClose
			m.invalid = m.invalid || m.header[1]&maskBit == 0 || payload > math.MaxInt64
			m.payload, m.have = payload, 0
			m.count++
		}
	}
	m.flooded = m.flooded || m.count > maxFrames
}

// payloadSize returns the length of the payload after header. It reports false if header is incomplete.
func payloadSize(header []byte) (size uint64, whole bool) {
	if len(header) < 2 {
		return 0, false
	}
	length, masked := header[1]&^maskBit, header[1]&maskBit != 0
	end := 2
	switch length {
	case 126:
		end += 2
	case 127:
		end += 8
	}
	if masked {
		end += 4
	}
	if len(header) < end {
		return 0, false
	}
	switch length {
	case 126:
		return uint64(binary.BigEndian.Uint16(header[2:])), true
	case 127:
		return binary.BigEndian.Uint64(header[2:]), true
	}
	return uint64(length), true
}
