package app_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestTwoUsersChat(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		joined := bob.join(room.ID, nil)
		if len(joined.Online) != 2 || joined.Membership.Role != chat.Member || joined.To != 1 {
			d.t.Fatalf("joined = %+v, want both online, a member, at 1", joined)
		}
		alice.receives(1) // bob joined

		done := alice.send(room.ID, "hello **bob**")
		if done.Seq != 2 || done.ID == 0 || done.CreatedAt == 0 {
			d.t.Fatalf("confirmed = %+v, want seq 2", done)
		}
		for _, p := range []*testUser{alice, bob} {
			m := p.receives(2)
			if m.CID != done.CID || m.Author.Username != "alice" || strings.TrimSpace(m.HTML) != "<p>hello <strong>bob</strong></p>" {
				d.t.Fatalf("message = %+v", m)
			}
		}
		bob.send(room.ID, "hello alice")
		alice.receives(3)

		var pong wire.Pong
		if err := bob.Socket.Do(ctx(d.t), "ping", map[string]any{}, &pong); err != nil || pong.Heads[room.ID] != 3 {
			d.t.Fatalf("pong = %+v, %v, want head 3", pong, err)
		}
		history, err := bob.History(ctx(d.t), room.ID, "limit=10")
		if err != nil || texts(history) != "hello **bob** hello alice" {
			d.t.Fatalf("history = %q, %v", texts(history), err)
		}
	})
}

func TestReconnectCatchesUp(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		joined := bob.join(room.ID, nil)
		bob.Cut()
		for _, text := range count(120) {
			alice.send(room.ID, text)
		}
		bob.connect()
		back := bob.join(room.ID, map[string]any{"since": joined.To, "epoch": joined.Epoch, "limit": 100})
		if back.From != joined.To || !back.More || len(back.Messages) != 100 || back.To != joined.To+100 {
			d.t.Fatalf("back = (%d, %d], %d messages, more %v", back.From, back.To, len(back.Messages), back.More)
		}
		var rest wire.RoomChanges
		if err := bob.Socket.Do(ctx(d.t), "room:changes", map[string]any{"roomId": room.ID, "since": back.To, "epoch": back.Epoch}, &rest); err != nil {
			d.t.Fatal(err)
		}
		got := texts(back.Messages) + " " + texts(rest.Messages)
		if want := strings.Join(count(120), " "); got != want || rest.More {
			d.t.Fatalf("caught up on %q, more %v, want %q", got, rest.More, want)
		}
		alice.send(room.ID, "live")
		bob.receives(rest.To + 1)

		for name, ask := range map[string]map[string]any{
			"another epoch":        {"since": 1, "epoch": "elsewhere"},
			"an epoch of a number": {"since": 1, "epoch": 7},
			"a future number":      {"since": 100000, "epoch": joined.Epoch},
		} {
			if reset := bob.join(room.ID, ask); !reset.Reset || len(reset.Messages) != 50 || reset.To != reset.Head {
				d.t.Fatalf("%s: reset = %v with %d messages up to %d of %d", name, reset.Reset, len(reset.Messages), reset.To, reset.Head)
			}
		}
	})
}

func TestCIDIsIdempotent(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		cid := uuid.NewString()
		first, err := alice.trySend(room.ID, cid, "once")
		if err != nil {
			d.t.Fatal(err)
		}
		for n := range 2 { // on any node
			again := newClient(d.nodes[n%len(d.nodes)])
			again.Token = alice.Token
			var out struct {
				Message chat.Message `json:"message"`
			}
			err := again.Do(ctx(d.t), http.MethodPost, path("/rooms/%d/messages", room.ID), map[string]any{"cid": strings.ToUpper(cid), "text": "once"}, &out)
			if err != nil || out.Message.ID != first.ID || out.Message.Seq != first.Seq {
				d.t.Fatalf("again = %+v, %v, want the original %+v", out.Message, err, first)
			}
		}
		_, err = alice.trySend(room.ID, cid, "twice")
		wantCode(d.t, err, chat.CIDConflict)
		_, err = alice.trySend(other.ID, cid, "once")
		wantCode(d.t, err, chat.CIDConflict)
	})
}

