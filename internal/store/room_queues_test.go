package store

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// holdRoom locks the row of a room, as a slow node would, until release.
func holdRoom(t *testing.T, s *Store, room chat.RoomID) (release func()) {
	t.Helper()
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var head chat.Seq
	if err := execAll(t.Context(), tx, s.lockRoom(room, &head)); err != nil {
		t.Fatal(err)
	}
	released := false
	release = func() {
		if !released {
			released = true
			_ = tx.Rollback()
		}
	}
	t.Cleanup(release)
	return release
}

// inQueue returns the number of callers that change a room or wait for it.
func (q *roomQueues) inQueue(room chat.RoomID) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.rooms[room]; r != nil {
		return r.callers
	}
	return 0
}

func TestLockedRoomDoesNotUseUpConnections(t *testing.T) {
	s := openTestPostgres(t) // SQLite locks all rooms together
	alice, bob, carol, outsider := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol"), register(t, s, "outsider")
	room, other := createRoom(t, s, alice, "held"), createRoom(t, s, alice, "free")
	join(t, s, room, bob)
	join(t, s, room, carol)
	m := appendText(t, s, room, alice, "hello")
	release := holdRoom(t, s, room.ID)
	const all = roomWriters + maxWaiting
	answers := make(chan error, all)
	for range all {
		go func() {
			_, _, err := s.React(t.Context(), m.Ref(), bob.User.ID, "👍", true, nil)
			answers <- err
		}()
	}
	for s.rooms.inQueue(room.ID) < all {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}

	if got := s.Queues()["changes"]; got != maxWaiting {
		t.Errorf("%d changes wait, want %d", got, maxWaiting)
	}

	// One more caller is refused at once.
	began := time.Now()
	_, _, err := s.React(t.Context(), m.Ref(), bob.User.ID, "👍", true, nil)
	wantCode(t, err, chat.Unavailable)
	if took := time.Since(began); took > chat.RequestBudget/2 {
		t.Errorf("refused after %v, want at once", took)
	}
	_, _, err = s.Join(t.Context(), room.ID, outsider.User.ID, nil)
	wantCode(t, err, chat.Unavailable)

	// Connections are free for others: only the callers with a slot hold one.
	if used := s.Pools()["others"].InUse; used > roomWriters+1 {
		t.Errorf("%d connections in use, want %d for the callers with a slot and one that holds the room", used, roomWriters)
	}
	for range dbconn.PoolConns {
		if _, _, err := s.Join(t.Context(), other.ID, bob.User.ID, nil); err != nil {
			t.Fatalf("another room: %v", err)
		}
	}
	// A non-member is refused without the lock.
	_, _, err = s.FindMessage(t.Context(), m.ID, outsider.User.ID)
	wantCode(t, err, chat.NotFound)

	// Leaves and changes by moderators can still queue.
	left := make(chan error, 1)
	go func() {
		_, err := s.Leave(t.Context(), room.ID, carol.User.ID)
		left <- err
	}()
	for s.rooms.inQueue(room.ID) <= all {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	release()
	for range all {
		if err := <-answers; err != nil {
			t.Errorf("waiting caller: %v", err)
		}
	}
	if err := <-left; err != nil {
		t.Errorf("leave: %v", err)
	}
	if n := len(s.rooms.rooms); n != 0 {
		t.Errorf("%d empty queues are kept, want 0", n)
	}
}

func TestWaitForRoomEndsWithContext(t *testing.T) {
	var q roomQueues
	for range roomWriters {
		if _, err := q.acquire(t.Context(), 1, maxWaiting); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := q.acquire(ctx, 1, maxWaiting)
	wantCode(t, err, chat.Unavailable)
	if n := q.inQueue(1); n != roomWriters {
		t.Errorf("%d in the queue after one caller left, want %d", n, roomWriters)
	}
	if leave, err := q.acquire(t.Context(), 2, maxWaiting); err != nil {
		t.Errorf("another room: %v", err)
	} else {
		leave()
	}
}

// A condition that was checked before the lock is checked again under it.
func TestJoinRuleIsCalledUnderLock(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "open")
		hide := true
		password := chat.PasswordHash("$argon2id$new")
		if _, _, err := s.ChangeRoom(t.Context(), room.ID, alice.User.ID, chat.RoomChange{Private: &hide, PasswordHash: &password}, nil); err != nil {
			t.Fatal(err)
		}
		calls := 0
		_, _, err := s.Join(t.Context(), room.ID, bob.User.ID, func(now chat.Room) error {
			calls++
			if !now.Private || now.PasswordHash != password {
				t.Errorf("the rule sees %+v, want the room as it is now", now)
			}
			return chat.ErrNotFound()
		})
		wantCode(t, err, chat.NotFound)
		if calls != 1 {
			t.Errorf("the rule was called %d times, want once", calls)
		}
		if _, membership, err := s.Room(t.Context(), room.ID, bob.User.ID); err != nil || membership != nil {
			t.Errorf("membership = %+v, %v, want none", membership, err)
		}
		wantHead(t, s, room.ID, 0)
		_, _, err = s.Join(t.Context(), room.ID, alice.User.ID, func(chat.Room) error { return sql.ErrConnDone })
		if err != nil { // already a member
			t.Errorf("a member: %v", err)
		}
	})
}
