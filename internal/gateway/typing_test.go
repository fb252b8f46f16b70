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

// newTestRoom returns a room, without store and sockets, with a live connection for each of
// the users 1, 2, …. In a synctest bubble its clock is the bubble's.
func newTestRoom(t *testing.T, users int) (*room, []*Conn) {
	t.Helper()
	h := NewHub(Deps{
		Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewRegistry()),
		Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(h.cancel)
	r := newRoom(h, 1)
	h.open[1] = r
	var conns []*Conn
	for id := range users {
		c := newConn(h, nil, nil, chat.Caller{User: chat.User{ID: chat.UserID(id + 1)}}, "c")
		c.wake = func(*connWriter) {} // the lines for it stay in its queue
		stopCutoff(t, c)
		c.rooms[1] = r
		r.addSub(c)
		r.activate(c, headAt(0), 0, joinedResponse)
		c.takeAll()
		conns = append(conns, c)
	}
	return r, conns
}

// typingUpdates returns the users of each typing:update that is queued for c.
func typingUpdates(t *testing.T, c *Conn) [][]chat.UserID {
	t.Helper()
	var updates [][]chat.UserID
	for _, frame := range c.takeAll() {
		var f struct {
			Type string
			Data wire.TypingUpdate
		}
		if err := json.Unmarshal(frame, &f); err != nil {
			t.Fatal(err)
		}
		if f.Type == "typing:update" {
			updates = append(updates, f.Data.UserIDs)
		}
	}
	return updates
}

func TestTypingIsCoalescedThrottledAndTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, conns := newTestRoom(t, 3)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go conns[0].hub.runTyping(ctx)
		time.Sleep(typingTick / 2) // the following calls are between two ticks
		expect := func(c *Conn, want ...[]chat.UserID) {
			t.Helper()
			synctest.Wait()
			if got := typingUpdates(t, c); !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("updates of user %d = %v, want %v", c.caller.User.ID, got, want)
			}
		}
		none := []chat.UserID{}

		for range 10 { // ten keys of one user, and another user: one frame
			if err := conns[0].setTyping(1, true, allow); err != nil {
				t.Fatal(err)
			}
		}
		if err := conns[1].setTyping(1, true, allow); err != nil {
			t.Fatal(err)
		}
		time.Sleep(typingTick)
		expect(conns[0], []chat.UserID{2})
		expect(conns[1], []chat.UserID{1})
		expect(conns[2], []chat.UserID{1, 2})

		time.Sleep(typingInterval)
		if err := conns[0].setTyping(1, true, allow); err != nil { // still
			t.Fatal(err)
		}
		time.Sleep(typingTimeout - typingInterval)
		expect(conns[2], []chat.UserID{1}) // the second user timed out
		time.Sleep(typingInterval + typingTick)
		expect(conns[2], none)
		expect(conns[1], []chat.UserID{1}, none)

		if err := conns[0].setTyping(1, true, allow); err != nil {
			t.Fatal(err)
		}
		time.Sleep(typingTick)
		if err := conns[0].setTyping(1, false, allow); err != nil {
			t.Fatal(err)
		}
		time.Sleep(typingTick)
		expect(conns[2], []chat.UserID{1}, none)
	})
}

// allow permits typing.
func allow() error { return nil }

func TestTypingOfAMutedMemberIsRefusedAndNotPublished(t *testing.T) {
	r, conns := newTestRoom(t, 2)
	muted := chat.Errorf(chat.Forbidden, "muted")
	if err := conns[0].setTyping(1, true, func() error { return muted }); !errors.Is(err, muted) {
		t.Fatalf("err = %v, want %v", err, muted)
	}
	r.broadcastTyping(time.Now())
	if updates := typingUpdates(t, conns[1]); len(updates) != 0 {
		t.Fatalf("updates of the other user = %v, want none", updates)
	}
}

// unreachable is a store that does not answer.
type unreachable struct{ chat.Rooms }