func TestNonMembersSeeNothing(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		open := alice.room("Open", nil)
		locked := alice.room("Locked", map[string]any{"password": "let me in"})
		hidden := alice.room("Hidden", map[string]any{"private": true})
		secret := alice.room("Secret", map[string]any{"private": true, "password": "let me in"})
		missing := chat.RoomID(99999)

		for _, c := range []struct {
			name string
			room chat.RoomID
			want chat.Code
		}{
			{"public", open.ID, chat.NotAMember},
			{"private", hidden.ID, chat.NotFound},
			{"private with a password", secret.ID, chat.NotFound},
			{"missing", missing, chat.NotFound},
		} {
			_, err := bob.History(ctx(d.t), c.room, "limit=1")
			wantCode(d.t, err, c.want)
			_, err = bob.trySend(c.room, uuid.NewString(), "hi")
			wantCode(d.t, err, c.want)
			wantCode(d.t, bob.Socket.Do(ctx(d.t), "room:changes", map[string]any{"roomId": c.room, "since": 0}, nil), c.want)
		}
		for name, room := range map[string]chat.RoomID{"Hidden": hidden.ID, "secret": secret.ID, "nowhere": missing} {
			wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, path("/rooms/%d", room), nil, nil), chat.NotFound)
			wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, "/rooms/by-name/"+name, nil, nil), chat.NotFound)
			wantCode(d.t, bob.JoinRoom(ctx(d.t), room, "a wrong guess"), chat.NotFound)
			wantCode(d.t, bob.JoinRoom(ctx(d.t), room, ""), chat.NotFound)
		}
		wantCode(d.t, bob.JoinRoom(ctx(d.t), locked.ID, ""), chat.PasswordRequired)
		wantCode(d.t, bob.JoinRoom(ctx(d.t), locked.ID, "a wrong guess"), chat.WrongPassword)
		if err := bob.JoinRoom(ctx(d.t), locked.ID, "let me in"); err != nil {
			d.t.Fatalf("join with the password: %v", err)
		}
		byName := map[string]string{"name": "SECRET", "password": "let me in"}
		if err := bob.Client.Do(ctx(d.t), http.MethodPost, "/rooms/join", byName, nil); err != nil {
			d.t.Fatalf("join by name and password: %v", err)
		}
		if _, err := bob.History(ctx(d.t), secret.ID, "limit=1"); err != nil {
			d.t.Fatalf("history after joining: %v", err)
		}
	})
}

func TestLeaveEndsDelivery(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		bob.join(other.ID, nil)
		second := &testUser{Client: bob.Client, t: d.t}
		second.connect()
		second.join(room.ID, nil)
		if err := bob.Socket.Do(ctx(d.t), "room:leave", map[string]any{"roomId": room.ID}, nil); err != nil {
			d.t.Fatal(err)
		}
		if _, err := second.Next(ctx(d.t), "room:removed"); err != nil {
			d.t.Fatal(err)
		}
		alice.receives(1)
		if m := alice.receives(2); m.System == nil || m.System.Action != chat.Left || m.System.UserID != bob.User.ID {
			d.t.Fatalf("message = %+v, want that bob left", m)
		}
		alice.send(room.ID, "secret")
		_, err := bob.trySend(room.ID, uuid.NewString(), "still here?")
		wantCode(d.t, err, chat.NotAMember)
		alice.join(other.ID, nil)
		alice.send(other.ID, "between")
		if m := bob.receives(2); m.Text != "between" { // 1 is that bob joined
			d.t.Fatalf("bob received %q, want only messages of the other room", m.Text)
		}
	})
}

func TestLogoutClosesTheSocketsOfTheSession(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		other := newClient(d.nodes[len(d.nodes)-1])
		other.Token = alice.Token
		if err := other.Do(ctx(d.t), http.MethodPost, "/auth/logout", nil, nil); err != nil {
			d.t.Fatal(err)
		}
		if _, err := alice.Next(ctx(d.t), "nothing"); err == nil || alice.CloseCode() != 4001 {
			d.t.Fatalf("socket ended with %d, want 4001", alice.CloseCode())
		}
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		_, err := alice.Dial(ctx(d.t))
		if refusal, ok := errors.AsType[*client.Error](err); !ok || refusal.Status != http.StatusUnauthorized {
			d.t.Fatalf("dial = %v, want 401", err)
		}
	})
}

