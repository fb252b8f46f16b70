package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const owner, moderator, member, stranger chat.UserID = 1, 2, 3, 4

const hiddenRoom, inviteOnly, locked, openRoom, noRoom chat.RoomID = 1, 2, 3, 4, 5

// premises are a store of a few rooms that counts what is dear: locks and hashes.
// Methods that are not below would end the test.
type premises struct {
	chat.Rooms
	chat.Moderation
	inviteStore
	chat.Webhooks
	chat.Messages

	locks, hashes int
	rooms         map[chat.RoomID]chat.Room
	change        func() // between the reading of a room and its lock
	in            bool   // whether the last join was allowed
}

type inviteStore = chat.Invites // which has a method of that name

func newPremises() *premises {
	return &premises{rooms: map[chat.RoomID]chat.Room{
		hiddenRoom: {ID: hiddenRoom, Name: "hidden", Private: true, PasswordHash: "right"},
		inviteOnly: {ID: inviteOnly, Name: "invite only", Private: true},
		locked:     {ID: locked, Name: "locked", PasswordHash: "right"},
		openRoom:   {ID: openRoom, Name: "open"},
	}}
}

var roles = map[chat.UserID]chat.RoomRole{owner: chat.Owner, moderator: chat.Moderator, member: chat.Member}

func (p *premises) Room(_ context.Context, id chat.RoomID, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	room, ok := p.rooms[id]
	if !ok {
		return chat.Room{}, nil, chat.ErrNotFound()
	}
	if role, ok := roles[viewer]; ok {
		return room, &chat.Membership{RoomID: id, UserID: viewer, Role: role}, nil
	}
	return room, nil, nil
}

func (p *premises) RoomByNameKey(ctx context.Context, key string, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	for _, room := range p.rooms {
		if room.Name == key {
			return p.Room(ctx, room.ID, viewer)
		}
	}
	return chat.Room{}, nil, chat.ErrNotFound()
}

func (p *premises) FindMessage(_ context.Context, id chat.MessageID, viewer chat.UserID) (chat.MessageRef, chat.Membership, error) {
	role, ok := roles[viewer]
	if !ok {
		return chat.MessageRef{}, chat.Membership{}, chat.ErrNotFound()
	}
	return chat.MessageRef{ID: id, Room: hiddenRoom, Author: owner, Kind: chat.Text}, chat.Membership{UserID: viewer, Role: role}, nil
}

var errLocked = fmt.Errorf("the room was locked")

func (p *premises) lock() error {
	p.locks++
	return errLocked
}

func (p *premises) ChangeRoom(context.Context, chat.RoomID, chat.UserID, chat.RoomChange, chat.MemberRule) (chat.Room, *chat.Message, error) {
	return chat.Room{}, nil, p.lock()
}

func (p *premises) DeleteRoom(context.Context, chat.RoomID, chat.UserID, chat.MemberRule) error {
	return p.lock()
}

func (p *premises) SetRole(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.RoomRole, chat.MemberRule) (chat.Membership, error) {
	return chat.Membership{}, p.lock()
}

func (p *premises) Kick(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.MemberRule) (*chat.Message, error) {
	return nil, p.lock()
}

func (p *premises) Leave(context.Context, chat.RoomID, chat.UserID) (*chat.Message, error) {
	return nil, p.lock()
}

func (p *premises) Ban(context.Context, chat.RoomID, chat.UserID, chat.UserID, string, chat.MemberRule) (chat.Ban, *chat.Message, error) {
	return chat.Ban{}, nil, p.lock()
}

func (p *premises) Unban(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.MemberRule) error {
	return p.lock()
}

func (p *premises) Mute(context.Context, chat.RoomID, chat.UserID, chat.UserID, chat.Time, chat.MemberRule) (chat.Membership, error) {
	return chat.Membership{}, p.lock()
}

func (p *premises) CreateInvite(context.Context, chat.NewInvite, chat.MemberRule) (chat.Invite, error) {
	return chat.Invite{}, p.lock()
}

func (p *premises) RevokeInvite(context.Context, chat.RoomID, chat.UserID, chat.InviteID, chat.MemberRule) error {
	return p.lock()
}

func (p *premises) CreateIncoming(context.Context, chat.NewIncomingWebhook, chat.UserID, chat.MemberRule) (chat.IncomingWebhook, *chat.Message, error) {
	return chat.IncomingWebhook{}, nil, p.lock()
}

func (p *premises) CreateOutgoing(context.Context, chat.NewOutgoingWebhook, chat.UserID, chat.MemberRule) (chat.OutgoingWebhook, error) {
	return chat.OutgoingWebhook{}, p.lock()
}

func (p *premises) DeleteIncoming(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) (*chat.Message, error) {
	return nil, p.lock()
}

func (p *premises) DeleteOutgoing(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) error {
	return p.lock()
}

func (p *premises) ResumeIncoming(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) (chat.IncomingWebhook, error) {
	return chat.IncomingWebhook{}, p.lock()
}

func (p *premises) ResumeOutgoing(context.Context, chat.RoomID, chat.WebhookID, chat.UserID, chat.MemberRule) (chat.OutgoingWebhook, error) {
	return chat.OutgoingWebhook{}, p.lock()
}

