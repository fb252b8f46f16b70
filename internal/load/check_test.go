package load

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// recorded is what two clients of one room received: three messages, by number.
type recorded struct {
	confirmed [3]chat.Seq
	received  [2][]line
}

type line struct {
	seq     chat.Seq
	message int
}

func TestViolationsAreDetected(t *testing.T) {
	whole := []line{{1, 0}, {2, 1}, {3, 2}}
	for _, c := range []struct {
		name string
		recorded
		want Deliveries
		err  string
	}{
		{"complete", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole, whole}}, Deliveries{Count: 6}, ""},
		{"a dropped message", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole, {{1, 0}, {3, 2}}}}, Deliveries{Count: 5, Missing: 1}, "1 deliveries missing"},
		{"the last message dropped", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole, {{1, 0}, {2, 1}}}}, Deliveries{Count: 5, Missing: 1}, "missing"},
		{"the last message dropped for all", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole[:2], whole[:2]}}, Deliveries{Count: 4, Missing: 2}, "missing"},
		{"a duplicate", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole, {{1, 0}, {2, 1}, {2, 1}, {3, 2}}}}, Deliveries{Count: 6, Twice: 1}, "1 twice"},
		{"two messages swapped", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole, {{2, 1}, {1, 0}, {3, 2}}}}, Deliveries{Count: 6, OutOfOrder: 1}, "1 out of order"},
		{"one message stored twice", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{{{1, 0}, {2, 1}, {3, 2}, {4, 2}}, {{1, 0}, {2, 1}, {3, 2}, {4, 2}}}}, Deliveries{Count: 8, Twice: 1, OutOfOrder: 1}, "1 twice"},
		{"two different orders", recorded{[3]chat.Seq{1, 2, 3}, [2][]line{whole, {{1, 1}, {2, 0}, {3, 2}}}}, Deliveries{Count: 6, Twice: 2, OutOfOrder: 4}, "out of order"},
		{"confirmed with another number", recorded{[3]chat.Seq{2, 1, 3}, [2][]line{whole, whole}}, Deliveries{Count: 6, OutOfOrder: 2}, "2 out of order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := replay(t, c.recorded)
			got := report.Deliveries
			if got.Bytes == 0 {
				t.Error("deliveries have no size")
			}
			got.Bytes, got.PerSecond, got.PerFrame = 0, 0, 0
			if got != c.want {
				t.Errorf("deliveries = %+v, want %+v", got, c.want)
			}
			switch err := report.Err(); {
			case c.err == "" && err != nil:
				t.Errorf("err = %v, want nil", err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("err = %v, want an error with %q", err, c.err)
			}
		})
	}
}

func replay(t *testing.T, in recorded) *Report {
	t.Helper()
	o := Options{URLs: []string{"http://localhost"}, Clients: 2, Rooms: 1, Rate: 3, For: time.Second, Progress: io.Discard}
	hall := newRoom(7, nil, 2)
	r := newRun(o, []*room{hall})
	for range o.Clients {
		r.conns = append(r.conns, &conn{run: r, room: hall, sequence: startAt(0)})
	}
	r.sent = 3
	r.open.Store(3)
	hear := func(c *conn, line []byte) {
		t.Helper()
		if err := c.handle(line, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for k, seq := range in.confirmed {
		answer, err := json.Marshal(map[string]any{"id": firstSend + k, "type": "message:confirmed", "data": wire.MessageConfirmed{Seq: seq}})
		if err != nil {
			t.Fatal(err)
		}
		hear(r.conns[0], answer)
	}
	for i, lines := range in.received {
		for _, l := range lines {
			m := chat.Message{ID: chat.MessageID(l.seq), RoomID: 7, Seq: l.seq, CID: chat.CID(fmt.Sprintf("%s%012x", r.cid, l.message))}
			hear(r.conns[i], wire.Encode(wire.EventMessageNew, wire.MessageEvent{RoomID: 7, Seq: l.seq, Message: m}))
			hear(r.conns[i], wire.Encode(wire.EventMessageNew, wire.MessageEvent{RoomID: 8, Seq: 99})) // of another room
			hear(r.conns[i], wire.Encode(wire.EventTypingUpdate, wire.TypingUpdate{RoomID: 7}))
		}
	}
	return r.report()
}

func TestRefusedAndUnansweredMessagesAreReported(t *testing.T) {
	o := Options{URLs: []string{"http://localhost"}, Clients: 1, Rooms: 1, Rate: 2, For: time.Second, Progress: io.Discard}
	hall := newRoom(7, nil, 1)
	r := newRun(o, []*room{hall})
	c := &conn{run: r, room: hall, sequence: startAt(0)}
	r.conns, r.sent = []*conn{c}, 2
	r.open.Store(2)
	refusal := []byte(fmt.Sprintf(`{"id":%d,"type":"error","data":{"code":"RATE_LIMITED","message":"Slow down."}}`, firstSend))
	if err := c.handle(refusal, time.Now()); err != nil {
		t.Fatal(err)
	}
	report := r.report()
	if got := report.Messages; got.Refused[chat.RateLimited] != 1 || got.Confirmed != 0 || got.Unanswered != 1 {
		t.Errorf("messages = %+v, want 1 refused as RATE_LIMITED and 1 unanswered", got)
	}
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), "1 messages without a response") {
		t.Errorf("err = %v, want an error about the message without a response", err)
	}
}