func (unreachable) Room(ctx context.Context, _ chat.RoomID, _ chat.UserID) (chat.Room, *chat.Membership, error) {
	<-ctx.Done()
	return chat.Room{}, nil, chat.ErrUnavailable(ctx.Err())
}

func TestTypingWorksWhileTheDatabaseIsUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, conns := newTestRoom(t, 2)
		conns[0].service = &service.Service{Dependencies: service.Dependencies{Rooms: unreachable{}, Now: time.Now}}
		began := time.Now()
		if err := startTyping(t.Context(), conns[0], "", wire.RoomRef{RoomID: 1}); err != nil || time.Since(began) > typingCheckTimeout {
			t.Fatalf("typing = %v after %s", err, time.Since(began))
		}
		r.broadcastTyping(time.Now())
		if updates := typingUpdates(t, conns[1]); len(updates) != 1 || !slices.Equal(updates[0], []chat.UserID{1}) {
			t.Fatalf("updates of the other user = %v, want one with user 1", updates)
		}
	})
}

func TestTypingNeedsASubscription(t *testing.T) {
	_, conns := newTestRoom(t, 1)
	if err := conns[0].setTyping(2, true, allow); chat.CodeOf(err) != chat.NotAMember {
		t.Fatalf("err = %v, want NOT_A_MEMBER", err)
	}
}

func TestPresenceThatDoesNotFitIsSentLater(t *testing.T) {
	r, conns := newTestRoom(t, 1)
	c, now := conns[0], time.Now()
	apply := func(online chat.OnlineUsers) { r.applyOnline(online, now) }
	apply(chat.OnlineUsers{1: chat.Online})
	c.takeAll()
	for range maxQueuedEvents / 2 { // half of the queue is taken
		c.sendEvent([]byte(`{"type":"message:new"}`))
	}
	apply(chat.OnlineUsers{1: chat.Online, 2: chat.Online, 3: chat.Online})
	apply(chat.OnlineUsers{1: chat.Online, 2: chat.Busy, 3: chat.Online})
	if frames := c.takeAll(); len(frames) != maxQueuedEvents/2 {
		t.Fatalf("queued frames = %d, want only the %d messages", len(frames), maxQueuedEvents/2)
	}
	apply(chat.OnlineUsers{1: chat.Online, 2: chat.Busy, 3: chat.Online}) // no difference
	frames := c.takeAll()
	want := `{"type":"presence:update","data":{"roomId":1,"users":[{"userId":2,"status":"busy"},{"userId":3,"status":"online"}]}}`
	if len(frames) != 1 || string(frames[0]) != want {
		t.Fatalf("frames = %s, want %s", frames, want)
	}
	apply(chat.OnlineUsers{1: chat.Online, 2: chat.Busy, 3: chat.Online})
	if frames := c.takeAll(); len(frames) != 0 {
		t.Fatalf("frames = %s, want none: the update has been sent", frames)
	}
}

func TestAlternatingTypingStartAndStopIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, conns := newTestRoom(t, 2)
		other := newConn(r.hub, nil, nil, conns[0].caller, "other") // of the same user
		other.wake = func(*connWriter) {}
		stopCutoff(t, other)
		other.rooms[1] = r
		r.addSub(other)
		r.activate(other, headAt(0), 0, joinedResponse)
		// Each published start calls the check once.
		starts := 0
		allow := func() error { starts++; return nil }
		const duration = 20 * time.Second
		for began := time.Now(); time.Since(began) < duration; time.Sleep(10 * time.Millisecond) {
			for _, c := range []*Conn{conns[0], other} {
				for _, on := range []bool{true, false} {
					if err := c.setTyping(1, on, allow); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if limit := int(duration / typingInterval); starts > limit || starts < limit/2 {
			t.Errorf("published starts in %s = %d, want about %d", duration, starts, limit)
		}
		r.broadcastTyping(time.Now().Add(typingTimeout))
		if len(r.typing.lastStart) > 0 {
			t.Errorf("users in lastStart = %d, want none", len(r.typing.lastStart))
		}
	})
}