func TestPresence(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		alice.expectStatus(room.ID, bob.User.ID, chat.Online)
		bob.Cut()
		alice.expectStatus(room.ID, bob.User.ID, chat.Offline)
	})
}

// expectStatus waits until p receives the status of user.
func (p *testUser) expectStatus(room chat.RoomID, user chat.UserID, status chat.Status) {
	p.t.Helper()
	limit := ctx(p.t)
	for {
		f, err := p.Next(limit, "presence:update")
		if err != nil {
			p.t.Fatalf("wait for %s: %v", status, err)
		}
		var update wire.PresenceUpdate
		if err := f.Decode(&update); err != nil {
			p.t.Fatal(err)
		}
		for _, u := range update.Users {
			if u.Status == chat.Offline && u.LastSeenAt == 0 {
				p.t.Fatalf("update = %+v, want lastSeenAt", update)
			}
			if update.RoomID == room && u.UserID == user && u.Status == status {
				return
			}
		}
	}
}

func TestRateLimit(t *testing.T) {
	d := embedded(t, map[string]string{"RATE_LIMIT_MESSAGES": "3"})
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	room := alice.room("Lobby", nil)
	bob.join(room.ID, nil)
	for range 3 {
		alice.send(room.ID, "hi")
	}
	_, err := alice.trySend(room.ID, uuid.NewString(), "too much")
	wantCode(t, err, chat.RateLimited)
	bob.send(room.ID, "others can send")
}

func TestEditReactAndDelete(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob, carol := d.user("alice", 0), d.user("bob", 1), d.user("carol", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		sent := alice.send(room.ID, "helo") // 2

		wantCode(d.t, bob.Socket.Do(ctx(d.t), "message:edit", map[string]any{"messageId": sent.ID, "text": "x"}, nil), chat.Forbidden)
		wantCode(d.t, bob.Socket.Do(ctx(d.t), "message:delete", map[string]any{"messageId": sent.ID}, nil), chat.Forbidden)
		wantCode(d.t, carol.Client.Do(ctx(d.t), http.MethodGet, path("/messages/%d", sent.ID), nil, nil), chat.NotFound)
		wantCode(d.t, carol.Socket.Do(ctx(d.t), "message:react", map[string]any{"messageId": sent.ID, "emoji": "👍", "on": true}, nil), chat.NotFound)
		wantCode(d.t, bob.Socket.Do(ctx(d.t), "message:react", map[string]any{"messageId": sent.ID, "emoji": "ab", "on": true}, nil), chat.BadRequest)

		var done wire.Done
		if err := alice.Socket.Do(ctx(d.t), "message:edit", map[string]any{"messageId": sent.ID, "text": "hello"}, &done); err != nil || done.Seq != 3 {
			d.t.Fatalf("edit = %+v, %v, want 3", done, err)
		}
		for _, p := range []*testUser{alice, bob} {
			if e := p.event("message:edited"); e.Seq != 3 || e.Message.Text != "hello" || e.Message.Seq != 2 {
				d.t.Fatalf("edited = %+v", e)
			}
		}
		if err := bob.Client.Do(ctx(d.t), http.MethodPut, path("/messages/%d/reactions/👍", sent.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		for p, me := range map[*testUser]bool{alice: false, bob: true} {
			if e := p.event("message:reaction"); e.Seq != 4 || len(e.Message.Reactions) != 1 || e.Message.Reactions[0].Me != me || e.Message.Reactions[0].Count != 1 {
				d.t.Fatalf("reaction for %s = %+v", p.User.Username, e)
			}
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/messages/%d", sent.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		if e := bob.event("message:deleted"); e.Seq != 5 || e.Message.Text != "" || e.Message.DeletedAt == 0 {
			d.t.Fatalf("deleted = %+v", e)
		}
		history, err := bob.History(ctx(d.t), room.ID, "limit=10")
		if err != nil || len(history) != 2 || history[1].Text != "" || history[1].Seq != 2 {
			d.t.Fatalf("history = %+v, %v, want a tombstone at 2", history, err)
		}
	})
}

func (p *testUser) event(kind string) wire.MessageEvent {
	p.t.Helper()
	f, err := p.Next(ctx(p.t), kind)
	if err != nil {
		p.t.Fatal(err)
	}
	var e wire.MessageEvent
	if err := f.Decode(&e); err != nil {
		p.t.Fatal(err)
	}
	return e
}

func TestReadStateIsSynchronized(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		phone := &testUser{Client: newClient(d.nodes[0]), t: d.t}
		phone.Token = bob.Token
		phone.connect()
		for _, text := range count(3) {
			alice.send(room.ID, text) // 2, 3, 4
		}
		for _, step := range []struct{ mark, lastRead, unread int }{{3, 3, 1}, {2, 3, 1}, {99, 4, 0}} {
			if err := bob.Socket.Do(ctx(d.t), "read:mark", map[string]any{"roomId": room.ID, "seq": step.mark}, nil); err != nil {
				d.t.Fatal(err)
			}
			f, err := phone.Next(ctx(d.t), "read:updated")
			if err != nil {
				d.t.Fatal(err)
			}
			var update wire.ReadUpdated
			if err := f.Decode(&update); err != nil || int(update.LastRead) != step.lastRead || update.Unread != step.unread || update.RoomID != room.ID {
				d.t.Fatalf("mark %d: received %+v, %v", step.mark, update, err)
			}
		}
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodPut, "/rooms/9999/read", map[string]int{"seq": 1}, nil), chat.NotFound)
	})
}

