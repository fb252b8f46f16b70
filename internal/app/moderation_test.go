package app_test

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestBanEndsTheMembershipAndPreventsJoining(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		open := alice.room("Open", nil)
		secret := alice.room("Secret", map[string]any{"private": true, "password": "let me in"})
		other := alice.room("Other", nil)
		alice.join(open.ID, nil)
		bob.join(open.ID, nil)
		bob.join(other.ID, nil)
		bob.do(http.MethodPost, "/rooms/join", map[string]string{"name": "secret", "password": "let me in"}, nil)
		var invited struct{ Invite struct{ Token string } }
		var hidden struct{ Invite struct{ Token string } }
		alice.do(http.MethodPost, path("/rooms/%d/invites", open.ID), nil, &invited)
		alice.do(http.MethodPost, path("/rooms/%d/invites", secret.ID), nil, &hidden)

		for _, room := range []chat.RoomID{open.ID, secret.ID} {
			alice.do(http.MethodPut, path("/rooms/%d/bans/%d", room, bob.User.ID), map[string]string{"reason": "noise"}, nil)
		}
		alice.receives(1)
		if m := alice.receives(2); m.System == nil || m.System.Action != chat.Kicked || m.Text != "alice banned bob from the room." {
			d.t.Fatalf("message = %+v, want the kick", m)
		}
		alice.send(open.ID, "behind your back")
		f, err := bob.Next(ctx(d.t), "room:removed")
		if err != nil || string(f.Data) != path(`{"roomId":%d,"reason":"kicked"}`, open.ID) {
			d.t.Fatalf("removed = %s, %v", f.Data, err)
		}
		alice.send(other.ID, "between")
		bob.receives(2) // only messages of the other room: 1 is that bob joined

		wantCode(d.t, bob.JoinRoom(ctx(d.t), open.ID, ""), chat.Forbidden)
		wantCode(d.t, bob.Socket.Do(ctx(d.t), "room:join", map[string]any{"roomId": open.ID}, nil), chat.Forbidden)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPost, "/rooms/join", map[string]string{"name": "Open"}, nil), chat.Forbidden)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPost, "/invites/"+invited.Invite.Token+"/join", nil, nil), chat.Forbidden)
		wantCode(d.t, bob.JoinRoom(ctx(d.t), secret.ID, "let me in"), chat.NotFound)
		wantCode(d.t, bob.Socket.Do(ctx(d.t), "room:join", map[string]any{"roomId": secret.ID, "password": "let me in"}, nil), chat.NotFound)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPost, "/rooms/join", map[string]string{"name": "Secret", "password": "let me in"}, nil), chat.NotFound)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPost, "/invites/"+hidden.Invite.Token+"/join", nil, nil), chat.NotFound)

		var bans struct{ Bans []chat.Ban }
		alice.do(http.MethodGet, path("/rooms/%d/bans", open.ID), nil, &bans)
		if len(bans.Bans) != 1 || bans.Bans[0].User.ID != bob.User.ID || bans.Bans[0].By.ID != alice.User.ID || bans.Bans[0].Reason != "noise" {
			d.t.Fatalf("bans = %+v", bans)
		}
		alice.do(http.MethodDelete, path("/rooms/%d/bans/%d", open.ID, bob.User.ID), nil, nil)
		bob.join(open.ID, nil)
	})
}

