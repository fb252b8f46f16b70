package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

func mustBlock(t *testing.T, s *Store, by, user chat.Caller) {
	t.Helper()
	if _, err := s.Block(t.Context(), by.User.ID, user.User.ID); err != nil {
		t.Fatal(err)
	}
}

func mustUnblock(t *testing.T, s *Store, by, user chat.Caller) {
	t.Helper()
	if changed, err := s.Unblock(t.Context(), by.User.ID, user.User.ID); err != nil || !changed {
		t.Fatalf("Unblock = %v, %v, want a change", changed, err)
	}
}

func openDirect(t *testing.T, s *Store, a, b chat.Caller) chat.Room {
	t.Helper()
	room, _, _, err := s.OpenDirect(t.Context(), a.User.ID, b.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	return room
}

func TestBlocksAreListed(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ann, bob, cid := register(t, s, "ann"), register(t, s, "bob"), register(t, s, "cid")
		for i, user := range []chat.Caller{cid, bob, bob} {
			changed, err := s.Block(ctx, ann.User.ID, user.User.ID)
			if want := i < 2; err != nil || changed != want {
				t.Errorf("block %d = %v, %v, want %v", i, changed, err, want)
			}
		}
		want := func(by chat.Caller, want ...chat.Caller) {
			t.Helper()
			var ids []chat.UserID
			users, err := s.Blocked(ctx, by.User.ID)
			for i, u := range users {
				ids = append(ids, u.ID)
				if u.Username != want[i].User.Username {
					t.Errorf("blocked[%d] = %s, want %s", i, u.Username, want[i].User.Username)
				}
			}
			slices.Sort(ids)
			short, err2 := s.BlockedIDs(ctx, by.User.ID)
			if err != nil || err2 != nil || len(ids) != len(want) || !slices.Equal(ids, short) {
				t.Errorf("blocked = %v, ids = %v, %v, %v, want %d", ids, short, err, err2, len(want))
			}
		}
		want(ann, bob, cid)
		want(bob)
		mustUnblock(t, s, ann, bob)
		if changed, err := s.Unblock(ctx, ann.User.ID, bob.User.ID); err != nil || changed {
			t.Errorf("second Unblock = %v, %v, want no change", changed, err)
		}
		want(ann, cid)

		for name, user := range map[string]chat.UserID{"unknown": 999_999, "closed": bob.User.ID} {
			if name == "closed" {
				mustBlock(t, s, ann, bob)
				mustBlock(t, s, bob, ann)
				if _, err := s.CloseAccount(ctx, bob.User.ID, "deleted-1", false); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Block(ctx, ann.User.ID, user); chat.CodeOf(err) != chat.NotFound {
				t.Errorf("block of an %s user: error = %v, want NOT_FOUND", name, err)
			}
		}
		want(ann, cid) // closing an account has removed its blocks, both ways
		want(bob)
		if _, err := s.Block(ctx, bob.User.ID, ann.User.ID); chat.CodeOf(err) != chat.NotFound {
			t.Errorf("block by a closed account: error = %v, want NOT_FOUND", err)
		}
	})
}

func TestNumberOfBlocksIsLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ann, bob := register(t, s, "ann"), register(t, s, "bob")
		_, err := s.write.ExecContext(ctx, fmt.Sprintf(`
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO users (username, display_name, password, created_at) SELECT 'user-' || i, 'User', 'x', 0 FROM n`, chat.MaxBlocks))
		if err == nil {
			_, err = s.write.ExecContext(ctx, `INSERT INTO user_blocks (blocker_id, blocked_id, created_at)
				SELECT u.id, o.id, 0 FROM users u JOIN users o ON o.username LIKE 'user-%' WHERE u.username = 'ann'`)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Block(ctx, ann.User.ID, bob.User.ID); chat.CodeOf(err) != chat.Forbidden {
			t.Errorf("one more block: error = %v, want FORBIDDEN", err)
		}
		last, err := s.Blocked(ctx, ann.User.ID)
		if err != nil || len(last) != chat.MaxBlocks {
			t.Fatalf("blocked = %d, %v, want %d", len(last), err, chat.MaxBlocks)
		}
		if changed, err := s.Block(ctx, ann.User.ID, last[0].ID); err != nil || changed {
			t.Errorf("block of a blocked user = %v, %v, want no change", changed, err)
		}
		mustUnblock(t, s, ann, chat.Caller{User: last[0]})
		mustBlock(t, s, ann, bob)
	})
}

