package gateway

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// addedRooms returns the rooms of the room:added that are queued for c.
func addedRooms(t *testing.T, c *Conn) (rooms []chat.RoomID) {
	t.Helper()
	for _, frame := range c.takeAll() {
		var f struct {
			Type string
			Data wire.RoomAdded
		}
		if err := json.Unmarshal(frame, &f); err != nil {
			t.Fatal(err)
		}
		if f.Type == wire.EventRoomAdded {
			rooms = append(rooms, f.Data.Room.ID)
		}
	}
	return rooms
}

// addForUser adds connections without a socket to those of their user only: the others are pinged.
func (r *testHub) addForUser(conns ...*Conn) {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	for _, c := range conns {
		user := c.caller.User.ID
		if r.hub.users[user] == nil {
			r.hub.users[user] = map[*Conn]struct{}{}
		}
		r.hub.users[user][c] = struct{}{}
	}
}

func TestMembershipsThatTheBusLostAreSentOnce(t *testing.T) {
	r := newTestHub(t)
	bob := r.register("bob")
	known, later, joined := r.newConn(r.alice), r.newConn(r.alice), r.newConn(r.alice)
	later.opened = time.Now().Add(membershipsMargin + time.Minute)
	r.addForUser(known, later, joined)
	reads := membershipReads{hub: r.hub, pending: map[chat.UserID]struct{}{}, sent: map[membershipKey]struct{}{}}
	earlier, err := r.store.MembershipsSince(t.Context(), []chat.UserID{r.alice.User.ID}, 0)
	if err != nil || len(earlier) != 1 {
		t.Fatalf("memberships = %+v, %v, want that of the lobby", earlier, err)
	}
	for reads.since = earlier[0].Membership.JoinedAt + 1; chat.At(time.Now()) < reads.since; {
		runtime.Gosched()
	}
	room, _, _, err := r.store.OpenDirect(t.Context(), bob.User.ID, r.alice.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.hub.subscribe(t.Context(), joined, room.ID); err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for i, ctx := range []context.Context{canceled, t.Context(), t.Context()} {
		if i != 1 {
			reads.pending[r.alice.User.ID] = struct{}{}
		}
		reads.tick(ctx, time.Now().Add(time.Duration(i)*membershipsInterval))
		if pending := len(reads.pending) > 0; pending != (i == 0) {
			t.Fatalf("after read %d: pending = %t", i, pending)
		}
		var want []chat.RoomID
		if i == 1 {
			want = []chat.RoomID{room.ID}
		}
		for c, want := range map[*Conn][]chat.RoomID{known: want, later: nil, joined: nil} {
			if got := addedRooms(t, c); !slices.Equal(got, want) {
				t.Fatalf("after read %d: rooms added = %v, want %v", i, got, want)
			}
		}
	}
}

func TestMembershipsAreReadAfterMissedUsers(t *testing.T) {
	r := newTestHub(t)
	bob := r.register("bob")
	c := r.newConn(r.alice)
	r.addForUser(c)
	room, _, _, err := r.store.OpenDirect(t.Context(), bob.User.ID, r.alice.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.hub.MissedUsers(func(id chat.UserID) bool { return id == r.alice.User.ID })
	limit := time.After(10 * time.Second)
	for {
		select {
		case <-r.woken[c]:
		case <-limit:
			t.Fatal("no room:added within 10 s")
		}
		if slices.Contains(addedRooms(t, c), room.ID) {
			return
		}
	}
}