func (p *premises) Edit(context.Context, chat.MessageRef, chat.UserID, string, string, chat.Rule) (chat.Message, bool, error) {
	return chat.Message{}, false, p.lock()
}

func (p *premises) Delete(context.Context, chat.MessageRef, chat.UserID, chat.Rule) (chat.Message, bool, error) {
	return chat.Message{}, false, p.lock()
}

func (p *premises) React(context.Context, chat.MessageRef, chat.UserID, string, bool, chat.Rule) (chat.Message, bool, error) {
	return chat.Message{}, false, p.lock()
}

func (p *premises) Join(_ context.Context, id chat.RoomID, user chat.UserID, rule chat.JoinRule) (chat.Membership, *chat.Message, error) {
	if p.change != nil {
		p.change()
	}
	p.locks++
	err := rule(p.rooms[id])
	p.in = err == nil
	return chat.Membership{RoomID: id, UserID: user, Role: chat.Member}, nil, err
}

func (p *premises) Hash(context.Context, string) (chat.PasswordHash, error) {
	p.hashes++
	return "hash", nil
}

func (p *premises) Verify(_ context.Context, password string, hash chat.PasswordHash) (bool, error) {
	p.hashes++
	return password == string(hash), nil
}

func (p *premises) VerifyDummy(context.Context, string) error {
	p.hashes++
	return nil
}

func (p *premises) Check(url string) (string, error) { return url, nil }

// tokens is a Limiter that counts what it allowed, and allows no more than most.
type tokens[K comparable] struct {
	most, used int
}

func (l *tokens[K]) Allow(K) (time.Duration, bool) {
	if l.used >= l.most {
		return time.Second, false
	}
	l.used++
	return 0, true
}

func (l *tokens[K]) Ready(K) (time.Duration, bool) { return time.Second, l.used < l.most }

func many[K comparable]() *tokens[K] { return &tokens[K]{most: 1000} }

func (p *premises) service() *Service {
	return &Service{Dependencies: Dependencies{
		Rooms: p, Moderation: p, Invites: p, Webhooks: p, Messages: p, Passwords: p, Targets: p,
		MessageRate: many[chat.UserID](), JoinRate: many[chat.UserID](), RoomMessageRate: many[chat.RoomID](),
		ChangeRates: ChangeRates{
			PerUser: many[chat.UserID](), PerRoom: many[chat.RoomID](), Leaves: many[chat.UserID](), Moderation: many[chat.UserID](),
			Creations: many[chat.UserID](), RoomCreations: many[chat.RoomID](), Renames: many[chat.UserID](), Profiles: many[chat.UserID](),
		},
		RoomPasswordAttempts: RoomPasswordAttempts{PerCaller: many[chat.UserID](), PerUser: many[RoomPasswordAttempt](), PerRoom: many[RoomPasswordAttempt]()},
		Limits:               NewEffectiveLimits(chat.Limits{MaxMessageLength: 2000}, nil, nil),
		GarbageCollector:     NewGarbageCollector(nil, nil, nil, nil, nil), Now: time.Now,
	}}
}

func caller(id chat.UserID) chat.Caller { return chat.Caller{User: chat.User{ID: id}} }

