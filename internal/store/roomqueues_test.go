package store

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// holdRoom takes the row of a room as a slow node would, until release.
func holdRoom(t *testing.T, s *Store, room chat.RoomID) (release func()) {
	t.Helper()
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var head chat.Seq
	if err := inTurn(t.Context(), tx, s.takeRoom(room, &head)); err != nil {
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

// inQueue is how many change a room or wait for it.
func (q *roomQueues) inQueue(room chat.RoomID) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r := q.rooms[room]; r != nil {
		return r.within
	}
	return 0
}

func TestARoomThatIsHeldTakesNobodyElsesConnections(t *testing.T) {
	s := openTestPostgres(t) // SQLite holds all rooms at once
	alice, bob, carol, stranger := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol"), register(t, s, "stranger")
	room, other := createRoom(t, s, alice, "held"), createRoom(t, s, alice, "free")
	join(t, s, room, bob)
	join(t, s, room, carol)
	m := appendText(t, s, room, alice, "hello")
	release := holdRoom(t, s, room.ID)
	const all = changingAtOnce + maxWaiting
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

	// One more is refused at once, and told when to come again.
	began := time.Now()
	_, _, err := s.React(t.Context(), m.Ref(), bob.User.ID, "👍", true, nil)
	wantCode(t, err, chat.Unavailable)
	if took := time.Since(began); took > chat.RequestBudget/2 {
		t.Errorf("refused after %v, want at once", took)
	}
	_, _, err = s.Join(t.Context(), room.ID, stranger.User.ID, nil)
	wantCode(t, err, chat.Unavailable)

	// The connections are there for others: only those who have their turn hold one.
	if used := s.Pools()["others"].InUse; used > changingAtOnce+1 {
		t.Errorf("%d connections in use, want the %d of those who have their turn and one that holds the room", used, changingAtOnce)
	}
	for range postgresConns {
		if _, _, err := s.Join(t.Context(), other.ID, bob.User.ID, nil); err != nil {
			t.Fatalf("another room: %v", err)
		}
	}
	// Strangers are told without the lock.
	_, _, err = s.FindMessage(t.Context(), m.ID, stranger.User.ID)
	wantCode(t, err, chat.NotFound)

	// Whoever leaves or moderates finds a place behind the crowd.
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
			t.Errorf("who waited: %v", err)
		}
	}
	if err := <-left; err != nil {
		t.Errorf("leave: %v", err)
	}
	if n := len(s.rooms.rooms); n != 0 {
		t.Errorf("%d queues are kept when nobody is in one, want 0", n)
	}
}

func TestWhoWaitsForARoomHearsUnavailableInTime(t *testing.T) {
	var q roomQueues
	for range changingAtOnce {
		if _, err := q.enter(t.Context(), 1, maxWaiting); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := q.enter(ctx, 1, maxWaiting)
	wantCode(t, err, chat.Unavailable)
	if n := q.inQueue(1); n != changingAtOnce {
		t.Errorf("%d in the queue after one has gone, want %d", n, changingAtOnce)
	}
	if leave, err := q.enter(t.Context(), 2, maxWaiting); err != nil {
		t.Errorf("another room: %v", err)
	} else {
		leave()
	}
}

// A condition that was checked before the lock is compared under it.
func TestAJoinIsDecidedUnderTheLock(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "open")
		hide := true
		password := chat.PasswordHash("$argon2id$new")
		if _, _, err := s.ChangeRoom(t.Context(), room.ID, alice.User.ID, chat.RoomChange{Private: &hide, PasswordHash: &password}, nil); err != nil {
			t.Fatal(err)
		}
		asked := 0
		_, _, err := s.Join(t.Context(), room.ID, bob.User.ID, func(now chat.Room) error {
			asked++
			if !now.Private || now.PasswordHash != password {
				t.Errorf("the rule sees %+v, want the room as it is now", now)
			}
			return chat.ErrNotFound()
		})
		wantCode(t, err, chat.NotFound)
		if asked != 1 {
			t.Errorf("the rule was asked %d times, want once", asked)
		}
		if _, membership, err := s.Room(t.Context(), room.ID, bob.User.ID); err != nil || membership != nil {
			t.Errorf("membership = %+v, %v, want none", membership, err)
		}
		wantHead(t, s, room.ID, 0)
		_, _, err = s.Join(t.Context(), room.ID, alice.User.ID, func(chat.Room) error { return sql.ErrConnDone })
		if err != nil { // a member is in already
			t.Errorf("a member: %v", err)
		}
	})
}
