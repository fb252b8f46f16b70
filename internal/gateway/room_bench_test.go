package gateway

import (
	"fmt"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// benchQueues returns a started room with live subscriptions whose connections have no socket, and a
// function that empties their queues, as the writers of the hub do.
func benchQueues(b *testing.B, conns int) (r *testHub, room *room, drain func()) {
	r = newTestHub(b)
	all := make([]*Conn, conns)
	for i := range all {
		c := newConn(r.hub, nil, nil, r.alice, fmt.Sprint(i))
		c.wake = func(*connWriter) {}
		stopCutoff(b, c)
		all[i] = c
		var err error
		if room, err = r.hub.subscribe(b.Context(), c, r.room.ID); err != nil {
			b.Fatal(err)
		}
		room.activate(c, headAt(0), room.cursor, joinedResponse)
	}
	var lines [][]byte
	drain = func() {
		for _, c := range all {
			lines, _ = c.take(lines[:0])
			_, _ = c.take(lines) // the connection is idle again
		}
	}
	drain()
	return r, room, drain
}

// BenchmarkFanOut measures one event of a room from its arrival to the queues of the connections and
// out of them, without sockets: BenchmarkDelivery and BenchmarkHotRoom include these.
func BenchmarkFanOut(b *testing.B) {
	for _, conns := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(conns), func(b *testing.B) {
			r, room, drain := benchQueues(b, conns)
			sent := r.send("What a fine day to measure something. Everybody reads this.")
			b.ReportAllocs()
			for b.Loop() {
				sent.Seq = room.cursor + 1
				room.receive(event{Envelope: sent})
				drain()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*conns), "ns/delivery")
		})
	}
}

// BenchmarkCursor measures how the cursor of a room with one connection orders 64 events that arrive in
// order, reversed, or twice.
func BenchmarkCursor(b *testing.B) {
	const events = 64
	for name, arriving := range map[string]func(i int) []int{
		"in order": func(i int) []int { return []int{i} },
		"reversed": func(i int) []int { return []int{events - 1 - i} },
		"twice":    func(i int) []int { return []int{i, i} },
	} {
		b.Run(name, func(b *testing.B) {
			r, room, drain := benchQueues(b, 1)
			sent := r.send("What a fine day to measure something. Everybody reads this.")
			b.ReportAllocs()
			for b.Loop() {
				first := room.cursor + 1
				for i := range events {
					for _, n := range arriving(i) {
						sent.Seq = first + chat.Seq(n)
						room.receive(event{Envelope: sent})
					}
				}
				drain()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
		})
	}
}
