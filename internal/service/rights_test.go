package service

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const owner, moderator, member, stranger chat.UserID = 1, 2, 3, 4

const hiddenRoom, inviteOnly, locked, openRoom, noRoom chat.RoomID = 1, 2, 3, 4, 5

// fakeStore is a store of a few rooms that counts expensive operations: locks and hashes.
// Methods that are not defined below panic.
type fakeStore struct {
	chat.Rooms
	chat.Moderation
	inviteStore
	chat.Webhooks
	chat.Messages

	locks, hashes int
	rooms         map[chat.RoomID]chat.Room
	change        func() // called between the read of a room and its lock
	joined        bool   // whether the last join was allowed
}

type inviteStore = chat.Invites // which has a method Invites

func newFakeStore() *fakeStore {
	return &fakeStore{rooms: map[chat.RoomID]chat.Room{
		hiddenRoom: {ID: hiddenRoom, Name: "hidden", Private: true, PasswordHash: "right"},
		inviteOnly: {ID: inviteOnly, Name: "invite only", Private: true},
		locked:     {ID: locked, Name: "locked", PasswordHash: "right"},
		openRoom:   {ID: openRoom, Name: "open"},
	}}
}

var roles = map[chat.UserID]chat.RoomRole{owner: chat.Owner, moderator: chat.Moderator, member: chat.Member}

func (p *fakeStore) Room(_ context.Context, id chat.RoomID, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	room, ok := p.rooms[id]
	if !ok {
		return chat.Room{}, nil, chat.ErrNotFound()
	}
	if role, ok := roles[viewer]; ok {
		return room, &chat.Membership{RoomID: id, UserID: viewer, Role: role}, nil
	}
	return room, nil, nil
}

func (p *fakeStore) RoomByNameKey(ctx context.Context, key string, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	for _, room := range p.rooms {
		if room.Name == key {
			return p.Room(ctx, room.ID, viewer)
		}
	}
	return chat.Room{}, nil, chat.ErrNotFound()
}

func (p *fakeStore) FindMessage(_ context.Context, id chat.MessageID, viewer chat.UserID) (chat.MessageRef, chat.Membership, error) {
	role, ok := roles[viewer]
	if !ok {
		return chat.MessageRef{}, chat.Membership{}, chat.ErrNotFound()
	}
	return chat.MessageRef{ID: id, Room: hiddenRoom, Author: owner, Kind: chat.Text}, chat.Membership{UserID: viewer, Role: role}, nil
}

var errLocked = fmt.Errorf("the room was locked")

func (p *fakeStore) lock() error {
	p.locks++
	return errLocked
}

func (p *fakeStore) ChangeRoom(context.Context, chat.RoomID, chat.UserID, chat.RoomChange, chat.MemberRule) (chat.Room, *chat.Message, error) {
	return chat.Room{}, nil, p.lock()
}

func (p *fakeStore) DeleteRoom(context.Context, chat.RoomID, chat.UserID, chat.MemberRule) error {
	return p.lock()
}

func (p *fakeStore) SetRole(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.RoomRole, chat.MemberRule) (chat.Membership, error) {
	return chat.Membership{}, p.lock()
}

func (p *fakeStore) Kick(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.MemberRule) (*chat.Message, error) {
	return nil, p.lock()
}

func (p *fakeStore) Leave(context.Context, chat.RoomID, chat.UserID) (*chat.Message, error) {
	return nil, p.lock()
}

func (p *fakeStore) Ban(context.Context, chat.RoomID, chat.UserID, chat.UserID, string, chat.MemberRule) (chat.Ban, *chat.Message, error) {
	return chat.Ban{}, nil, p.lock()
}

func (p *fakeStore) Unban(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.MemberRule) error {
	return p.lock()
}

func (p *fakeStore) Mute(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.Time, chat.MemberRule) (chat.Membership, error) {
	return chat.Membership{}, p.lock()
}

