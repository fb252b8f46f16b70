package chat

import (
	"context"
	"fmt"
	"testing"
	"time"
)

const (
	owner, moderator, member, stranger UserID = 1, 2, 3, 4

	hiddenRoom, inviteOnly, locked, openRoom, noRoom RoomID = 1, 2, 3, 4, 5
)

// premises are a store of a few rooms that counts what is dear: locks and hashes.
// Methods that are not below would end the test.
type premises struct {
	Rooms
	Moderation
	inviteStore
	Hooks
	Messages

	locks, hashes int
	rooms         map[RoomID]Room
	change        func() // between the reading of a room and its lock
	in            bool   // whether the last join was allowed
}

type inviteStore = Invites // which has a method of that name

func newPremises() *premises {
	return &premises{rooms: map[RoomID]Room{
		hiddenRoom: {ID: hiddenRoom, Name: "hidden", Private: true, Password: "right"},
		inviteOnly: {ID: inviteOnly, Name: "invite only", Private: true},
		locked:     {ID: locked, Name: "locked", Password: "right"},
		openRoom:   {ID: openRoom, Name: "open"},
	}}
}

var roles = map[UserID]RoomRole{owner: Owner, moderator: Moderator, member: Member}

func (p *premises) Room(_ context.Context, id RoomID, viewer UserID) (Room, *Membership, error) {
	room, ok := p.rooms[id]
	if !ok {
		return Room{}, nil, ErrMissing()
	}
	if role, ok := roles[viewer]; ok {
		return room, &Membership{RoomID: id, UserID: viewer, Role: role}, nil
	}
	return room, nil, nil
}

func (p *premises) RoomByNameKey(ctx context.Context, key string, viewer UserID) (Room, *Membership, error) {
	for _, room := range p.rooms {
		if room.Name == key {
			return p.Room(ctx, room.ID, viewer)
		}
	}
	return Room{}, nil, ErrMissing()
}

func (p *premises) Find(_ context.Context, id MessageID, viewer UserID) (MessageRef, Membership, error) {
	role, ok := roles[viewer]
	if !ok {
		return MessageRef{}, Membership{}, ErrMissing()
	}
	return MessageRef{ID: id, Room: hiddenRoom, Author: owner, Kind: Text}, Membership{UserID: viewer, Role: role}, nil
}

var errLocked = fmt.Errorf("the room was locked")

func (p *premises) lock() error {
	p.locks++
	return errLocked
}

func (p *premises) ChangeRoom(context.Context, RoomID, UserID, RoomChange, MemberRule) (Room, *Message, error) {
	return Room{}, nil, p.lock()
}

func (p *premises) DeleteRoom(context.Context, RoomID, UserID, MemberRule) error { return p.lock() }

func (p *premises) SetRole(context.Context, RoomID, UserID, UserID, RoomRole, MemberRule) (Membership, error) {
	return Membership{}, p.lock()
}

func (p *premises) Kick(context.Context, RoomID, UserID, UserID, MemberRule) (*Message, error) {
	return nil, p.lock()
}

func (p *premises) Leave(context.Context, RoomID, UserID) (*Message, error) { return nil, p.lock() }

func (p *premises) Ban(context.Context, RoomID, UserID, UserID, string, MemberRule) (Ban, *Message, error) {
	return Ban{}, nil, p.lock()
}

func (p *premises) Unban(context.Context, RoomID, UserID, UserID, MemberRule) error { return p.lock() }

func (p *premises) Mute(context.Context, RoomID, UserID, UserID, Time, MemberRule) (Membership, error) {
	return Membership{}, p.lock()
}

func (p *premises) CreateInvite(context.Context, NewInvite, MemberRule) (Invite, error) {
	return Invite{}, p.lock()
}

func (p *premises) RevokeInvite(context.Context, RoomID, UserID, InviteID, MemberRule) error {
	return p.lock()
}

func (p *premises) CreateIncoming(context.Context, NewIncomingHook, UserID, MemberRule) (IncomingHook, *Message, error) {
	return IncomingHook{}, nil, p.lock()
}

func (p *premises) CreateOutgoing(context.Context, NewOutgoingHook, UserID, MemberRule) (OutgoingHook, error) {
	return OutgoingHook{}, p.lock()
}

func (p *premises) DeleteIncoming(context.Context, RoomID, HookID, UserID, MemberRule) (*Message, error) {
	return nil, p.lock()
}

func (p *premises) DeleteOutgoing(context.Context, RoomID, HookID, UserID, MemberRule) error {
	return p.lock()
}

func (p *premises) ResumeIncoming(context.Context, RoomID, HookID, UserID, MemberRule) (IncomingHook, error) {
	return IncomingHook{}, p.lock()
}

func (p *premises) ResumeOutgoing(context.Context, RoomID, HookID, UserID, MemberRule) (OutgoingHook, error) {
	return OutgoingHook{}, p.lock()
}

func (p *premises) Edit(context.Context, MessageRef, UserID, string, string, Rule) (Message, bool, error) {
	return Message{}, false, p.lock()
}