func TestMutedMemberCanOnlyRead(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)              // 1
		mine := bob.send(room.ID, "mine")   // 2
		hers := alice.send(room.ID, "hers") // 3

		mute := path("/rooms/%d/members/%d/mute", room.ID, bob.User.ID)
		var muted struct{ Membership chat.Membership }
		alice.do(http.MethodPut, mute, map[string]int{"seconds": 3600}, &muted)

		f, err := bob.Next(ctx(d.t), "membership:updated")
		var update wire.MembershipUpdated
		if err != nil || f.Decode(&update) != nil || update.Membership != muted.Membership || update.Membership.MutedUntil == 0 {
			d.t.Fatalf("received %s, %v, want %+v", f.Data, err, muted.Membership)
		}
		if _, err := alice.Next(ctx(d.t), "room:updated"); err != nil {
			d.t.Fatal(err)
		}
		silent := func(err error) {
			d.t.Helper()
			wantCode(d.t, err, chat.Forbidden)
			refusal, _ := errors.AsType[*client.Error](err)
			if after := time.Duration(refusal.RetryAfterMs) * time.Millisecond; refusal.Status == 0 && (after < 59*time.Minute || after > time.Hour) {
				d.t.Fatalf("retry after %s, want about an hour", after)
			}
		}
		_, err = bob.trySend(room.ID, uuid.NewString(), "hello?")
		silent(err)
		silent(bob.Client.Do(ctx(d.t), http.MethodPost, path("/rooms/%d/messages", room.ID), map[string]string{"cid": uuid.NewString(), "text": "hi"}, nil))
		silent(bob.Socket.Do(ctx(d.t), "message:edit", map[string]any{"messageId": mine.ID, "text": "other"}, nil))
		silent(bob.Socket.Do(ctx(d.t), "message:react", map[string]any{"messageId": hers.ID, "emoji": "👍", "on": true}, nil))

		bob.connect()
		if own := bob.Hello.Rooms; len(own) != 1 || own[0].MutedUntil != update.Membership.MutedUntil {
			d.t.Fatalf("connected with %+v, want the mute", own)
		}
		back := bob.join(room.ID, nil)
		if back.Membership.MutedUntil == 0 || texts(back.Messages) != "mine hers" {
			d.t.Fatalf("joined = %+v: a muted member can read", back)
		}
		silent(bob.typingRefusal(room.ID))

		alice.do(http.MethodDelete, mute, nil, nil)
		var free wire.MembershipUpdated
		if f, err = bob.Next(ctx(d.t), "membership:updated"); err != nil || f.Decode(&free) != nil || free.Membership.MutedUntil != 0 {
			d.t.Fatalf("received %s, %v, want the end of the mute", f.Data, err)
		}
		bob.send(room.ID, "free")
		alice.do(http.MethodPut, mute, map[string]int{"seconds": 1}, nil)
		for limit := ctx(d.t); ; { // the mute expires
			if _, err := bob.trySend(room.ID, uuid.NewString(), "free again"); err == nil {
				break
			} else if limit.Err() != nil {
				d.t.Fatalf("still muted: %v", err)
			}
		}
	})
}

