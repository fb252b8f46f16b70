package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/service"
)

// recorder is a chat.Publisher that records what is published.
type recorder struct {
	mu         sync.Mutex
	roomEvents []chat.RoomEvent
	userEvents []chat.UserEvent
}

func (r *recorder) PublishRoom(e chat.RoomEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roomEvents = append(r.roomEvents, e)
}

func (r *recorder) PublishUser(e chat.UserEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.userEvents = append(r.userEvents, e)
}

func (r *recorder) PublishControl(chat.ControlMessage) {}

// failing is a store whose RemoveFromRoom fails after some calls.
type failing struct {
	*Store
	remaining int
}

func (f *failing) RemoveFromRoom(ctx context.Context, room chat.RoomID, user chat.UserID) (chat.Removal, error) {
	if f.remaining--; f.remaining < 0 {
		return chat.Removal{}, errors.New("power failure")
	}
	return f.Store.RemoveFromRoom(ctx, room, user)
}

func TestInterruptedAccountDeletionIsContinued(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		host, bob := register(t, s, "host"), register(t, s, "bob")
		var rooms []chat.Room
		for _, name := range []string{"a", "b", "c"} {
			rooms = append(rooms, createRoom(t, s, host, name))
			join(t, s, rooms[len(rooms)-1], bob)
		}
		if _, _, err := s.SetAvatar(t.Context(), bob.User.ID, "face", 5, plenty); err != nil {
			t.Fatal(err)
		}
		published, failingStore := &recorder{}, &failing{s, 1}
		service := func(d chat.AccountDeletion) *service.Service {
			return &service.Service{Dependencies: service.Dependencies{
				Accounts: s, Rooms: s, AccountDeletion: d, Publisher: published,
				GarbageCollector: service.NewGarbageCollector(s, s, s, nil, slog.New(slog.DiscardHandler)),
				Presence:         presence.NewMemory(presence.NewRegistry()), Log: slog.New(slog.DiscardHandler),
			}}
		}
		memberships := func(want int) {
			t.Helper()
			if left, err := s.RoomsOf(t.Context(), bob.User.ID); err != nil || len(left) != want {
				t.Fatalf("memberships = %v, %v, want %d", left, err, want)
			}
		}

		if err := service(failingStore).CloseAccount(t.Context(), bob); err != nil {
			t.Fatalf("close = %v, want nil: the account is closed anyway", err)
		}
		memberships(2)
		for range 2 {
			if err := service(s).PurgeExpired(t.Context()); err != nil {
				t.Fatal(err)
			}
			memberships(0)
		}
		wantPending(t, s)
		due, err := s.ClaimBlobDeletions(t.Context(), 10, time.Minute)
		if want := []string{"avatars/face"}; err != nil || !slices.Equal(due, want) {
			t.Errorf("due blobs = %v, %v, want %v", due, err, want)
		}
		for i, e := range published.roomEvents {
			left, ok := e.(chat.MessageChanged)
			if !ok || left.Message.RoomID != rooms[i].ID || !endsMembership(left.Message, bob.User.ID) {
				t.Errorf("event %d = %+v, want a leave of bob in room %d", i, e, rooms[i].ID)
			}
		}
		if len(published.roomEvents) != 3 {
			t.Errorf("%d events, want 3", len(published.roomEvents))
		}
		if first := published.userEvents[0]; first != (chat.OtherSessionsEnded{User: bob.User.ID}) {
			t.Errorf("first user event = %+v, want the end of all sessions of bob", first)
		}
	})
}

// All nodes can purge at the same time. An upgraded guest is kept.
func TestConcurrentPurgeExpired(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		host := register(t, s, "host")
		room := createRoom(t, s, host, "lobby")
		var guests []chat.Caller
		for _, name := range []string{"guest-1", "guest-2", "guest-3", "guest-4"} {
			guests = append(guests, guest(t, s, name, name))
			join(t, s, room, guests[len(guests)-1])
		}
		own := createRoom(t, s, guests[0], "own")
		if _, err := s.UpgradeGuest(t.Context(), guests[3].User.ID, account("kept"), s.clock()+3_600_000); err != nil {
			t.Fatal(err)
		}
		s.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
		published := &recorder{}
		var all sync.WaitGroup
		for range 4 {
			service := &service.Service{Dependencies: service.Dependencies{
				Accounts: s, Rooms: s, AccountDeletion: s, Publisher: published,
				GarbageCollector: service.NewGarbageCollector(s, s, s, nil, slog.New(slog.DiscardHandler)),
				Presence:         presence.NewMemory(presence.NewRegistry()), Log: slog.New(slog.DiscardHandler),
			}}
			all.Go(func() {
				if err := service.PurgeExpired(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantPending(t, s)
		if head := wantDense(t, s, room.ID); head != 4+3 {
			t.Errorf("head = %d, want four joins and three leaves", head)
		}
		members, _, err := s.Members(t.Context(), room.ID, chat.MemberQuery{Limit: 10})
		if err != nil || len(members) != 2 || members[1].User.Username != "kept" {
			t.Errorf("members = %+v, %v, want the host and the upgraded guest", members, err)
		}
		_, _, err = s.Room(t.Context(), own.ID, host.User.ID)
		wantCode(t, err, chat.NotFound)
	})
}
