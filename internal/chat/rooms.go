package chat

import (
	"context"
	"errors"

	"github.com/chillin-chat/chillin/internal/markup"
)

// The limits of names that people give, in characters (Unicode code points).
const (
	MaxRoomName    = 30
	MaxDescription = 300
)

// RoomDraft is what a caller asks a new room to be.
type RoomDraft struct {
	Name        string
	Description string
	Private     bool
	Password    string
}

// CreateRoom makes a room that caller owns.
func (s *Service) CreateRoom(ctx context.Context, caller Caller, d RoomDraft) (Room, error) {
	name, err := line(d.Name, MaxRoomName, "name")
	if err != nil {
		return Room{}, err
	}
	if name == "" {
		return Room{}, Fault(Empty, "A room needs a name.").In("name")
	}
	description, err := line(d.Description, MaxDescription, "description")
	if err != nil {
		return Room{}, err
	}
	if err := allow(s.Foundings, caller.User.ID); err != nil {
		return Room{}, err
	}
	phc, err := s.roomPassword(ctx, d.Password)
	if err != nil {
		return Room{}, err
	}
	room, membership, err := s.Rooms.CreateRoom(ctx, NewRoom{
		Name: name, NameKey: markup.Key(name), Description: description,
		Private: d.Private, Password: phc, Owner: caller.User.ID,
	})
	if err != nil {
		return Room{}, err
	}
	s.added(room, membership, "")
	return s.withOnline(ctx, room), nil
}

func (s *Service) roomPassword(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if err := CheckPassword(password, ""); err != nil {
		return "", err
	}
	return s.Passwords.Hash(ctx, password)
}

// Room returns a room that caller may see.
func (s *Service) Room(ctx context.Context, caller Caller, id RoomID) (Room, error) {
	room, _, err := s.visible(ctx, caller, id)
	if err != nil {
		return Room{}, err
	}
	return s.withOnline(ctx, room), nil
}

// RoomByName returns the room of that name, whatever its case, if caller may see it.
func (s *Service) RoomByName(ctx context.Context, caller Caller, name string) (Room, error) {
	room, membership, err := s.Rooms.RoomByNameKey(ctx, markup.Key(name), caller.User.ID)
	if err != nil {
		return Room{}, err
	}
	if room.Private && membership == nil {
		return Room{}, ErrMissing()
	}
	return s.withOnline(ctx, room), nil
}

// visible is the one gate before a room: what caller may not see is missing.
func (s *Service) visible(ctx context.Context, caller Caller, id RoomID) (Room, *Membership, error) {
	room, membership, err := s.Rooms.Room(ctx, id, caller.User.ID)
	if err != nil {
		return Room{}, nil, err
	}
	if room.Private && membership == nil {
		return Room{}, nil, ErrMissing()
	}
	return room, membership, nil
}

// inside is the gate before what only members see and do.
func (s *Service) inside(ctx context.Context, caller Caller, id RoomID) (Room, Membership, error) {
	room, membership, err := s.visible(ctx, caller, id)
	if err != nil {
		return Room{}, Membership{}, err
	}
	if membership == nil {
		return Room{}, Membership{}, ErrNotAMember()
	}
	return room, *membership, nil
}

// readable is the gate before what stands in a room.
func (s *Service) readable(ctx context.Context, caller Caller, id RoomID) (Room, error) {
	room, _, err := s.inside(ctx, caller, id)
	return room, err
}

// ListRooms returns a page of the rooms that caller may see.
func (s *Service) ListRooms(ctx context.Context, caller Caller, q RoomQuery) ([]Room, string, error) {
	q.Viewer, q.Text = caller.User.ID, markup.Key(q.Text)
	rooms, next, err := s.Rooms.ListRooms(ctx, q)
	if err != nil {
		return nil, "", err
	}
	return s.withOnlineAll(ctx, rooms), next, nil
}

// OwnRooms returns caller's rooms with what is unread in them.
func (s *Service) OwnRooms(ctx context.Context, caller Caller) ([]OwnRoom, error) {
	own, err := s.Rooms.OwnRooms(ctx, caller.User.ID)
	if err != nil {
		return nil, err
	}
	rooms := make([]Room, len(own))
	for i := range own {
		rooms[i] = own[i].Room
	}
	for i, room := range s.withOnlineAll(ctx, rooms) {
		own[i].Room = room
	}
	return own, nil
}

// JoinRoom makes caller a member: of a public room, or of any room whose
// password it knows. A private room is missing for whoever may not join it. For
// a member it changes nothing and asks no password.
func (s *Service) JoinRoom(ctx context.Context, caller Caller, id RoomID, password string) (Room, Membership, error) {
	room, membership, err := s.Enter(ctx, caller, id, password, "")
	if err != nil {
		return Room{}, Membership{}, err
	}
	return s.withOnline(ctx, room), membership, nil
}

