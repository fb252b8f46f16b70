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

// hearing is an announcer that keeps what was announced.
type hearing struct {
	mu      sync.Mutex
	events  []chat.Event
	notices []chat.Notice
}

func (h *hearing) Announce(e chat.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *hearing) Notify(n chat.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notices = append(h.notices, n)
}

// breaking departs only as often as it may.
type breaking struct {
	*Store
	may int
}

func (b *breaking) RemoveFromRoom(ctx context.Context, room chat.RoomID, user chat.UserID) (chat.Removal, error) {
	if b.may--; b.may < 0 {
		return chat.Removal{}, errors.New("the power went")
	}
	return b.Store.RemoveFromRoom(ctx, room, user)
}

func TestWhatBreaksOffIsGoneOnWith(t *testing.T) {
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
		heard, power := &hearing{}, &breaking{s, 1}
		service := func(d chat.AccountDeletion) *service.Service {
			return &service.Service{Dependencies: service.Dependencies{
				Accounts: s, Rooms: s, AccountDeletion: d, Announcer: heard,
				GarbageCollector: service.NewGarbageCollector(s, s, s, nil, slog.New(slog.DiscardHandler)),
				Presence:         presence.NewMemory(presence.NewBoard()), Log: slog.New(slog.DiscardHandler),
			}}
		}
		memberships := func(want int) {
			t.Helper()
			if left, err := s.RoomsOf(t.Context(), bob.User.ID); err != nil || len(left) != want {
				t.Fatalf("memberships = %v, %v, want %d", left, err, want)
			}
		}

		if err := service(power).CloseAccount(t.Context(), bob); err != nil {
			t.Fatalf("close = %v, want nil: the account is closed all the same", err)
		}
		memberships(2)
		for range 2 {
			if err := service(s).PurgeExpired(t.Context()); err != nil {
				t.Fatal(err)
			}
			memberships(0)
		}
		wantLeaving(t, s)
		due, err := s.ClaimBlobDeletions(t.Context(), 10, time.Minute)
		if want := []string{"avatars/face"}; err != nil || !slices.Equal(due, want) {
			t.Errorf("due blobs = %v, %v, want %v", due, err, want)
		}
		for i, e := range heard.events {
			if e.Kind != chat.MemberLeft || e.User != bob.User.ID || e.Room != rooms[i].ID {
				t.Errorf("event %d = %+v, want that bob left room %d", i, e, rooms[i].ID)
			}
		}
		if len(heard.events) != 3 {
			t.Errorf("%d events, want 3", len(heard.events))
		}
		first := heard.notices[0]
		if first.Kind != chat.OtherSessionsEnded || first.User != bob.User.ID || first.Session != 0 {
			t.Errorf("first notice = %+v, want that all sessions of bob ended", first)
		}
	})
}

// All nodes may be tidy at once; a guest who becomes an account meanwhile stays.
func TestManyAreTidyAtOnce(t *testing.T) {
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
		heard := &hearing{}
		var all sync.WaitGroup
		for range 4 {
			service := &service.Service{Dependencies: service.Dependencies{
				Accounts: s, Rooms: s, AccountDeletion: s, Announcer: heard,
				GarbageCollector: service.NewGarbageCollector(s, s, s, nil, slog.New(slog.DiscardHandler)),
				Presence:         presence.NewMemory(presence.NewBoard()), Log: slog.New(slog.DiscardHandler),
			}}
			all.Go(func() {
				if err := service.PurgeExpired(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantLeaving(t, s)
		if head := wantDense(t, s, room.ID); head != 4+3 {
			t.Errorf("head = %d, want four who came and three who left", head)
		}
		members, _, err := s.Members(t.Context(), room.ID, 10, "")
		if err != nil || len(members) != 2 || members[1].User.Username != "kept" {
			t.Errorf("members = %+v, %v, want the host and the kept guest", members, err)
		}
		_, _, err = s.Room(t.Context(), own.ID, host.User.ID)
		wantCode(t, err, chat.NotFound)
	})
}