func (p *fakeStore) CreateInvite(context.Context, chat.NewInvite, chat.MemberRule) (chat.Invite, error) {
	return chat.Invite{}, p.lock()
}

func (p *fakeStore) RevokeInvite(context.Context, chat.RoomID, chat.UserID, chat.InviteID, chat.MemberRule) error {
	return p.lock()
}

func (p *fakeStore) CreateIncoming(context.Context, chat.NewIncomingWebhook, chat.UserID, chat.MemberRule) (chat.IncomingWebhook, *chat.Message, error) {
	return chat.IncomingWebhook{}, nil, p.lock()
}

func (p *fakeStore) CreateOutgoing(context.Context, chat.NewOutgoingWebhook, chat.UserID, chat.MemberRule) (chat.OutgoingWebhook, error) {
	return chat.OutgoingWebhook{}, p.lock()
}

func (p *fakeStore) DeleteIncoming(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) (*chat.Message, error) {
	return nil, p.lock()
}

func (p *fakeStore) DeleteOutgoing(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) error {
	return p.lock()
}

func (p *fakeStore) ResumeIncoming(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) (chat.IncomingWebhook, error) {
	return chat.IncomingWebhook{}, p.lock()
}

func (p *fakeStore) ResumeOutgoing(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) (chat.OutgoingWebhook, error) {
	return chat.OutgoingWebhook{}, p.lock()
}

func (p *fakeStore) Edit(context.Context, chat.MessageRef, chat.UserID, string, string, chat.Rule) (chat.Message, bool, error) {
	return chat.Message{}, false, p.lock()
}

func (p *fakeStore) Delete(context.Context, chat.MessageRef, chat.UserID, chat.Rule) (chat.Message, bool, error) {
	return chat.Message{}, false, p.lock()
}

func (p *fakeStore) React(context.Context, chat.MessageRef, chat.UserID, string, bool, chat.Rule) (chat.Message, bool, error) {
	return chat.Message{}, false, p.lock()
}

func (p *fakeStore) Join(_ context.Context, id chat.RoomID, user chat.UserID, rule chat.JoinRule) (chat.Membership, *chat.Message, error) {
	if p.change != nil {
		p.change()
	}
	p.locks++
	err := rule(p.rooms[id])
	p.joined = err == nil
	return chat.Membership{RoomID: id, UserID: user, Role: chat.Member}, nil, err
}

func (p *fakeStore) Hash(context.Context, string) (chat.PasswordHash, error) {
	p.hashes++
	return "hash", nil
}

func (p *fakeStore) Verify(_ context.Context, password string, hash chat.PasswordHash) (bool, error) {
	p.hashes++
	return password == string(hash), nil
}

func (p *fakeStore) VerifyDummy(context.Context, string) error {
	p.hashes++
	return nil
}

func (p *fakeStore) Check(url string) (string, error) { return url, nil }

// fakeLimiter is a Limiter that allows limit calls in total.
type fakeLimiter[K comparable] struct {
	limit, used int
}

func (l *fakeLimiter[K]) Allow(K) (time.Duration, bool) {
	if l.used >= l.limit {
		return time.Second, false
	}
	l.used++
	return 0, true
}

func (l *fakeLimiter[K]) Ready(K) (time.Duration, bool) { return time.Second, l.used < l.limit }

func unlimited[K comparable]() *fakeLimiter[K] { return &fakeLimiter[K]{limit: 1000} }