// Enter is JoinRoom without asking who is online, for callers that know. Of a new
// membership all connections of caller learn but the one that conn names.
func (s *Service) Enter(ctx context.Context, caller Caller, id RoomID, password, conn string) (Room, Membership, error) {
	room, membership, err := s.Rooms.Room(ctx, id, caller.User.ID)
	return s.join(ctx, caller, room, membership, err, password, conn)
}

// JoinRoomByName is JoinRoom for whoever knows a room by name only, as that of a
// private room with a password.
func (s *Service) JoinRoomByName(ctx context.Context, caller Caller, name, password string) (Room, Membership, error) {
	room, membership, err := s.Rooms.RoomByNameKey(ctx, markup.Key(name), caller.User.ID)
	room, joined, err := s.join(ctx, caller, room, membership, err, password, "")
	if err != nil {
		return Room{}, Membership{}, err
	}
	return s.withOnline(ctx, room), joined, nil
}

// join lets caller into a room that was read with the error found.
func (s *Service) join(ctx context.Context, caller Caller, room Room, membership *Membership, found error, password, conn string) (Room, Membership, error) {
	if found == nil && membership != nil {
		return room, *membership, nil
	}
	if err := s.mayJoin(ctx, caller, room, found, password); err != nil {
		return Room{}, Membership{}, err
	}
	// After the password: before it, a refusal would tell that a hidden room exists.
	if err := allow(s.Joins, caller.User.ID); err != nil {
		return Room{}, Membership{}, err
	}
	joined, told, err := s.Rooms.Join(ctx, room.ID, caller.User.ID, room.stillOpen)
	if err != nil {
		return Room{}, Membership{}, room.hidden(err)
	}
	room, err = s.entered(ctx, caller, joined, told, conn)
	return room, joined, err
}

// stillOpen is the rule for a join that was allowed when r was read: a room that has been
// hidden or locked since then is closed to it. now is the room under its lock.
func (r Room) stillOpen(now Room) error {
	switch {
	case now.Password == "" && now.Private:
		return ErrMissing()
	case now.Password == "" || now.Password == r.Password:
		return nil
	case r.Password == "":
		return now.hidden(errPasswordRequired())
	}
	return now.hidden(errWrongRoomPassword())
}

func errPasswordRequired() error {
	return Fault(PasswordRequired, "This room asks for a password.").In("password")
}

func errWrongRoomPassword() error {
	return Fault(WrongPassword, "That is not the room's password.").In("password")
}

// hidden is err as it may be told to who is not in the room.
func (r Room) hidden(err error) error {
	code := CodeOf(err)
	if err != nil && r.Private && (code == WrongPassword || code == PasswordRequired || code == RateLimited || code == Forbidden) {
		return ErrMissing()
	}
	return err
}

// entered tells of a new membership, where told is not nil, and reads the room as
// it is now, for who has not been removed again.
func (s *Service) entered(ctx context.Context, caller Caller, m Membership, told *Message, conn string) (Room, error) {
	s.announce(told)
	room, now, err := s.Rooms.Room(ctx, m.RoomID, caller.User.ID)
	switch {
	case err == nil && now == nil:
		return Room{}, ErrMissing()
	case err == nil && told != nil:
		s.added(room, m, conn)
	}
	return room, err
}

// added tells the connections of a user, but the one that conn names, that it has
// become a member.
func (s *Service) added(room Room, m Membership, conn string) {
	s.Announcer.Notify(Notice{Kind: ForUser, User: m.UserID, Except: conn, Frame: Frame("room:added", RoomAdded{room, m})})
}

// mayJoin checks the way in to a room that was read with the error found. To try a
// password costs the same and is counted the same wherever the answer could tell that a
// hidden room exists: one hash, for a room that does not exist too.
func (s *Service) mayJoin(ctx context.Context, caller Caller, room Room, found error, password string) error {
	if found != nil && CodeOf(found) != NotFound {
		return found
	}
	open := found == nil && !room.Private && room.Password == ""
	if password != "" && !open {
		if err := allow(s.Guesses.OfCaller, caller.User.ID); err != nil {
			return err
		}
	}
	if found == nil && room.Password != "" {
		return room.hidden(s.checkRoomPassword(ctx, caller, room, password))
	}
	if open {
		return nil
	}
	if password != "" {
		if err := s.Passwords.VerifyDummy(ctx, password); err != nil {
			return err
		}
	}
	return ErrMissing()
}