func (p *premises) Delete(context.Context, MessageRef, UserID, Rule) (Message, bool, error) {
	return Message{}, false, p.lock()
}

func (p *premises) React(context.Context, MessageRef, UserID, string, bool, Rule) (Message, bool, error) {
	return Message{}, false, p.lock()
}

func (p *premises) Join(_ context.Context, id RoomID, user UserID, rule JoinRule) (Membership, *Message, error) {
	if p.change != nil {
		p.change()
	}
	p.locks++
	err := rule(p.rooms[id])
	p.in = err == nil
	return Membership{RoomID: id, UserID: user, Role: Member}, nil, err
}

func (p *premises) Hash(context.Context, string) (string, error) {
	p.hashes++
	return "hash", nil
}

func (p *premises) Verify(_ context.Context, password, phc string) (bool, error) {
	p.hashes++
	return password == phc, nil
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
	return &Service{
		Rooms: p, Moderation: p, Invites: p, Hooks: p, Messages: p, Passwords: p, Targets: p,
		Sends: many[UserID](), Joins: many[UserID](), Floods: many[RoomID](),
		Rates: ChangeRates{
			OfUser: many[UserID](), OfRoom: many[RoomID](), Leaves: many[UserID](), Moderation: many[UserID](),
			Creations: many[UserID](), RoomCreations: many[RoomID](), Renames: many[UserID](), Profiles: many[UserID](),
		},
		Guesses: Guesses{OfCaller: many[UserID](), OfUser: many[Guess](), OfRoom: many[Guess]()},
		Limits:  NewLimitsInForce(Limits{MaxMessageLength: 2000}, nil, nil),
		Sweeper: NewSweeper(nil, nil, nil, nil, nil), Now: time.Now,
	}
}

func caller(id UserID) Caller { return Caller{User: User{ID: id}} }

// deeds are what takes the lock of a room, each with whoever may do it.
var deeds = []struct {
	name string
	may  []UserID
	do   func(ctx context.Context, s *Service, by Caller) error
}{
	{"change the password", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		password := "open sesame"
		_, err := s.ChangeRoom(ctx, by, hiddenRoom, RoomPatch{Password: &password})
		return err
	}},
	{"rename", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		name := "another"
		_, err := s.ChangeRoom(ctx, by, hiddenRoom, RoomPatch{Name: &name})
		return err
	}},
	{"delete the room", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		return s.DeleteRoom(ctx, by, hiddenRoom)
	}},
	{"set a role", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.SetRole(ctx, by, hiddenRoom, member, Moderator)
		return err
	}},
	{"hand over", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.SetRole(ctx, by, hiddenRoom, member, Owner)
		return err
	}},
	{"kick", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		return s.Kick(ctx, by, hiddenRoom, member)
	}},
	{"ban", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.Ban(ctx, by, hiddenRoom, member, "")
		return err
	}},
	{"unban", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		return s.Unban(ctx, by, hiddenRoom, member)
	}},
	{"mute", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.Mute(ctx, by, hiddenRoom, member, time.Minute)
		return err
	}},
	{"unmute", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.Unmute(ctx, by, hiddenRoom, member)
		return err
	}},
	{"invite", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		_, _, err := s.CreateInvite(ctx, by, hiddenRoom, 0, nil)
		return err
	}},
	{"revoke an invite", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		return s.RevokeInvite(ctx, by, hiddenRoom, 1)
	}},
	{"make an incoming webhook", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, _, err := s.CreateIncomingHook(ctx, by, hiddenRoom, "news")
		return err
	}},
	{"delete an incoming webhook", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		return s.DeleteIncomingHook(ctx, by, hiddenRoom, 1)
	}},
	{"make an outgoing webhook", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, _, err := s.CreateOutgoingHook(ctx, by, hiddenRoom, "https://example.org/")
		return err
	}},
	{"delete an outgoing webhook", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		return s.DeleteOutgoingHook(ctx, by, hiddenRoom, 1)
	}},
	{"resume an incoming webhook", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.ResumeIncomingHook(ctx, by, hiddenRoom, 1)
		return err
	}},
	{"resume an outgoing webhook", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.ResumeOutgoingHook(ctx, by, hiddenRoom, 1)
		return err
	}},
	{"edit", []UserID{owner}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.EditMessage(ctx, by, 1, "edited")
		return err
	}},
	{"delete the owner's message", []UserID{owner, moderator}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.DeleteMessage(ctx, by, 1)
		return err
	}},
	{"react", []UserID{owner, moderator, member}, func(ctx context.Context, s *Service, by Caller) error {
		_, err := s.React(ctx, by, 1, "👍", true)
		return err
	}},
	{"leave", []UserID{owner, moderator, member}, func(ctx context.Context, s *Service, by Caller) error {
		return s.LeaveRoom(ctx, by, hiddenRoom)
	}},
}