func TestInviteIntoAPrivateRoom(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob, carol := d.user("alice", 0), d.user("bob", 1), d.user("carol", 0)
		phone := d.device(bob, 0)
		room := alice.room("Den", map[string]any{"private": true, "description": "quiet"})
		var made struct {
			Invite struct {
				chat.Invite
				Token, URL string
			}
		}
		alice.do(http.MethodPost, path("/rooms/%d/invites", room.ID), map[string]int{"uses": 1, "expiresIn": 60}, &made)
		invite := made.Invite
		if len(invite.Token) != 22 || invite.URL != "/invite/"+invite.Token || *invite.UsesLeft != 1 || invite.CreatedBy.ID != alice.User.ID {
			d.t.Fatalf("invite = %+v", invite)
		}
		var shown struct{ Room map[string]any }
		bob.do(http.MethodGet, "/invites/"+invite.Token, nil, &shown)
		if len(shown.Room) != 3 || shown.Room["name"] != "Den" || shown.Room["description"] != "quiet" || shown.Room["memberCount"] != 1.0 {
			d.t.Fatalf("invited to %+v", shown)
		}
		var joined wire.RoomJoined
		bob.do(http.MethodPost, "/invites/"+invite.Token+"/join", nil, &joined)
		if joined.Room.ID != room.ID || joined.Membership.Role != chat.Member {
			d.t.Fatalf("joined = %+v", joined)
		}
		if got := phone.added(); got.Room.ID != room.ID || got.Membership != joined.Membership {
			d.t.Fatalf("the phone received %+v, want %+v", got, joined.Membership)
		}
		phone.join(room.ID, nil)
		for _, token := range []string{invite.Token, "unknown", "x" + invite.Token} {
			for _, do := range []struct{ method, tail string }{{http.MethodGet, ""}, {http.MethodPost, "/join"}} {
				wantCode(d.t, carol.Client.Do(ctx(d.t), do.method, "/invites/"+token+do.tail, nil, nil), chat.NotFound)
			}
		}
		alice.do(http.MethodPost, path("/rooms/%d/invites", room.ID), nil, &made)
		if week := made.Invite.ExpiresAt.Std().Sub(made.Invite.CreatedAt.Std()); week.Round(time.Hour) != 7*24*time.Hour || made.Invite.UsesLeft != nil {
			d.t.Fatalf("invite = %+v, want a week and unlimited uses", made.Invite)
		}
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, path("/rooms/%d/invites", room.ID), nil, nil), chat.Forbidden)
		alice.do(http.MethodDelete, path("/rooms/%d/invites/%d", room.ID, made.Invite.ID), nil, nil)
		wantCode(d.t, carol.Client.Do(ctx(d.t), http.MethodPost, "/invites/"+made.Invite.Token+"/join", nil, nil), chat.NotFound)
	})
}

// logbook is a log for concurrent writers.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func TestInviteTokensAreNotLogged(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	watch := free.Addr().String()
	_ = free.Close()
	log := &logbook{}
	n := startLogging(t, log, map[string]string{"DATA_DIR": t.TempDir()}, map[string]string{"LOG_LEVEL": "debug", "METRICS_ADDR": watch})
	d := &deployment{t, []string{n.base}}
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	room := alice.room("Den", nil)
	var made struct{ Invite struct{ Token string } }
	alice.do(http.MethodPost, path("/rooms/%d/invites", room.ID), nil, &made)
	bob.do(http.MethodGet, "/invites/"+made.Invite.Token, nil, nil)
	bob.do(http.MethodPost, "/invites/"+made.Invite.Token+"/join", nil, nil)
	wantCode(t, bob.Client.Do(ctx(t), http.MethodPost, "/invites/"+made.Invite.Token+"/nothing", nil, nil), chat.NotFound)
	request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, "http://"+watch+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_, metrics := fetch(t, request)
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(metrics, []byte(`"/api/v1/invites/{token}/join"`)) || !strings.Contains(log.text.String(), "stopping") {
		t.Fatalf("nothing was counted or logged: %s\n%s", log.text.String(), metrics)
	}
	if strings.Contains(log.text.String(), made.Invite.Token) || bytes.Contains(metrics, []byte(made.Invite.Token)) {
		t.Fatalf("the token %s is in %s\n%s", made.Invite.Token, log.text.String(), metrics)
	}
}

// device opens another socket with p's session, at node n.
func (d *deployment) device(p *testUser, n int) *testUser {
	d.t.Helper()
	other := &testUser{Client: newClient(d.nodes[n%len(d.nodes)]), t: d.t}
	other.Token, other.User = p.Token, p.User
	other.connect()
	return other
}

// added waits for the next room:added.
func (p *testUser) added() wire.RoomAdded {
	p.t.Helper()
	f, err := p.Next(ctx(p.t), "room:added")
	var added wire.RoomAdded
	if err != nil || f.Decode(&added) != nil {
		p.t.Fatalf("added = %s, %v", f.Data, err)
	}
	return added
}

