package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestOrdinaryRooms(t *testing.T) {
	var o ordinaryRooms
	want := func(want bool, rooms ...int64) {
		t.Helper()
		if got := o.containAll(rooms); got != want {
			t.Errorf("contains %v = %v, want %v", rooms, got, want)
		}
	}
	want(false, 1)
	s := newBatchState()
	s.heads[1], s.heads[2], s.heads[3] = 0, 5, 7
	s.direct[2] = true
	o.addFrom(s)
	want(true, 1, 3)
	want(false, 2)
	want(false, 1, 2)
	want(false, 4)
	for i := range maxOrdinaryRooms + 10 {
		s := newBatchState()
		s.heads[chat.RoomID(1000+i)] = 0
		o.addFrom(s)
	}
	if n := len(o.ids); n > maxOrdinaryRooms {
		t.Errorf("%d rooms, want at most %d", n, maxOrdinaryRooms)
	}
	want(true, 1000+maxOrdinaryRooms+9)
}
