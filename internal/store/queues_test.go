package store

import (
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// wantQueued waits until want callers wait in a queue.
func wantQueued(t *testing.T, s *Store, queue string, want int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); s.Queues()[queue] != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("queues = %v, want %d in %s", s.Queues(), want, queue)
		}
	}
}

func TestQueuesCountWaitingCallers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		for queue, c := range map[string]struct {
			limit *semaphore
			call  func() error
		}{
			"searches": {s.searches, func() error {
				_, _, err := s.Search(t.Context(), chat.SearchQuery{Viewer: alice.User.ID, Matches: func(string) bool { return true }})
				return err
			}},
			"name_searches": {s.nameSearches, func() error {
				_, err := s.People(t.Context(), chat.PeopleQuery{Viewer: alice.User.ID, Limit: 1, Rank: func(string, string) (int, bool) { return 0, true }})
				return err
			}},
			"room_lists": {s.lists, func() error {
				_, err := s.OwnRooms(t.Context(), alice.User.ID)
				return err
			}},
		} {
			wantQueued(t, s, queue, 0)
			for range cap(c.limit.slots) {
				if err := c.limit.acquire(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var callers sync.WaitGroup
			callers.Go(func() {
				if err := c.call(); err != nil {
					t.Errorf("%s: %v", queue, err)
				}
			})
			wantQueued(t, s, queue, 1)
			for range cap(c.limit.slots) {
				c.limit.release()
			}
			callers.Wait()
			wantQueued(t, s, queue, 0)
		}

		release := holdRoom(t, s, room.ID)
		var senders sync.WaitGroup
		send := func() {
			senders.Go(func() { _, _, _ = s.Append(t.Context(), draft(room, alice, "hello"), chat.CanSend) }) // can end with UNAVAILABLE
		}
		send()
		for s.Queues()["appends"] == 0 { // the first batch is running; later messages wait
			send()
			time.Sleep(time.Millisecond)
		}
		release()
		senders.Wait()
		wantQueued(t, s, "appends", 0)
	})
}
