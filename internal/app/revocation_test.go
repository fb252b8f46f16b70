package app_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// Guarantee G6: the end of a permission takes effect immediately by REST, and reaches the sockets of
// every node.

func TestKickReachesEveryNode(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		bob.join(room.ID, nil)
		bob.join(other.ID, nil)
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/rooms/%d/members/%d", room.ID, bob.User.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		_, err := bob.History(ctx(d.t), room.ID, "limit=1")
		wantCode(d.t, err, chat.NotAMember)
		_, err = bob.trySend(room.ID, uuid.NewString(), "still here?")
		wantCode(d.t, err, chat.NotAMember)
		alice.send(room.ID, "secret")
		f, err := bob.Next(ctx(d.t), "room:removed")
		if err != nil || string(f.Data) != path(`{"roomId":%d,"reason":"kicked"}`, room.ID) {
			d.t.Fatalf("removed = %s, %v", f.Data, err)
		}
		alice.send(other.ID, "between")
		bob.receives(1 + 1) // only messages of the other room: 1 is that bob joined
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodDelete, path("/rooms/%d/members/%d", other.ID, alice.User.ID), nil, nil), chat.Forbidden)
	})
}

func TestRoomDeletionReachesEveryNode(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodDelete, path("/rooms/%d", room.ID), nil, nil), chat.Forbidden)
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/rooms/%d", room.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		f, err := bob.Next(ctx(d.t), "room:removed")
		if err != nil || string(f.Data) != path(`{"roomId":%d,"reason":"deleted"}`, room.ID) {
			d.t.Fatalf("removed = %s, %v", f.Data, err)
		}
		_, err = bob.trySend(room.ID, uuid.NewString(), "hello?")
		wantCode(d.t, err, chat.NotFound)
	})
}

func TestRoomRename(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		if err := alice.Client.Do(ctx(d.t), http.MethodPatch, path("/rooms/%d", room.ID), map[string]string{"name": "Den"}, nil); err != nil {
			d.t.Fatal(err)
		}
		if m := bob.receives(2); m.System == nil || m.System.Action != chat.Named {
			d.t.Fatalf("message = %+v, want the rename", m)
		}
		f, err := bob.Next(ctx(d.t), "room:updated")
		var update wire.RoomUpdated
		if err != nil || f.Decode(&update) != nil || update.Room.Name != "Den" {
			d.t.Fatalf("updated = %s, %v", f.Data, err)
		}
	})
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		thief := &testUser{Client: newClient(d.nodes[len(d.nodes)-1]), t: d.t}
		if err := thief.Login(ctx(d.t), "ALICE", "correct horse"); err != nil {
			d.t.Fatal(err)
		}
		thief.connect()
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodPut, "/auth/password", map[string]string{"current": "wrong horse", "password": "another horse"}, nil), chat.WrongPassword)
		if err := alice.Client.Do(ctx(d.t), http.MethodPut, "/auth/password", map[string]string{"current": "correct horse", "password": "another horse"}, nil); err != nil {
			d.t.Fatal(err)
		}
		if _, err := thief.Next(ctx(d.t), "nothing"); err == nil || thief.CloseCode() != 4001 {
			d.t.Fatalf("socket ended with %d, want 4001", thief.CloseCode())
		}
		wantCode(d.t, thief.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		wantCode(d.t, thief.Login(ctx(d.t), "alice", "correct horse"), chat.Unauthenticated)
		if err := thief.Login(ctx(d.t), "alice", "another horse"); err != nil {
			d.t.Fatal(err)
		}
		room := alice.room("Mine", nil) // alice's own session is still valid
		alice.send(room.ID, "here")
	})
}

func TestEndSession(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		phone := &testUser{Client: newClient(d.nodes[len(d.nodes)-1]), t: d.t}
		if err := phone.Login(ctx(d.t), "alice", "correct horse"); err != nil {
			d.t.Fatal(err)
		}
		phone.connect()
		var list struct {
			Sessions []struct {
				ID      chat.SessionID `json:"id"`
				Current bool           `json:"current"`
			} `json:"sessions"`
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodGet, "/auth/sessions", nil, &list); err != nil || len(list.Sessions) != 2 {
			d.t.Fatalf("sessions = %+v, %v, want 2", list, err)
		}
		for _, s := range list.Sessions {
			if !s.Current {
				if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/auth/sessions/%d", s.ID), nil, nil); err != nil {
					d.t.Fatal(err)
				}
			}
		}
		if _, err := phone.Next(ctx(d.t), "nothing"); err == nil || phone.CloseCode() != 4001 {
			d.t.Fatalf("socket ended with %d, want 4001", phone.CloseCode())
		}
	})
}