func TestBlockInDirectRoom(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ann, bob := register(t, s, "ann"), register(t, s, "bob")
		room := openDirect(t, s, ann, bob)
		messages := map[string]chat.Message{}
		for name, user := range map[string]chat.Caller{"ann": ann, "bob": bob} {
			messages[name] = appendText(t, s, room, user, "from "+name)
		}
		sent := draft(room, bob, "known")
		if _, _, err := s.Append(ctx, sent, chat.CanSend); err != nil {
			t.Fatal(err)
		}

		mayWrite := func(by chat.Membership, _ chat.Message) error { return by.CheckMayWrite(0) }
		want := func(user chat.Caller, code chat.Code, text string) {
			t.Helper()
			m := messages[user.User.Username]
			_, by, err := s.FindMessage(ctx, m.ID, user.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, _, sendErr := s.Append(ctx, draft(room, user, "text"), chat.CanSend)
			reply := draft(room, user, "reply") // stored by other statements than a lone text
			reply.ReplyTo = m.ID
			_, _, replyErr := s.Append(ctx, reply, chat.CanSend)
			_, _, editErr := s.Edit(ctx, m.Ref(), user.User.ID, uuid.NewString(), "", mayWrite)
			_, _, reactErr := s.React(ctx, m.Ref(), user.User.ID, "👍", len(m.Reactions) == 0, mayWrite)
			block, blockErr := s.BlockIn(ctx, room.ID, user.User.ID)
			for action, err := range map[string]error{"send": sendErr, "reply": replyErr, "edit": editErr, "react": reactErr, "find": by.CheckMayWrite(0), "type": block.Check()} {
				if (err != nil) != (code != "") || err != nil && (chat.CodeOf(err) != code || err.Error() != string(code)+": "+text) {
					t.Errorf("%s by %s: error = %v, want %s %q", action, user.User.Username, err, code, text)
				}
			}
			if blockErr != nil {
				t.Error(blockErr)
			}
		}
		open := func(user, other chat.Caller, code chat.Code, text string) {
			t.Helper()
			_, _, _, err := s.OpenDirect(ctx, user.User.ID, other.User.ID)
			if (err != nil) != (code != "") || err != nil && err.Error() != string(code)+": "+text {
				t.Errorf("OpenDirect by %s: error = %v, want %s %q", user.User.Username, err, code, text)
			}
		}
		const blocker, blocked = "You have blocked this person.", "You cannot send messages in this conversation."
		want(ann, "", "")
		want(bob, "", "")

		mustBlock(t, s, ann, bob)
		want(ann, chat.Forbidden, blocker)
		want(bob, chat.Forbidden, blocked)
		open(ann, bob, chat.NotFound, blocker)
		open(bob, ann, chat.NotFound, "Not found.")
		if m, fresh, err := s.Append(ctx, sent, chat.CanSend); err != nil || fresh || m.Text != "known" {
			t.Errorf("known message sent again = %v, %v, %v, want the original", m.Text, fresh, err)
		}
		if _, changed, err := s.Delete(ctx, messages["bob"].Ref(), bob.User.ID, chat.CanDelete); err != nil || !changed {
			t.Errorf("delete = %v, %v, want a change", changed, err)
		}
		if page, err := s.Page(ctx, room.ID, bob.User.ID, chat.PageQuery{Limit: 10}); err != nil || len(page.Messages) < 3 {
			t.Errorf("history = %d messages, %v, want all", len(page.Messages), err)
		}

		mustBlock(t, s, bob, ann)
		want(ann, chat.Forbidden, blocker)
		want(bob, chat.Forbidden, blocker)
		mustUnblock(t, s, ann, bob)
		want(ann, chat.Forbidden, blocked)
		open(ann, bob, chat.NotFound, "Not found.")
		mustUnblock(t, s, bob, ann)
		messages["bob"] = appendText(t, s, room, bob, "again")
		want(bob, "", "")
		open(bob, ann, "", "")

		// Other rooms of the two are not concerned.
		mustBlock(t, s, ann, bob)
		lobby := createRoom(t, s, ann, "lobby")
		join(t, s, lobby, bob)
		appendText(t, s, lobby, bob, "hello")
		appendText(t, s, openDirect(t, s, bob, register(t, s, "cid")), bob, "hello")
	})
}