func (p *fakeStore) service() *Service {
	return &Service{Dependencies: Dependencies{
		Rooms: p, Moderation: p, Invites: p, Webhooks: p, Messages: p, Passwords: p, Targets: p,
		MessageRate: unlimited[chat.UserID](), JoinRate: unlimited[chat.UserID](), RoomMessageRate: unlimited[chat.RoomID](),
		ChangeRates: ChangeRates{
			PerUser: unlimited[chat.UserID](), PerRoom: unlimited[chat.RoomID](), Leaves: unlimited[chat.UserID](), Moderation: unlimited[chat.UserID](),
			Creations: unlimited[chat.UserID](), RoomCreations: unlimited[chat.RoomID](), Renames: unlimited[chat.UserID](), Profiles: unlimited[chat.UserID](),
		},
		RoomPasswordAttempts: RoomPasswordAttempts{PerCaller: unlimited[chat.UserID](), PerUser: unlimited[RoomPasswordAttempt](), PerRoom: unlimited[RoomPasswordAttempt]()},
		Settings:             NewSettings(nil, nil, nil),
		GarbageCollector:     NewGarbageCollector(nil, nil, nil, nil, nil), Now: time.Now,
	}}
}

func caller(id chat.UserID) chat.Caller { return chat.Caller{User: chat.User{ID: id}} }

// actions contains everything that locks a room, with the users that may do it.
var actions = []struct {
	name    string
	allowed []chat.UserID
	do      func(ctx context.Context, s *Service, by chat.Caller) error
}{
	{"change the password", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		password := "open sesame"
		_, err := s.ChangeRoom(ctx, by, hiddenRoom, chat.RoomPatch{Password: &password})
		return err
	}},
	{"rename", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		name := "another"
		_, err := s.ChangeRoom(ctx, by, hiddenRoom, chat.RoomPatch{Name: &name})
		return err
	}},
	{"delete the room", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.DeleteRoom(ctx, by, hiddenRoom)
	}},
	{"set a role", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.SetRole(ctx, by, hiddenRoom, member, chat.Moderator)
		return err
	}},
	{"transfer the room", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.SetRole(ctx, by, hiddenRoom, member, chat.Owner)
		return err
	}},
	{"kick", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.Kick(ctx, by, hiddenRoom, member)
	}},
	{"ban", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.Ban(ctx, by, hiddenRoom, member, "")
		return err
	}},
	{"unban", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.Unban(ctx, by, hiddenRoom, member)
	}},
	{"mute", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.Mute(ctx, by, hiddenRoom, member, time.Minute)
		return err
	}},
	{"unmute", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.Unmute(ctx, by, hiddenRoom, member)
		return err
	}},
	{"invite", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, _, err := s.CreateInvite(ctx, by, hiddenRoom, 0, nil)
		return err
	}},
	{"revoke an invite", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.RevokeInvite(ctx, by, hiddenRoom, 1)
	}},
	{"create an incoming webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, _, err := s.CreateIncomingWebhook(ctx, by, hiddenRoom, "news")
		return err
	}},
	{"delete an incoming webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.DeleteIncomingWebhook(ctx, by, hiddenRoom, 1)
	}},
	{"create an outgoing webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, _, err := s.CreateOutgoingWebhook(ctx, by, hiddenRoom, "https://example.org/")
		return err
	}},
	{"delete an outgoing webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.DeleteOutgoingWebhook(ctx, by, hiddenRoom, 1)
	}},
	{"resume an incoming webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.ResumeIncomingWebhook(ctx, by, hiddenRoom, 1)
		return err
	}},
	{"resume an outgoing webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.ResumeOutgoingWebhook(ctx, by, hiddenRoom, 1)
		return err
	}},
	{"edit", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.EditMessage(ctx, by, 1, "edited")
		return err
	}},
	{"delete the owner's message", []chat.UserID{owner, moderator}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.DeleteMessage(ctx, by, 1)
		return err
	}},
	{"react", []chat.UserID{owner, moderator, member}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, err := s.React(ctx, by, 1, "👍", true)
		return err
	}},
	{"leave", []chat.UserID{owner, moderator, member}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.LeaveRoom(ctx, by, hiddenRoom)
	}},
}

