package load

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// room is a room created for a run. All its clients receive the same bytes, so a line is parsed only
// once: CPU time of the tool is missing for the server.
type room struct {
	id      chat.RoomID
	owner   *client.Client
	invite  string // the token
	members int    // clients in the room

	mu       sync.RWMutex
	lines    map[string]parsedLine // recently received lines
	kept     int                   // their bytes
	numbers  map[chat.CID]chat.Seq
	messages map[chat.Seq]chat.CID
	// repeated and disputed are violations: messages with two numbers, and numbers with two messages.
	repeated, disputed int
}

// The cached lines of a room are limited, in bytes: in a small room few clients need a line at once.
const (
	maxKept       = 1 << 20
	keptPerMember = 4 << 10
)

func newRoom(id chat.RoomID, owner *client.Client, members int) *room {
	return &room{
		id: id, owner: owner, members: members,
		lines: map[string]parsedLine{}, numbers: map[chat.CID]chat.Seq{}, messages: map[chat.Seq]chat.CID{},
	}
}

// parsedLine is a parsed line. seq and cid are set for message events. data of other lines is decoded by the
// receiver.
type parsedLine struct {
	id   int64
	kind string
	data json.RawMessage
	room chat.RoomID
	seq  chat.Seq
	cid  chat.CID
}

func (h parsedLine) decode(into any) error { return json.Unmarshal(h.data, into) }

// parse parses a line that a client received.
func (r *room) parse(line []byte) (parsedLine, error) {
	r.mu.RLock()
	h, known := r.lines[string(line)]
	r.mu.RUnlock()
	if known {
		return h, nil
	}
	h, err := parseLine(line)
	switch {
	case err != nil:
		return h, err
	case h.id != 0 || h.kind == wire.EventConnected || h.kind == wire.ResponseError: // for one client only
		return h, nil
	}
	h.data = nil // no client decodes it
	r.keep(string(line), h)
	return h, nil
}

func parseLine(line []byte) (parsedLine, error) {
	var l struct {
		ID   int64           `json:"id"`
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return parsedLine{}, fmt.Errorf("frame %.100q: %w", line, err)
	}
	h := parsedLine{id: l.ID, kind: l.Type, data: l.Data}
	if l.ID != 0 || !strings.HasPrefix(l.Type, "message:") {
		return h, nil
	}
	var event struct {
		RoomID  chat.RoomID `json:"roomId"`
		Seq     chat.Seq    `json:"seq"`
		Message struct {
			CID chat.CID `json:"cid"`
		} `json:"message"`
	}
	if err := h.decode(&event); err != nil {
		return parsedLine{}, fmt.Errorf("event %.100q: %w", line, err)
	}
	h.room, h.seq, h.cid = event.RoomID, event.Seq, event.Message.CID
	return h, nil
}

func (r *room) keep(line string, h parsedLine) {
	r.mu.Lock()
	if r.kept += len(line); r.kept > min(maxKept, r.members*keptPerMember) {
		clear(r.lines)
		r.kept = len(line)
	}
	r.lines[line] = h
	r.mu.Unlock()
	if h.seq > 0 && h.room == r.id {
		r.record(h.seq, h.cid)
	}
}

// record checks that a number always belongs to the same message, and a message to the same number.
func (r *room) record(seq chat.Seq, cid chat.CID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, known := r.messages[seq]; known && first != cid {
		r.disputed++
	}
	r.messages[seq] = cid
	if cid == "" { // a system message
		return
	}
	if number, known := r.numbers[cid]; known && number != seq {
		r.repeated++
	}
	r.numbers[cid] = seq
}
