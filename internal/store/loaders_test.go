package store

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Concurrent calls share one statement, and every caller gets its own result.
func TestBatchedReadsReturnEachCallersOwnResult(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		open, hidden := createRoom(t, s, alice, "open"), createRoom(t, s, alice, "hidden")
		var users []chat.Caller
		var tokens [][]byte
		for i := range 8 {
			n := newSession(s)
			user, err := s.Register(t.Context(), chat.NewAccount{Username: fmt.Sprintf("user%d", i), DisplayName: "U", PasswordHash: "x"}, n)
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				join(t, s, open, user)
			}
			users, tokens = append(users, user), append(tokens, n.TokenHash)
		}
		direct, _, _, err := s.OpenDirect(t.Context(), users[0].User.ID, users[1].User.ID)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 20 {
			for i, user := range users {
				all.Go(func() {
					caller, err := s.CallerByToken(t.Context(), tokens[i])
					if err != nil || caller.User.ID != user.User.ID || caller.Session != user.Session {
						t.Errorf("caller of token %d = %+v, %v, want %+v", i, caller, err, user)
					}
				})
				all.Go(func() {
					unknown := bytes.Clone(tokens[i])
					unknown[0]++
					if _, err := s.CallerByToken(t.Context(), unknown); chat.CodeOf(err) != chat.NotFound {
						t.Errorf("an unknown token: %v, want %s", err, chat.NotFound)
					}
				})
				for _, room := range []chat.Room{open, hidden, direct} {
					member := room.ID == open.ID && i%2 == 0 || room.ID == direct.ID && i < 2
					all.Go(func() {
						got, m, err := s.Room(t.Context(), room.ID, user.User.ID)
						if err != nil || got.ID != room.ID || got.Name != room.Name || len(got.With) != len(room.With) || (m != nil) != member {
							t.Errorf("room %d for user %d = %+v, %+v, %v, want %+v, member %t", room.ID, i, got, m, err, room, member)
						}
						if m != nil && (m.UserID != user.User.ID || m.RoomID != room.ID) {
							t.Errorf("membership = %+v, want user %d in room %d", m, user.User.ID, room.ID)
						}
					})
				}
				all.Go(func() {
					if _, _, err := s.Room(t.Context(), 999, user.User.ID); chat.CodeOf(err) != chat.NotFound {
						t.Errorf("an unknown room: %v, want %s", err, chat.NotFound)
					}
				})
			}
		}
		all.Wait()
	})
}

// A result is never older than the call: a caller that got a confirmation reads the confirmed
// state.
func TestBatchedReadsAreNotStale(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		var all sync.WaitGroup
		for w := range 4 {
			all.Go(func() {
				for i := range 10 {
					m, _, err := s.Append(t.Context(), draft(room, alice, fmt.Sprint(w, i)), chat.CanSend)
					if err != nil {
						t.Errorf("append: %v", err)
						return
					}
					got, _, err := s.Room(t.Context(), room.ID, alice.User.ID)
					heads, err2 := s.Heads(t.Context(), []chat.RoomID{room.ID})
					page, err3 := s.Newest(t.Context(), room.ID, 0)
					if err != nil || err2 != nil || err3 != nil || got.Head < m.Seq || heads[room.ID] < m.Seq || page.Head < m.Seq {
						t.Errorf("after %d was confirmed, head = %d, %d, %d; %v, %v, %v", m.Seq, got.Head, heads[room.ID], page.Head, err, err2, err3)
					}
				}
			})
		}
		all.Wait()
		_, err := s.Newest(t.Context(), 999, 0)
		wantCode(t, err, chat.NotFound)
	})
}