// checkRoomPassword tries a password. One too many of a hidden room is hashed all the
// same: a faster answer would tell that there is something to guess.
func (s *Service) checkRoomPassword(ctx context.Context, caller Caller, room Room, password string) error {
	if password == "" {
		return errPasswordRequired()
	}
	if err := s.Guesses.allow(room.ID, caller.User.ID); err != nil {
		if room.Private {
			if busy := s.Passwords.VerifyDummy(ctx, password); busy != nil {
				return busy
			}
		}
		return err
	}
	ok, err := s.Passwords.Verify(ctx, password, room.Password)
	if err != nil {
		return err
	}
	if !ok {
		return errWrongRoomPassword()
	}
	return nil
}

// LeaveRoom ends caller's membership. Where there is none it changes nothing.
func (s *Service) LeaveRoom(ctx context.Context, caller Caller, id RoomID) error {
	room, membership, err := s.visible(ctx, caller, id)
	switch {
	case err != nil:
		return err
	case room.Direct:
		return Fault(Forbidden, "A direct conversation cannot be left.")
	case membership == nil:
		return nil
	}
	if err := allow(s.Rates.Leaves, caller.User.ID); err != nil {
		return err
	}
	told, err := s.Rooms.Leave(ctx, id, caller.User.ID)
	if err != nil {
		return err
	}
	s.announce(told)
	return nil
}

// MarkRead tells that caller has read a room up to seq, and tells it to caller's
// other connections: all but the one that conn names.
func (s *Service) MarkRead(ctx context.Context, caller Caller, room RoomID, seq Seq, conn string) (ReadState, error) {
	if seq < 0 {
		return ReadState{}, Fault(BadRequest, "A seq is not below 0.").In("seq")
	}
	state, err := s.Rooms.MarkRead(ctx, room, caller.User.ID, seq)
	if err != nil {
		return ReadState{}, s.hiding(ctx, caller, room, err)
	}
	s.Announcer.Notify(Notice{
		Kind: ForUser, User: caller.User.ID, Except: conn,
		Frame: Frame("read:updated", ReadUpdated{room, state}),
	})
	return state, nil
}

// hiding keeps NOT_A_MEMBER from telling a stranger that a hidden room exists.
func (s *Service) hiding(ctx context.Context, caller Caller, room RoomID, err error) error {
	if CodeOf(err) == NotAMember {
		if _, _, hidden := s.visible(ctx, caller, room); hidden != nil {
			return hidden
		}
	}
	return err
}

// Members returns a page of a room's members with their presence.
func (s *Service) Members(ctx context.Context, caller Caller, id RoomID, limit int, cursor string) ([]MemberView, string, error) {
	if _, err := s.readable(ctx, caller, id); err != nil {
		return nil, "", err
	}
	members, next, err := s.Rooms.Members(ctx, id, limit, cursor)
	if err != nil {
		return nil, "", err
	}
	roster, known := s.Online(ctx, id)
	for i := range members {
		members[i].Status = statusIn(roster, known, members[i].User.ID)
		members[i].User.Status = members[i].Status
	}
	return members, next, nil
}

// Online returns who is in a room now; known is false where presence cannot be
// known, which is no error.
func (s *Service) Online(ctx context.Context, id RoomID) (roster Roster, known bool) {
	rosters, err := s.Presence.Online(ctx, id)
	if err != nil {
		return nil, false
	}
	return rosters[id], true
}

func statusIn(roster Roster, known bool, user UserID) Status {
	if !known {
		return Unknown
	}
	if status, ok := roster[user]; ok {
		return status
	}
	return Offline
}

func (s *Service) withOnline(ctx context.Context, room Room) Room {
	return s.withOnlineAll(ctx, []Room{room})[0]
}

func (s *Service) withOnlineAll(ctx context.Context, rooms []Room) []Room {
	ids := make([]RoomID, len(rooms))
	for i, room := range rooms {
		ids[i] = room.ID
	}
	rosters, err := s.Presence.Online(ctx, ids...)
	if err != nil {
		return rooms
	}
	for i := range rooms {
		n := len(rosters[rooms[i].ID])
		rooms[i].OnlineCount = &n
	}
	return rooms
}

// announce tells of a committed change; nil is none.
func (s *Service) announce(m *Message) {
	if m != nil {
		s.Announcer.Announce(ChangeEvent(*m, m.ChangeSeq))
	}
}

// line cleans a one-line text that a person gave.
func line(text string, limit int, field string) (string, error) {
	clean, err := markup.Line(text, limit)
	switch {
	case err == nil:
		return clean, nil
	case errors.Is(err, markup.ErrEmpty):
		return "", nil
	case errors.Is(err, markup.ErrTooLong):
		return "", Fault(TooLong, "That is longer than %d characters.", limit).In(field)
	default:
		return "", Fault(BadRequest, "That text has characters that cannot be used here.").In(field)
	}
}