func TestTyping(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		bob.command("typing:start", room.ID)
		alice.expectTyping(room.ID, bob.User.ID)
		bob.send(room.ID, "done") // after a message, the sender is no longer typing
		alice.expectTyping(room.ID)
		alice.command("typing:start", room.ID)
		bob.expectTyping(room.ID, alice.User.ID)
		bob.expectTyping(room.ID) // typing ends by itself
	})
}

func (p *testUser) command(kind string, room chat.RoomID) {
	p.t.Helper()
	if err := p.Write(ctx(p.t), []byte(path(`{"type":%q,"data":{"roomId":%d}}`, kind, room))); err != nil {
		p.t.Fatal(err)
	}
}

// typingRefusal starts typing until it is refused, and returns the refusal. The server lets a start through
// if its check takes too long, as on a busy machine, and ignores others that follow within two seconds.
func (p *testUser) typingRefusal(room chat.RoomID) error {
	p.t.Helper()
	limit := ctx(p.t)
	for limit.Err() == nil {
		if err := p.Write(limit, []byte(path(`{"id":99,"type":"typing:start","data":{"roomId":%d}}`, room))); err != nil {
			p.t.Fatal(err)
		}
		attempt, cancel := context.WithTimeout(limit, 2100*time.Millisecond)
		refused, err := p.Next(attempt, "error")
		cancel()
		if err == nil {
			return refused.Refusal()
		}
		if p.Err() != nil {
			p.t.Fatal(err)
		}
	}
	p.t.Fatal("typing was never refused")
	return nil
}

func (p *testUser) expectTyping(room chat.RoomID, users ...chat.UserID) {
	p.t.Helper()
	limit := ctx(p.t)
	for {
		f, err := p.Next(limit, "typing:update")
		if err != nil {
			p.t.Fatalf("wait for %v typing: %v", users, err)
		}
		var update wire.TypingUpdate
		if err := f.Decode(&update); err != nil {
			p.t.Fatal(err)
		}
		if slices.Contains(update.UserIDs, p.User.ID) {
			p.t.Fatalf("%s received its own typing", p.User.Username)
		}
		if update.RoomID == room && slices.Equal(update.UserIDs, users) {
			return
		}
	}
}

func TestStatus(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		if err := bob.Socket.Do(ctx(d.t), "presence:set", map[string]string{"status": "busy"}, nil); err != nil {
			d.t.Fatal(err)
		}
		alice.expectStatus(room.ID, bob.User.ID, chat.Busy)
		wantCode(d.t, bob.Socket.Do(ctx(d.t), "presence:set", map[string]string{"status": "offline"}, nil), chat.BadRequest)
	})
}
