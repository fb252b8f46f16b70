package app_test

import (
	"net/http"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
	"github.com/chillin-chat/chillin/internal/wire"
)

// A user is told about a room to which another one brought it, although the bus has lost that.
func TestANewRoomIsAnnouncedWithoutRedis(t *testing.T) {
	t.Parallel()
	redis, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	env := clusterEnv(t)
	env["REDIS_URL"] = redis.URL()
	d := &deployment{t, []string{startNode(t, env, nil).base, startNode(t, env, nil).base}}
	alice, bob := d.user("alice", 0), d.user("bob", 1)
	if err := redis.Kill(); err != nil {
		t.Fatal(err)
	}
	var opened wire.RoomJoined
	alice.do(http.MethodPut, path("/users/%d/direct", bob.User.ID), nil, &opened)
	got := bob.added()
	if got.Room.ID != opened.Room.ID || !got.Room.Direct || len(got.Room.With) != 2 || got.Membership.UserID != bob.User.ID || got.Membership.Role != chat.Member {
		t.Fatalf("bob received %+v, want the direct room %d", got, opened.Room.ID)
	}
	alice.send(opened.Room.ID, "is anyone there?")
	if page := bob.join(opened.Room.ID, nil); texts(page.Messages) != "is anyone there?" {
		t.Fatalf("messages = %q", texts(page.Messages))
	}
}