func TestPermissionsAreCheckedBeforeHashingAndLocking(t *testing.T) {
	for _, a := range actions {
		for _, by := range []chat.UserID{owner, moderator, member, stranger} {
			t.Run(fmt.Sprintf("%s by %d", a.name, by), func(t *testing.T) {
				p := newFakeStore()
				err := a.do(t.Context(), p.service(), caller(by))
				allowed := slices.Contains(a.allowed, by)
				switch {
				case allowed && p.locks != 1:
					t.Errorf("locks = %d, err = %v, want 1 lock", p.locks, err)
				case !allowed && (p.locks != 0 || p.hashes != 0 || err == nil):
					t.Errorf("locks = %d, hashes = %d, err = %v, want none and an error", p.locks, p.hashes, err)
				case by == stranger && chat.CodeOf(err) != chat.NotFound:
					t.Errorf("err = %v, want %s", err, chat.NotFound)
				}
			})
		}
	}
}

// Every action that locks a room is limited per user. If other members have used up the
// limit of the room, leaving and actions that need a role still work.
func TestEveryChangeIsLimited(t *testing.T) {
	for _, a := range actions {
		t.Run(a.name, func(t *testing.T) {
			p := newFakeStore()
			s := p.service()
			none := &fakeLimiter[chat.UserID]{}
			s.MessageRate, s.ChangeRates.PerUser, s.ChangeRates.Leaves, s.ChangeRates.Moderation, s.ChangeRates.Creations = none, none, none, none, none
			if err := a.do(t.Context(), s, caller(owner)); chat.CodeOf(err) != chat.RateLimited || p.locks != 0 {
				t.Errorf("user limit used up: err = %v, locks = %d, want %s and none", err, p.locks, chat.RateLimited)
			}
			s = p.service()
			s.RoomMessageRate, s.ChangeRates.PerRoom, s.ChangeRates.RoomCreations = &fakeLimiter[chat.RoomID]{}, &fakeLimiter[chat.RoomID]{}, &fakeLimiter[chat.RoomID]{}
			err := a.do(t.Context(), s, caller(owner))
			switch a.name {
			case "rename", "invite", "create an incoming webhook", "create an outgoing webhook", "edit", "delete the owner's message", "react":
				if chat.CodeOf(err) != chat.RateLimited || p.locks != 0 {
					t.Errorf("room limit used up: err = %v, locks = %d, want %s and none", err, p.locks, chat.RateLimited)
				}
			default:
				if p.locks != 1 {
					t.Errorf("room limit used up: err = %v, locks = %d, want 1 lock", err, p.locks)
				}
			}
		})
	}
	t.Run("a moderator deletes a message after the room limit is used up", func(t *testing.T) {
		p := newFakeStore()
		s := p.service()
		s.ChangeRates.PerRoom = &fakeLimiter[chat.RoomID]{}
		if _, err := s.DeleteMessage(t.Context(), caller(moderator), 1); p.locks != 1 {
			t.Errorf("locks = %d, err = %v, want 1", p.locks, err)
		}
	})
	t.Run("the names that a user tries for rooms are limited", func(t *testing.T) {
		p := newFakeStore()
		s := p.service()
		s.ChangeRates.Renames = &fakeLimiter[chat.UserID]{limit: 2}
		for n, want := range []int{1, 2, 2} {
			name := "a guess"
			if _, err := s.ChangeRoom(t.Context(), caller(owner), hiddenRoom, chat.RoomPatch{Name: &name}); p.locks != want {
				t.Errorf("rename %d: locks = %d, err = %v, want %d", n, p.locks, err, want)
			}
		}
	})
}

