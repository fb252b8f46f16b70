package load

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// A client has received message 0 with number 1 and then reconnected.
func TestMissedMessagesAreChecked(t *testing.T) {
	page := func(to chat.Seq, more bool, numbers ...chat.Seq) wire.RoomChanges {
		p := wire.RoomChanges{RoomID: 7, To: to, Epoch: "e", More: more}
		for _, seq := range numbers {
			p.Messages = append(p.Messages, chat.Message{Seq: seq, ChangeSeq: seq})
		}
		return p
	}
	for _, c := range []struct {
		name   string
		joined wire.RoomChanges
		events []chat.Seq // received after the response to room:join
		next   []wire.RoomChanges
		late   []chat.Seq // events received at the end
		want   Deliveries
		back   bool
	}{
		{"nothing was missed", page(1, false), []chat.Seq{2, 3, 4}, nil, nil, Deliveries{Count: 4}, true},
		{"a page", page(3, false, 2, 3), []chat.Seq{4}, nil, nil, Deliveries{Count: 4, CaughtUp: 2}, true},
		{"a page that lacks a message", page(3, false, 3), []chat.Seq{4}, nil, nil, Deliveries{Count: 3, CaughtUp: 1, Missing: 1}, true},
		{"an event that repeats the page", page(3, false, 2, 3), []chat.Seq{3, 4}, nil, nil, Deliveries{Count: 4, CaughtUp: 2, Twice: 1}, true},
		{"two pages, and an event in between", page(2, true, 2), []chat.Seq{4}, []wire.RoomChanges{page(4, false, 3, 4)}, nil, Deliveries{Count: 4, CaughtUp: 2}, true},
		{"two pages, and an event that repeats the second", page(2, true, 2), nil, []wire.RoomChanges{page(4, false, 3, 4)}, []chat.Seq{4}, Deliveries{Count: 4, CaughtUp: 3}, true},
		{"the second page is not received", page(2, true, 2), []chat.Seq{4}, nil, nil, Deliveries{Count: 3, CaughtUp: 1, Missing: 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, client := reconnected(t)
			respond(t, client, joinID, wire.ResponseRoomJoined, c.joined, r)
			for _, seq := range c.events {
				receive(t, client, seq, r)
			}
			for _, p := range c.next {
				respond(t, client, changesID, wire.ResponseRoomChanges, p, r)
			}
			for _, seq := range c.late {
				receive(t, client, seq, r)
			}
			select {
			case <-client.joined:
				if !c.back {
					t.Error("the client is back before the last page")
				}
			default:
				if c.back {
					t.Error("the client is not back")
				}
			}
			client.head = 4
			got := r.report().Deliveries
			got.Bytes, got.PerSecond, got.PerFrame = 0, 0, 0
			if got != c.want {
				t.Errorf("deliveries = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestDiscardedCursorEndsTheClient(t *testing.T) {
	_, client := reconnected(t)
	line := response(t, joinID, wire.ResponseRoomJoined, wire.RoomChanges{RoomID: 7, Reset: true})
	if err := client.handle(line, time.Now()); err == nil || !strings.Contains(err.Error(), "discarded") {
		t.Errorf("err = %v, want one about the discarded number", err)
	}
}

// reconnected returns a run of one client that has received message 0 and reconnected.
func reconnected(t *testing.T) (*run, *conn) {
	t.Helper()
	hall := newRoom(7, nil, 1)
	r := newRun(Options{URLs: []string{"http://localhost"}, Clients: 1, Rooms: 1, Rate: 4, For: time.Second, Progress: io.Discard}, []*room{hall})
	near, far := net.Pipe()
	discarded := make(chan struct{})
	go func() {
		defer close(discarded)
		_, _ = io.Copy(io.Discard, far)
	}()
	t.Cleanup(func() {
		near.Close()
		far.Close()
		<-discarded
	})
	client := newConn(r, 0, nil, hall)
	client.raw, client.epoch, client.joined = &rawConn{conn: near}, "e", make(chan struct{})
	r.conns = []*conn{client}
	receive(t, client, 1, r)
	return r, client
}

// receive passes the event with a number to the client: message k has the number k+1.
func receive(t *testing.T, c *conn, seq chat.Seq, r *run) {
	t.Helper()
	m := chat.Message{ID: chat.MessageID(seq), RoomID: 7, Seq: seq, CID: chat.CID(r.cidOf(int(seq) - 1))}
	if err := c.handle(wire.Encode(wire.EventMessageNew, wire.MessageEvent{RoomID: 7, Seq: seq, Message: m}), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// respond passes a response with a page to the client.
func respond(t *testing.T, c *conn, id int, kind string, p wire.RoomChanges, r *run) {
	t.Helper()
	for i := range p.Messages {
		p.Messages[i].CID = chat.CID(r.cidOf(int(p.Messages[i].Seq) - 1))
	}
	if err := c.handle(response(t, id, kind, p), time.Now()); err != nil {
		t.Fatal(err)
	}
}

func response(t *testing.T, id int, kind string, data any) []byte {
	t.Helper()
	line, err := json.Marshal(map[string]any{"id": id, "type": kind, "data": data})
	if err != nil {
		t.Fatal(err)
	}
	return line
}