func TestDirectRoomIsUnique(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob, carol := d.user("alice", 0), d.user("bob", 1), d.user("carol", 1)
		var opened, again wire.RoomJoined
		alice.do(http.MethodPut, path("/users/%d/direct", bob.User.ID), nil, &opened)
		room := opened.Room.ID
		if !opened.Room.Direct || !opened.Room.Private || len(opened.Room.With) != 2 || opened.Membership.Role != chat.Member {
			d.t.Fatalf("opened = %+v", opened)
		}
		if got := bob.added(); got.Room.ID != room || got.Membership.UserID != bob.User.ID || len(got.Room.With) != 2 {
			d.t.Fatalf("bob received %+v", got)
		}
		bob.join(room, nil)
		bob.do(http.MethodPut, path("/users/%d/direct", alice.User.ID), nil, &again)
		if again.Room.ID != room || again.Membership.UserID != bob.User.ID {
			d.t.Fatalf("opened again = %+v, want room %d", again, room)
		}
		alice.send(room, "just us")
		bob.receives(1)

		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodPut, path("/users/%d/direct", alice.User.ID), nil, nil), chat.BadRequest)
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodPut, "/users/9999/direct", nil, nil), chat.NotFound)
		for _, c := range []struct {
			method, path string
			in           any
		}{
			{http.MethodPost, path("/rooms/%d/leave", room), nil},
			{http.MethodPatch, path("/rooms/%d", room), map[string]string{"name": "Ours"}},
			{http.MethodDelete, path("/rooms/%d", room), nil},
			{http.MethodPatch, path("/rooms/%d/members/%d", room, bob.User.ID), map[string]string{"role": "owner"}},
			{http.MethodDelete, path("/rooms/%d/members/%d", room, bob.User.ID), nil},
			{http.MethodPut, path("/rooms/%d/bans/%d", room, bob.User.ID), nil},
			{http.MethodPut, path("/rooms/%d/members/%d/mute", room, bob.User.ID), map[string]int{"seconds": 5}},
			{http.MethodPost, path("/rooms/%d/invites", room), nil},
		} {
			wantCode(d.t, alice.Client.Do(ctx(d.t), c.method, c.path, c.in, nil), chat.Forbidden)
			wantCode(d.t, carol.Client.Do(ctx(d.t), c.method, c.path, c.in, nil), chat.NotFound)
		}
		wantCode(d.t, carol.JoinRoom(ctx(d.t), room, ""), chat.NotFound)
	})
}

func TestOwnJoinsReachOtherDevices(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		phone := d.device(bob, 0)
		lobby := alice.room("Lobby", nil)
		bob.join(lobby.ID, nil)
		if got := phone.added(); got.Room.ID != lobby.ID {
			d.t.Fatalf("the phone received %+v", got)
		}
		mine := bob.room("Mine", nil)
		if got := phone.added(); got.Room.ID != mine.ID || got.Membership.Role != chat.Owner {
			d.t.Fatalf("the phone received %+v", got)
		}
		if got := bob.added(); got.Room.ID != mine.ID { // not of the lobby, which this socket joined itself
			d.t.Fatalf("the joining socket received %+v", got)
		}
		alice.do(http.MethodPatch, path("/rooms/%d/members/%d", lobby.ID, bob.User.ID), map[string]string{"role": "moderator"}, nil)
		f, err := phone.Next(ctx(d.t), "membership:updated")
		var update wire.MembershipUpdated
		if err != nil || f.Decode(&update) != nil || update.Membership.Role != chat.Moderator {
			d.t.Fatalf("received %s, %v, want the new role", f.Data, err)
		}
		alice.do(http.MethodPatch, path("/rooms/%d/members/%d", lobby.ID, bob.User.ID), map[string]string{"role": "owner"}, nil)
		for p, want := range map[*testUser]chat.RoomRole{phone: chat.Owner, alice: chat.RoomAdmin} {
			f, err := p.Next(ctx(d.t), "membership:updated")
			if err != nil || f.Decode(&update) != nil || update.Membership.Role != want {
				d.t.Fatalf("received %s, %v, want %s", f.Data, err, want)
			}
		}
	})
}
