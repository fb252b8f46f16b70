package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestMentionedUsersAreNotified(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		d.user("carol", 0)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		phone := &testUser{Client: newClient(d.nodes[0]), t: d.t}
		phone.Token = bob.Token
		phone.connect()

		done := alice.send(room.ID, "@Bob, not @carol and not `@alice`")
		m := bob.receives(2)
		if !slices.Equal(m.Mentions, []chat.UserID{bob.User.ID}) || strings.Count(m.HTML, `<span class="mention"`) != 1 {
			d.t.Fatalf("message = %+v, want only bob mentioned", m)
		}
		alice.send(room.ID, "@bob again")

		var read chat.ReadState
		if err := bob.Client.Do(ctx(d.t), http.MethodPut, path("/rooms/%d/read", room.ID), map[string]int{"seq": 2}, &read); err != nil || read.Unread != 1 || read.Mentions != 1 {
			d.t.Fatalf("read = %+v, %v, want one unread mention", read, err)
		}
		f, err := phone.Next(ctx(d.t), "read:updated")
		if err != nil {
			d.t.Fatal(err)
		}
		var update wire.ReadUpdated
		if err := f.Decode(&update); err != nil || update.Mentions != 1 {
			d.t.Fatalf("received %+v, %v, want one mention", update, err)
		}

		var out struct{ Message chat.Message }
		edit := map[string]string{"text": "rather @alice and @BOB"}
		if err := alice.Client.Do(ctx(d.t), http.MethodPatch, path("/messages/%d", done.ID), edit, &out); err != nil {
			d.t.Fatal(err)
		}
		if want := []chat.UserID{alice.User.ID, bob.User.ID}; !slices.Equal(out.Message.Mentions, want) {
			d.t.Fatalf("mentions after the edit = %v, want %v", out.Message.Mentions, want)
		}
	})
}
