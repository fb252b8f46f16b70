package bus

import (
	"encoding/binary"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

// What travels over Redis is a short binary head and, after it, the finished frame,
// so that a receiver forwards it without decoding.
//
//	event:  version kind room seq user frame…
//	notice: version kind user session len(except) except frame…
//	        (UserChanged: …except len(rooms) rooms… frame…)
//
// Version and kind are one byte, numbers are unsigned varints.

// wireVersion is that of the heads above. A node that meets another one, during a
// rolling update, reads the store instead.
const wireVersion = 1

// maxFrame is what of a durable event travels whole. A longer frame stays behind:
// Redis closes a subscriber for whom 8 MB wait for a minute, and the number alone
// lets the others read it from the store.
const maxFrame = 4 << 10

var errWire = errors.New("no message of ours")

func encodeEvent(e chat.Event) []byte {
	frame := e.Frame
	if e.Durable() && len(frame) > maxFrame {
		frame = nil
	}
	b := make([]byte, 0, 2+3*binary.MaxVarintLen64+len(frame))
	b = append(b, wireVersion, byte(e.Kind))
	b = binary.AppendUvarint(b, uint64(e.Room))
	b = binary.AppendUvarint(b, uint64(e.Seq))
	b = binary.AppendUvarint(b, uint64(e.User))
	return append(b, frame...)
}

func decodeEvent(payload string) (chat.Event, error) {
	r := reader{rest: payload}
	kind := r.head()
	e := chat.Event{
		Kind: chat.EventKind(kind), Room: chat.RoomID(r.number()), Seq: chat.Seq(r.number()), User: chat.UserID(r.number()),
	}
	e.Frame = r.frame()
	return e, r.err
}

func encodeNotice(n chat.Notice) []byte {
	b := make([]byte, 0, 2+3*binary.MaxVarintLen64+len(n.Except)+len(n.Frame))
	b = append(b, wireVersion, byte(n.Kind))
	b = binary.AppendUvarint(b, uint64(n.User))
	b = binary.AppendUvarint(b, uint64(n.Session))
	b = binary.AppendUvarint(b, uint64(len(n.Except)))
	b = append(b, n.Except...)
	if n.Kind == chat.UserChanged { // the others stay as older nodes read them
		b = binary.AppendUvarint(b, uint64(len(n.Rooms)))
		for _, room := range n.Rooms {
			b = binary.AppendUvarint(b, uint64(room))
		}
	}
	return append(b, n.Frame...)
}

func decodeNotice(payload string) (chat.Notice, error) {
	r := reader{rest: payload}
	kind := r.head()
	n := chat.Notice{
		Kind: chat.NoticeKind(kind), User: chat.UserID(r.number()), Session: chat.SessionID(r.number()),
	}
	n.Except = r.text()
	if n.Kind == chat.UserChanged {
		n.Rooms = r.rooms()
	}
	n.Frame = r.frame()
	return n, r.err
}

// reader takes a payload apart. After its first error it returns zeros.
type reader struct {
	rest string
	err  error
}

func (r *reader) fail() {
	r.rest, r.err = "", errWire
}

func (r *reader) head() byte {
	if len(r.rest) < 2 || r.rest[0] != wireVersion {
		r.fail()
		return 0
	}
	kind := r.rest[1]
	r.rest = r.rest[2:]
	return kind
}

// number reads an unsigned varint that fits an int64, as all our numbers do.
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
	if n > int64(len(r.rest)) { // each takes a byte at least
		r.fail()
		return nil
	}
	rooms := make([]chat.RoomID, 0, n)
	for range n {
		rooms = append(rooms, chat.RoomID(r.number()))
	}
	return rooms
}

// frame is the rest; nil where there is none.
func (r *reader) frame() []byte {
	if r.rest == "" {
		return nil
	}
	return []byte(r.rest)
}