func TestPermissionComesBeforeHashesAndLocks(t *testing.T) {
	for _, d := range deeds {
		for _, by := range []UserID{owner, moderator, member, stranger} {
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
				case by == stranger && CodeOf(err) != NotFound:
					t.Errorf("err = %v, want %s", err, NotFound)
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
			none := &tokens[UserID]{}
			s.Sends, s.Rates.OfUser, s.Rates.Leaves, s.Rates.Moderation, s.Rates.Creations = none, none, none, none, none
			if err := d.do(t.Context(), s, caller(owner)); CodeOf(err) != RateLimited || p.locks != 0 {
				t.Errorf("with nothing left for the user: err = %v, %d locks, want %s and none", err, p.locks, RateLimited)
			}
			s = p.service()
			s.Floods, s.Rates.OfRoom, s.Rates.RoomCreations = &tokens[RoomID]{}, &tokens[RoomID]{}, &tokens[RoomID]{}
			err := d.do(t.Context(), s, caller(owner))
			switch d.name {
			case "rename", "invite", "make an incoming webhook", "make an outgoing webhook", "edit", "delete the owner's message", "react":
				if CodeOf(err) != RateLimited || p.locks != 0 {
					t.Errorf("in a full room: err = %v, %d locks, want %s and none", err, p.locks, RateLimited)
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
		s.Rates.OfRoom = &tokens[RoomID]{}
		if _, err := s.DeleteMessage(t.Context(), caller(moderator), 1); p.locks != 1 {
			t.Errorf("%d locks, err = %v, want 1", p.locks, err)
		}
	})
	t.Run("names of rooms are not probed by renaming", func(t *testing.T) {
		p := newPremises()
		s := p.service()
		s.Rates.Renames = &tokens[UserID]{most: 2}
		for n, want := range []int{1, 2, 2} {
			name := "a guess"
			if _, err := s.ChangeRoom(t.Context(), caller(owner), hiddenRoom, RoomPatch{Name: &name}); p.locks != want {
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
		join func(s *Service, room RoomID, password string) error
	}{
		{"by id", func(s *Service, room RoomID, password string) error {
			_, _, err := s.JoinRoom(t.Context(), caller(stranger), room, password)
			return err
		}},
		{"by name", func(s *Service, room RoomID, password string) error {
			name := map[RoomID]string{hiddenRoom: "Hidden", inviteOnly: "Invite only", noRoom: "Nothing"}[room]
			_, _, err := s.JoinRoomByName(t.Context(), caller(stranger), name, password)
			return err
		}},
	} {
		for _, room := range []RoomID{hiddenRoom, inviteOnly, noRoom} {
			t.Run(fmt.Sprintf("%s: room %d", way.name, room), func(t *testing.T) {
				p := newPremises()
				s := p.service()
				if err := way.join(s, room, ""); CodeOf(err) != NotFound || p.hashes != 0 {
					t.Errorf("without a password: err = %v, %d hashes, want %s and none", err, p.hashes, NotFound)
				}
				s.Guesses = Guesses{OfCaller: &tokens[UserID]{most: 3}, OfUser: &tokens[Guess]{most: 1}, OfRoom: many[Guess]()}
				for n := range 3 { // the second is beyond what one may try at one room
					if err := way.join(s, room, "a wrong guess"); CodeOf(err) != NotFound || p.hashes != n+1 {
						t.Errorf("guess %d: err = %v, %d hashes, want %s and %d", n, err, p.hashes, NotFound, n+1)
					}
				}
				if err := way.join(s, room, "right"); CodeOf(err) != RateLimited || p.hashes != 3 {
					t.Errorf("one guess too many: err = %v, %d hashes, want %s and none more", err, p.hashes, RateLimited)
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
	with := func(change func(r *Room)) func(p *premises, id RoomID) {
		return func(p *premises, id RoomID) {
			room := p.rooms[id]
			change(&room)
			p.rooms[id] = room
		}
	}
	hide := with(func(r *Room) { r.Private = true })
	lock := with(func(r *Room) { r.Password = "new" })
	unlock := with(func(r *Room) { r.Password = "" })
	for _, c := range []struct {
		name     string
		room     RoomID
		password string
		change   func(p *premises, id RoomID)
		want     Code // "" for in
	}{
		{"an open room stays as it is", openRoom, "", func(*premises, RoomID) {}, ""},
		{"an open room is hidden", openRoom, "", hide, NotFound},
		{"an open room is locked", openRoom, "", lock, PasswordRequired},
		{"a locked room stays as it is", locked, "right", func(*premises, RoomID) {}, ""},
		{"a locked room gets another password", locked, "right", lock, WrongPassword},
		{"a locked room is opened", locked, "right", unlock, ""},
		{"a locked room is hidden, and takes whoever knows the password", locked, "right", hide, ""},
		{"a hidden room gets another password", hiddenRoom, "right", lock, NotFound},
		{"a hidden room takes only the invited from now on", hiddenRoom, "right", unlock, NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPremises()
			p.change = func() { c.change(p, c.room) }
			_, _, err := p.service().JoinRoom(t.Context(), caller(stranger), c.room, c.password)
			if p.in != (c.want == "") || !p.in && CodeOf(err) != c.want {
				t.Errorf("in: %t, err = %v, want %q", p.in, err, c.want)
			}
		})
	}
}
