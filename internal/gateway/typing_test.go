package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/wire"
)

// stage is a room with seats for users 1, 2, …, without store and sockets, whose
// clock is that of the test's bubble.
func stage(t *testing.T, users int) (*room, []*Conn) {
	t.Helper()
	h := NewHub(Deps{
		Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewBoard()),
		Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(h.cancel)
	r := newRoom(h, 1)
	h.open[1] = r
	var conns []*Conn
	for id := range users {
		c := newConn(h, nil, nil, chat.Caller{User: chat.User{ID: chat.UserID(id + 1)}}, "c")
		c.queue.wake = func() {} // what it would be sent stays in its queue
		withoutSocket(t, c)
		c.rooms[1] = r
		r.addSub(c)
		r.activate(c, readAt(0), 0, joinedFrame)
		c.queue.all()
		conns = append(conns, c)
	}
	return r, conns
}

// typingSeen returns the typing:update frames that wait for c.
func typingSeen(t *testing.T, c *Conn) [][]chat.UserID {
	t.Helper()
	var seen [][]chat.UserID
	for _, frame := range c.queue.all() {
		var f struct {
			Type string
			Data wire.TypingUpdate
		}
		if err := json.Unmarshal(frame, &f); err != nil {
			t.Fatal(err)
		}
		if f.Type == "typing:update" {
			seen = append(seen, f.Data.UserIDs)
		}
	}
	return seen
}

func TestTypingIsCoalescedThrottledAndEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, conns := stage(t, 3)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go conns[0].hub.runTyping(ctx)
		time.Sleep(typingTick / 2) // all that follows lies between two ticks
		expect := func(c *Conn, want ...[]chat.UserID) {
			t.Helper()
			synctest.Wait()
			if got := typingSeen(t, c); !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("user %d saw %v, want %v", c.caller.User.ID, got, want)
			}
		}
		none := []chat.UserID{}

		for range 10 { // ten keys, and another who types too: one frame
			if err := conns[0].setTyping(1, true, may); err != nil {
				t.Fatal(err)
			}
		}
		if err := conns[1].setTyping(1, true, may); err != nil {
			t.Fatal(err)
		}
		time.Sleep(typingTick)
		expect(conns[0], []chat.UserID{2})
		expect(conns[1], []chat.UserID{1})
		expect(conns[2], []chat.UserID{1, 2})

		time.Sleep(typingInterval)
		if err := conns[0].setTyping(1, true, may); err != nil { // still
			t.Fatal(err)
		}
		time.Sleep(typingTimeout - typingInterval)
		expect(conns[2], []chat.UserID{1}) // the second ended
		time.Sleep(typingInterval + typingTick)
		expect(conns[2], none)
		expect(conns[1], []chat.UserID{1}, none)

		if err := conns[0].setTyping(1, true, may); err != nil {
			t.Fatal(err)
		}
		time.Sleep(typingTick)
		if err := conns[0].setTyping(1, false, may); err != nil {
			t.Fatal(err)
		}
		time.Sleep(typingTick)
		expect(conns[2], []chat.UserID{1}, none)
	})
}

// may lets everybody type.
func may() error { return nil }

func TestWhoMayNotTypeIsRefusedAndNotHeard(t *testing.T) {
	r, conns := stage(t, 2)
	muted := chat.Errorf(chat.Forbidden, "muted")
	if err := conns[0].setTyping(1, true, func() error { return muted }); !errors.Is(err, muted) {
		t.Fatalf("err = %v, want %v", err, muted)
	}
	r.broadcastTyping(time.Now())
	if seen := typingSeen(t, conns[1]); len(seen) != 0 {
		t.Fatalf("the other saw %v", seen)
	}
}

// away is a store that does not answer.
type away struct{ chat.Rooms }

func (away) Room(ctx context.Context, _ chat.RoomID, _ chat.UserID) (chat.Room, *chat.Membership, error) {
	<-ctx.Done()
	return chat.Room{}, nil, chat.ErrUnavailable(ctx.Err())
}

func TestTypingGoesOnWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, conns := stage(t, 2)
		conns[0].service = &service.Service{Dependencies: service.Dependencies{Rooms: away{}, Now: time.Now}}
		began := time.Now()
		if err := startTyping(t.Context(), conns[0], "", wire.RoomRef{RoomID: 1}); err != nil || time.Since(began) > typingCheckTimeout {
			t.Fatalf("typing = %v after %s", err, time.Since(began))
		}
		r.broadcastTyping(time.Now())
		if seen := typingSeen(t, conns[1]); len(seen) != 1 || !slices.Equal(seen[0], []chat.UserID{1}) {
			t.Fatalf("the other saw %v", seen)
		}
	})
}

func TestOnlyWhoSitsInARoomTypesInIt(t *testing.T) {
	_, conns := stage(t, 1)
	if err := conns[0].setTyping(2, true, may); chat.CodeOf(err) != chat.NotAMember {
		t.Fatalf("err = %v, want NOT_A_MEMBER", err)
	}
}

func TestPresenceThatHadNoRoomIsToldLater(t *testing.T) {
	r, conns := stage(t, 1)
	c, now := conns[0], time.Now()
	look := func(roster chat.OnlineUsers) { r.applyOnline(roster, now) }
	look(chat.OnlineUsers{1: chat.Online})
	c.queue.all()
	for range maxQueuedEvents / 2 { // half of the place is taken
		c.sendEvent([]byte(`{"type":"message:new"}`))
	}
	look(chat.OnlineUsers{1: chat.Online, 2: chat.Online, 3: chat.Online})
	look(chat.OnlineUsers{1: chat.Online, 2: chat.Busy, 3: chat.Online})
	if frames := c.queue.all(); len(frames) != maxQueuedEvents/2 {
		t.Fatalf("%d frames wait, want only the %d messages", len(frames), maxQueuedEvents/2)
	}
	look(chat.OnlineUsers{1: chat.Online, 2: chat.Busy, 3: chat.Online}) // nothing new
	frames := c.queue.all()
	want := `{"type":"presence:update","data":{"roomId":1,"users":[{"userId":2,"status":"busy"},{"userId":3,"status":"online"}]}}`
	if len(frames) != 1 || string(frames[0]) != want {
		t.Fatalf("told %s, want %s", frames, want)
	}
	look(chat.OnlineUsers{1: chat.Online, 2: chat.Busy, 3: chat.Online})
	if frames := c.queue.all(); len(frames) != 0 {
		t.Fatalf("told again: %s", frames)
	}
}

func TestTypingOnAndOffInTurnKeepsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, conns := stage(t, 2)
		other := newConn(r.hub, nil, nil, conns[0].caller, "other") // of the same user
		other.queue.wake = func() {}
		withoutSocket(t, other)
		other.rooms[1] = r
		r.addSub(other)
		r.activate(other, readAt(0), 0, joinedFrame)
		// Asking whether a user may type is what beginning costs.
		begun := 0
		may := func() error { begun++; return nil }
		const lasts = 20 * time.Second
		for began := time.Now(); time.Since(began) < lasts; time.Sleep(10 * time.Millisecond) {
			for _, c := range []*Conn{conns[0], other} {
				for _, on := range []bool{true, false} {
					if err := c.setTyping(1, on, may); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if most := int(lasts / typingInterval); begun > most || begun < most/2 {
			t.Errorf("a user began to type %d times in %s, want about %d", begun, lasts, most)
		}
		r.broadcastTyping(time.Now().Add(typingTimeout))
		if len(r.typing.lastStart) > 0 {
			t.Errorf("the room keeps %d users that typed, want none", len(r.typing.lastStart))
		}
	})
}