// The cost of a password attempt, and how it is counted, are the same for a hidden room, a
// room without a password that only invites open, and a room that does not exist.
func TestPasswordAttemptsDoNotRevealHiddenRooms(t *testing.T) {
	for _, way := range []struct {
		name string
		join func(s *Service, room chat.RoomID, password string) error
	}{
		{"by id", func(s *Service, room chat.RoomID, password string) error {
			_, _, err := s.JoinRoom(t.Context(), caller(stranger), room, password)
			return err
		}},
		{"by name", func(s *Service, room chat.RoomID, password string) error {
			name := map[chat.RoomID]string{hiddenRoom: "Hidden", inviteOnly: "Invite only", noRoom: "Nothing"}[room]
			_, _, err := s.JoinRoomByName(t.Context(), caller(stranger), name, password)
			return err
		}},
	} {
		for _, room := range []chat.RoomID{hiddenRoom, inviteOnly, noRoom} {
			t.Run(fmt.Sprintf("%s: room %d", way.name, room), func(t *testing.T) {
				p := newFakeStore()
				s := p.service()
				if err := way.join(s, room, ""); chat.CodeOf(err) != chat.NotFound || p.hashes != 0 {
					t.Errorf("without a password: err = %v, hashes = %d, want %s and none", err, p.hashes, chat.NotFound)
				}
				s.RoomPasswordAttempts = RoomPasswordAttempts{PerCaller: &fakeLimiter[chat.UserID]{limit: 3}, PerUser: &fakeLimiter[RoomPasswordAttempt]{limit: 1}, PerRoom: unlimited[RoomPasswordAttempt]()}
				for n := range 3 { // the second attempt exceeds the limit of one room
					if err := way.join(s, room, "a wrong guess"); chat.CodeOf(err) != chat.NotFound || p.hashes != n+1 {
						t.Errorf("attempt %d: err = %v, hashes = %d, want %s and %d", n, err, p.hashes, chat.NotFound, n+1)
					}
				}
				if err := way.join(s, room, "right"); chat.CodeOf(err) != chat.RateLimited || p.hashes != 3 {
					t.Errorf("fourth attempt: err = %v, hashes = %d, want %s and 3", err, p.hashes, chat.RateLimited)
				}
				if p.locks != 0 {
					t.Errorf("locks = %d, want none", p.locks)
				}
			})
		}
	}
}

// A join checks the state of the room under its lock, not the one that was read before.
func TestAJoinChecksTheLockedRoom(t *testing.T) {
	with := func(change func(r *chat.Room)) func(p *fakeStore, id chat.RoomID) {
		return func(p *fakeStore, id chat.RoomID) {
			room := p.rooms[id]
			change(&room)
			p.rooms[id] = room
		}
	}
	hide := with(func(r *chat.Room) { r.Private = true })
	lock := with(func(r *chat.Room) { r.PasswordHash = "new" })
	unlock := with(func(r *chat.Room) { r.PasswordHash = "" })
	for _, c := range []struct {
		name     string
		room     chat.RoomID
		password string
		change   func(p *fakeStore, id chat.RoomID)
		want     chat.Code // "" if the join is allowed
	}{
		{"an open room does not change", openRoom, "", func(*fakeStore, chat.RoomID) {}, ""},
		{"an open room is hidden", openRoom, "", hide, chat.NotFound},
		{"an open room is locked", openRoom, "", lock, chat.PasswordRequired},
		{"a locked room does not change", locked, "right", func(*fakeStore, chat.RoomID) {}, ""},
		{"a locked room gets another password", locked, "right", lock, chat.WrongPassword},
		{"a locked room is unlocked", locked, "right", unlock, ""},
		{"a locked room is hidden and keeps its password", locked, "right", hide, ""},
		{"a hidden room gets another password", hiddenRoom, "right", lock, chat.NotFound},
		{"a hidden room loses its password", hiddenRoom, "right", unlock, chat.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newFakeStore()
			p.change = func() { c.change(p, c.room) }
			_, _, err := p.service().JoinRoom(t.Context(), caller(stranger), c.room, c.password)
			if p.joined != (c.want == "") || !p.joined && chat.CodeOf(err) != c.want {
				t.Errorf("joined = %t, err = %v, want code %q", p.joined, err, c.want)
			}
		})
	}
}
