package bus

import (
	"encoding/binary"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// An envelope on Redis is a short binary header and the encoded frame. A receiver sends the
// frame to its connections without decoding it:
//
//	version kind flags room seq user session len(except) except len(rooms) rooms… frame…
//
// Version, kind and flags are one byte each, numbers are unsigned varints.

// wireVersion is the version of the header. A node that receives another one, during a
// rolling update, reads the store instead.
const wireVersion = 2

// personal is the flag of wire.Envelope.Personal.
const personal = 1

// maxFrame is the longest frame of a durable event that is transported, in bytes. A longer
// one is left out, and the other nodes read the event from the store by its number. The
// reason: Redis closes a subscriber for which 8 MB wait for a minute.
const maxFrame = 4 << 10

var errWire = errors.New("unknown envelope")

func encode(e wire.Envelope) []byte {
	frame := e.Frame
	if e.Kind.Durable() && len(frame) > maxFrame {
		frame = nil
	}
	var flags byte
	if e.Personal {
		flags = personal
	}
	b := make([]byte, 0, 3+(6+len(e.Rooms))*binary.MaxVarintLen64+len(e.Except)+len(frame))
	b = append(b, wireVersion, byte(e.Kind), flags)
	for _, n := range []uint64{uint64(e.Room), uint64(e.Seq), uint64(e.User), uint64(e.Session), uint64(len(e.Except))} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, e.Except...)
	b = binary.AppendUvarint(b, uint64(len(e.Rooms)))
	for _, room := range e.Rooms {
		b = binary.AppendUvarint(b, uint64(room))
	}
	return append(b, frame...)
}

func decode(payload string) (wire.Envelope, error) {
	r := reader{rest: payload}
	kind, flags := r.head()
	e := wire.Envelope{
		Kind: wire.Kind(kind), Personal: flags&personal != 0, Room: chat.RoomID(r.number()), Seq: chat.Seq(r.number()),
		User: chat.UserID(r.number()), Session: chat.SessionID(r.number()),
	}
	e.Except = r.text()
	e.Rooms = r.rooms()
	e.Frame = r.frame()
	return e, r.err
}

// reader decodes a payload. After its first error it returns zeros.
type reader struct {
	rest string
	err  error
}

func (r *reader) fail() {
	r.rest, r.err = "", errWire
}

func (r *reader) head() (kind, flags byte) {
	if len(r.rest) < 3 || r.rest[0] != wireVersion {
		r.fail()
		return 0, 0
	}
	kind, flags = r.rest[1], r.rest[2]
	r.rest = r.rest[3:]
	return kind, flags
}

// number reads an unsigned varint that fits into an int64.
func (r *reader) number() int64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		n |= uint64(c&0x7F) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			if int64(n) < 0 {
				r.fail()
				return 0
			}
			return int64(n)
		}
	}
	r.fail()
	return 0
}

func (r *reader) text() string {
	n := r.number()
	if n > int64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) rooms() []chat.RoomID {
	n := r.number()
	if n == 0 {
		return nil
	}
	if n > int64(len(r.rest)) { // each room takes at least one byte
		r.fail()
		return nil
	}
	rooms := make([]chat.RoomID, 0, n)
	for range n {
		rooms = append(rooms, chat.RoomID(r.number()))
	}
	return rooms
}

// frame returns the rest, nil if it is empty.
func (r *reader) frame() []byte {
	if r.rest == "" {
		return nil
	}
	return []byte(r.rest)
}
