package app_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// Guarantee G6: the end of a permission takes effect immediately by REST, and reaches the sockets of
// every node.

func TestKickReachesEveryNode(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice, bob := w.person("alice", 0), w.person("bob", 1)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		bob.join(room.ID, nil)
		bob.join(other.ID, nil)
		if err := alice.Client.Do(ctx(w.t), http.MethodDelete, path("/rooms/%d/members/%d", room.ID, bob.User.ID), nil, nil); err != nil {
			w.t.Fatal(err)
		}
		_, err := bob.History(ctx(w.t), room.ID, "limit=1")
		wantCode(w.t, err, chat.NotAMember)
		_, err = bob.trySay(room.ID, uuid.NewString(), "still here?")
		wantCode(w.t, err, chat.NotAMember)
		alice.say(room.ID, "secret")
		f, err := bob.Next(ctx(w.t), "room:removed")
		if err != nil || string(f.Data) != path(`{"roomId":%d,"reason":"kicked"}`, room.ID) {
			w.t.Fatalf("removed = %s, %v", f.Data, err)
		}
		alice.say(other.ID, "between")
		bob.hears(1 + 1) // only messages of the other room: 1 is that bob joined
		wantCode(w.t, bob.Client.Do(ctx(w.t), http.MethodDelete, path("/rooms/%d/members/%d", other.ID, alice.User.ID), nil, nil), chat.Forbidden)
	})
}

func TestRoomDeletionReachesEveryNode(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice, bob := w.person("alice", 0), w.person("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		wantCode(w.t, bob.Client.Do(ctx(w.t), http.MethodDelete, path("/rooms/%d", room.ID), nil, nil), chat.Forbidden)
		if err := alice.Client.Do(ctx(w.t), http.MethodDelete, path("/rooms/%d", room.ID), nil, nil); err != nil {
			w.t.Fatal(err)
		}
		f, err := bob.Next(ctx(w.t), "room:removed")
		if err != nil || string(f.Data) != path(`{"roomId":%d,"reason":"deleted"}`, room.ID) {
			w.t.Fatalf("removed = %s, %v", f.Data, err)
		}
		_, err = bob.trySay(room.ID, uuid.NewString(), "hello?")
		wantCode(w.t, err, chat.NotFound)
	})
}

func TestRoomRename(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice, bob := w.person("alice", 0), w.person("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		if err := alice.Client.Do(ctx(w.t), http.MethodPatch, path("/rooms/%d", room.ID), map[string]string{"name": "Den"}, nil); err != nil {
			w.t.Fatal(err)
		}
		if m := bob.hears(2); m.System == nil || m.System.Action != chat.Named {
			w.t.Fatalf("message = %+v, want the rename", m)
		}
		f, err := bob.Next(ctx(w.t), "room:updated")
		var told wire.RoomUpdated
		if err != nil || f.Decode(&told) != nil || told.Room.Name != "Den" {
			w.t.Fatalf("updated = %s, %v", f.Data, err)
		}
	})
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice := w.person("alice", 0)
		thief := &person{Client: client.New(w.nodes[len(w.nodes)-1]), t: w.t}
		if err := thief.Login(ctx(w.t), "ALICE", "correct horse"); err != nil {
			w.t.Fatal(err)
		}
		thief.connect()
		wantCode(w.t, alice.Client.Do(ctx(w.t), http.MethodPut, "/auth/password", map[string]string{"current": "wrong horse", "password": "another horse"}, nil), chat.WrongPassword)
		if err := alice.Client.Do(ctx(w.t), http.MethodPut, "/auth/password", map[string]string{"current": "correct horse", "password": "another horse"}, nil); err != nil {
			w.t.Fatal(err)
		}
		if _, err := thief.Next(ctx(w.t), "nothing"); err == nil || thief.CloseCode() != 4001 {
			w.t.Fatalf("socket ended with %d, want 4001", thief.CloseCode())
		}
		wantCode(w.t, thief.Client.Do(ctx(w.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		wantCode(w.t, thief.Login(ctx(w.t), "alice", "correct horse"), chat.Unauthenticated)
		if err := thief.Login(ctx(w.t), "alice", "another horse"); err != nil {
			w.t.Fatal(err)
		}
		room := alice.room("Mine", nil) // alice's own session is still valid
		alice.say(room.ID, "here")
	})
}

func TestEndSession(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice := w.person("alice", 0)
		phone := &person{Client: client.New(w.nodes[len(w.nodes)-1]), t: w.t}
		if err := phone.Login(ctx(w.t), "alice", "correct horse"); err != nil {
			w.t.Fatal(err)
		}
		phone.connect()
		var list struct {
			Sessions []struct {
				ID      chat.SessionID `json:"id"`
				Current bool           `json:"current"`
			} `json:"sessions"`
		}
		if err := alice.Client.Do(ctx(w.t), http.MethodGet, "/auth/sessions", nil, &list); err != nil || len(list.Sessions) != 2 {
			w.t.Fatalf("sessions = %+v, %v, want 2", list, err)
		}
		for _, s := range list.Sessions {
			if !s.Current {
				if err := alice.Client.Do(ctx(w.t), http.MethodDelete, path("/auth/sessions/%d", s.ID), nil, nil); err != nil {
					w.t.Fatal(err)
				}
			}
		}
		if _, err := phone.Next(ctx(w.t), "nothing"); err == nil || phone.CloseCode() != 4001 {
			w.t.Fatalf("socket ended with %d, want 4001", phone.CloseCode())
		}
	})
}