// A block and sends of both users run at the same time. What is committed after the block has
// returned must not be a message of the direct room.
func TestNoMessageIsCommittedAfterBlock(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for round := range 20 {
			ann, bob := register(t, s, fmt.Sprintf("ann%d", round)), register(t, s, fmt.Sprintf("bob%d", round))
			room := openDirect(t, s, ann, bob)
			first := appendText(t, s, room, bob, "first")
			started := make(chan struct{}, 100)
			var senders sync.WaitGroup
			for _, user := range []chat.Caller{ann, bob, bob} {
				senders.Go(func() {
					for refused := 0; refused < 3; {
						_, _, err := s.Append(ctx, draft(room, user, "text"), chat.CanSend)
						switch {
						case chat.CodeOf(err) == chat.Forbidden:
							refused++
						case err != nil:
							t.Error(err)
							return
						}
						select {
						case started <- struct{}{}:
						default:
						}
					}
				})
			}
			senders.Go(func() {
				mayWrite := func(by chat.Membership, _ chat.Message) error { return by.CheckMayWrite(0) }
				for {
					_, _, err := s.Edit(ctx, first.Ref(), bob.User.ID, uuid.NewString(), "", mayWrite)
					if chat.CodeOf(err) == chat.Forbidden && err != nil {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
			for range 3 {
				<-started
			}
			mustBlock(t, s, ann, bob)
			head := headOf(t, s, room)
			senders.Wait()
			if got := headOf(t, s, room); got != head {
				t.Fatalf("round %d: head after the senders = %d, want %d, the head after the block", round, got, head)
			}
		}
	})
}

func headOf(t *testing.T, s *Store, room chat.Room) (head chat.Seq) {
	t.Helper()
	if err := s.write.QueryRowContext(t.Context(), `SELECT head FROM rooms WHERE id = $1`, int64(room.ID)).Scan(&head); err != nil {
		t.Fatal(err)
	}
	return head
}

// Of a block and the opening of a direct room at the same time one comes first: either the
// room cannot be opened, or it exists and nothing can be written in it.
func TestBlockWhileDirectRoomIsOpened(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for round := range 20 {
			ann, bob := register(t, s, fmt.Sprintf("ann%d", round)), register(t, s, fmt.Sprintf("bob%d", round))
			var opened sync.WaitGroup
			var room chat.Room
			var err error
			opened.Go(func() { room, _, _, err = s.OpenDirect(ctx, bob.User.ID, ann.User.ID) })
			mustBlock(t, s, ann, bob)
			rooms, listErr := s.RoomsOf(ctx, bob.User.ID)
			opened.Wait()
			switch {
			case listErr != nil:
				t.Fatal(listErr)
			case chat.CodeOf(err) == chat.NotFound && err != nil:
				continue
			case err != nil:
				t.Fatal(err)
			case len(rooms) != 1:
				t.Fatalf("round %d: the room was created after the block", round)
			}
			if _, _, err := s.Append(ctx, draft(room, bob, "text"), chat.CanSend); chat.CodeOf(err) != chat.Forbidden {
				t.Fatalf("round %d: send: error = %v, want FORBIDDEN", round, err)
			}
		}
	})
}

func TestMentionsByBlockedUsersDoNotCount(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ann, bob, cid := register(t, s, "ann"), register(t, s, "bob"), register(t, s, "cid")
		room := createRoom(t, s, ann, "lobby")
		join(t, s, room, bob)
		join(t, s, room, cid)
		mention := markup.HTMLWithMentions("@ann", map[string]int64{"ann": int64(ann.User.ID)})
		send := func(by chat.Caller) {
			t.Helper()
			d := draft(room, by, "@ann")
			d.HTML = mention
			if _, _, err := s.Append(ctx, d, chat.CanSend); err != nil {
				t.Fatal(err)
			}
		}
		want := func(unread, mentions int) {
			t.Helper()
			own, err := s.OwnRooms(ctx, ann.User.ID)
			if err != nil || own[0].Mentions != mentions || own[0].Unread != unread {
				t.Errorf("room list = %d unread, %d mentions, %v, want %d, %d", own[0].Unread, own[0].Mentions, err, unread, mentions)
			}
			state, err := s.MarkRead(ctx, room.ID, ann.User.ID, 0)
			if err != nil || state.Mentions != mentions || state.Unread != unread {
				t.Errorf("read state = %+v, %v, want %d, %d", state, err, unread, mentions)
			}
		}
		send(bob)
		send(cid)
		want(2, 2)
		mustBlock(t, s, ann, bob)
		want(2, 1)
		send(bob)
		m := appendText(t, s, room, bob, "plain")
		if _, _, err := s.Edit(ctx, m.Ref(), bob.User.ID, "@ann", mention, nil); err != nil {
			t.Fatal(err)
		}
		send(cid)
		want(5, 2)
		mustUnblock(t, s, ann, bob)
		want(5, 5)
		mustBlock(t, s, bob, ann) // a block by the author changes nothing
		want(5, 5)
	})
}

func TestTimeZoneOfProfile(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		register(t, s, "admin")
		ann := register(t, s, "ann")
		set := func(p chat.ProfilePatch, want string) {
			t.Helper()
			user, err := s.ChangeProfile(ctx, ann.User.ID, p)
			if err != nil || user.TimeZone != want {
				t.Errorf("changed profile = %+v, %v, want time zone %q", user, err, want)
			}
			if user, err = s.User(ctx, ann.User.ID); err != nil || user.TimeZone != want {
				t.Errorf("user = %+v, %v, want time zone %q", user, err, want)
			}
		}
		zone, none, status := "Europe/Berlin", "", "away"
		set(chat.ProfilePatch{StatusMessage: &status}, "")
		set(chat.ProfilePatch{TimeZone: &zone}, zone)
		set(chat.ProfilePatch{StatusMessage: &status}, zone)
		set(chat.ProfilePatch{TimeZone: &none}, "")
		set(chat.ProfilePatch{TimeZone: &zone}, zone)
		if user, err := s.CloseAccount(ctx, ann.User.ID, "deleted-1", false); err != nil || user.TimeZone != "" {
			t.Errorf("closed account = %+v, %v, want no time zone", user, err)
		}
	})
}