// deeds are what takes the lock of a room, each with whoever may do it.
var deeds = []struct {
	name string
	may  []chat.UserID
	do   func(ctx context.Context, s *Service, by chat.Caller) error
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
	{"hand over", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
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
	{"make an incoming webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		_, _, err := s.CreateIncomingWebhook(ctx, by, hiddenRoom, "news")
		return err
	}},
	{"delete an incoming webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
		return s.DeleteIncomingWebhook(ctx, by, hiddenRoom, 1)
	}},
	{"make an outgoing webhook", []chat.UserID{owner}, func(ctx context.Context, s *Service, by chat.Caller) error {
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

func TestPermissionComesBeforeHashesAndLocks(t *testing.T) {
	for _, d := range deeds {
		for _, by := range []chat.UserID{owner, moderator, member, stranger} {
			t.Run(fmt.Sprintf("%s by %d", d.name, by), func(t *testing.T) {
				p := newPremises()
				err := d.do(t.Context(), p.service(), caller(by))
				may := false
				for _, who := range d.may {
					may = may || who == by
				}
				switch {
				case may && p.locks != 1:
					t.Errorf("%d locks, err = %v, want 1: it is allowed", p.locks, err)
				case !may && (p.locks != 0 || p.hashes != 0 || err == nil):
					t.Errorf("%d locks, %d hashes, err = %v, want none and a refusal", p.locks, p.hashes, err)
				case by == stranger && chat.CodeOf(err) != chat.NotFound:
					t.Errorf("err = %v, want %s", err, chat.NotFound)
				}
			})
		}
	}
}

// Everything that takes a room's lock is limited for each user, and a room that others
// have filled holds up neither leaving nor those who have a role.
func TestEveryChangeIsLimited(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			p := newPremises()
			s := p.service()
			none := &tokens[chat.UserID]{}
			s.MessageRate, s.ChangeRates.PerUser, s.ChangeRates.Leaves, s.ChangeRates.Moderation, s.ChangeRates.Creations = none, none, none, none, none
			if err := d.do(t.Context(), s, caller(owner)); chat.CodeOf(err) != chat.RateLimited || p.locks != 0 {
				t.Errorf("with nothing left for the user: err = %v, %d locks, want %s and none", err, p.locks, chat.RateLimited)
			}
			s = p.service()
			s.RoomMessageRate, s.ChangeRates.PerRoom, s.ChangeRates.RoomCreations = &tokens[chat.RoomID]{}, &tokens[chat.RoomID]{}, &tokens[chat.RoomID]{}
			err := d.do(t.Context(), s, caller(owner))
			switch d.name {
			case "rename", "invite", "make an incoming webhook", "make an outgoing webhook", "edit", "delete the owner's message", "react":
				if chat.CodeOf(err) != chat.RateLimited || p.locks != 0 {
					t.Errorf("in a full room: err = %v, %d locks, want %s and none", err, p.locks, chat.RateLimited)
				}
			default:
				if p.locks != 1 {
					t.Errorf("in a full room: err = %v, %d locks, want that it waits for nobody", err, p.locks)
				}
			}
		})
	}
	t.Run("a moderator deletes in a full room", func(t *testing.T) {
		p := newPremises()
		s := p.service()
		s.ChangeRates.PerRoom = &tokens[chat.RoomID]{}
		if _, err := s.DeleteMessage(t.Context(), caller(moderator), 1); p.locks != 1 {
			t.Errorf("%d locks, err = %v, want 1", p.locks, err)
		}
	})
	t.Run("names of rooms are not probed by renaming", func(t *testing.T) {
		p := newPremises()
		s := p.service()
		s.ChangeRates.Renames = &tokens[chat.UserID]{most: 2}
		for n, want := range []int{1, 2, 2} {
			name := "a guess"
			if _, err := s.ChangeRoom(t.Context(), caller(owner), hiddenRoom, chat.RoomPatch{Name: &name}); p.locks != want {
				t.Errorf("rename %d: %d locks, err = %v, want %d", n, p.locks, err, want)
			}
		}
	})
}

// What a try at a password costs, and how it is counted, is the same for a hidden room,
// for one that takes only the invited, and for none.
func TestATryAtAPasswordDoesNotTellWhatIsHidden(t *testing.T) {
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
				p := newPremises()
				s := p.service()
				if err := way.join(s, room, ""); chat.CodeOf(err) != chat.NotFound || p.hashes != 0 {
					t.Errorf("without a password: err = %v, %d hashes, want %s and none", err, p.hashes, chat.NotFound)
				}
				s.RoomPasswordAttempts = RoomPasswordAttempts{PerCaller: &tokens[chat.UserID]{most: 3}, PerUser: &tokens[RoomPasswordAttempt]{most: 1}, PerRoom: many[RoomPasswordAttempt]()}
				for n := range 3 { // the second is beyond what one may try at one room
					if err := way.join(s, room, "a wrong guess"); chat.CodeOf(err) != chat.NotFound || p.hashes != n+1 {
						t.Errorf("guess %d: err = %v, %d hashes, want %s and %d", n, err, p.hashes, chat.NotFound, n+1)
					}
				}
				if err := way.join(s, room, "right"); chat.CodeOf(err) != chat.RateLimited || p.hashes != 3 {
					t.Errorf("one guess too many: err = %v, %d hashes, want %s and none more", err, p.hashes, chat.RateLimited)
				}
				if p.locks != 0 {
					t.Errorf("%d locks, want none", p.locks)
				}
			})
		}
	}
}

// A room that is hidden or locked while somebody joins lets nobody in afterwards.
func TestWhatChangesDuringAJoinCounts(t *testing.T) {
	with := func(change func(r *chat.Room)) func(p *premises, id chat.RoomID) {
		return func(p *premises, id chat.RoomID) {
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
		change   func(p *premises, id chat.RoomID)
		want     chat.Code // "" for in
	}{
		{"an open room stays as it is", openRoom, "", func(*premises, chat.RoomID) {}, ""},
		{"an open room is hidden", openRoom, "", hide, chat.NotFound},
		{"an open room is locked", openRoom, "", lock, chat.PasswordRequired},
		{"a locked room stays as it is", locked, "right", func(*premises, chat.RoomID) {}, ""},
		{"a locked room gets another password", locked, "right", lock, chat.WrongPassword},
		{"a locked room is opened", locked, "right", unlock, ""},
		{"a locked room is hidden, and takes whoever knows the password", locked, "right", hide, ""},
		{"a hidden room gets another password", hiddenRoom, "right", lock, chat.NotFound},
		{"a hidden room takes only the invited from now on", hiddenRoom, "right", unlock, chat.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPremises()
			p.change = func() { c.change(p, c.room) }
			_, _, err := p.service().JoinRoom(t.Context(), caller(stranger), c.room, c.password)
			if p.in != (c.want == "") || !p.in && chat.CodeOf(err) != c.want {
				t.Errorf("in: %t, err = %v, want %q", p.in, err, c.want)
			}
		})
	}
}
