package service

import (
	"context"
	"errors"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// SetRole changes the role of a member. The role Owner transfers the room.
func (s *Service) SetRole(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID, role chat.RoomRole) (chat.Membership, error) {
	if !role.Valid() {
		return chat.Membership{}, chat.Errorf(chat.BadRequest, "The role must be owner, admin, moderator or member.").WithField("role")
	}
	permission := chat.ChangeRole
	if role == chat.Owner {
		permission = chat.TransferOwner
	}
	if err := s.allowModeration(ctx, caller, id, permission); err != nil {
		return chat.Membership{}, err
	}
	m, err := s.Rooms.SetRole(ctx, id, caller.User.ID, member, role, chat.CanSetRole(role))
	if err != nil {
		return chat.Membership{}, s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMembershipChange(ctx, m)
	if role == chat.Owner && member != caller.User.ID {
		if _, own, err := s.Rooms.Room(ctx, id, caller.User.ID); err == nil && own != nil {
			s.publishMembership(*own)
		}
	}
	return m, nil
}

// Kick ends the membership of a member with a lower role than the caller's.
func (s *Service) Kick(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID) error {
	if err := s.allowModeration(ctx, caller, id, chat.RemoveMember); err != nil {
		return err
	}
	systemMsg, err := s.Rooms.Kick(ctx, id, caller.User.ID, member, chat.Outranks(chat.RemoveMember))
	if err != nil {
		return s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMessage(systemMsg)
	return nil
}

// JoinRoom makes the caller a member of a public room, or of a room with this password. It
// returns NOT_FOUND for a private room that the caller may not join. If the caller is a
// member already, it changes nothing and needs no password.
func (s *Service) JoinRoom(ctx context.Context, caller chat.Caller, id chat.RoomID, password string) (chat.Room, chat.Membership, error) {
	room, membership, err := s.JoinFromConn(ctx, caller, id, password, "")
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	return s.withOnline(ctx, room), membership, nil
}

// JoinFromConn is JoinRoom without a read of presence. A new membership is sent to all
// connections of the caller except conn.
func (s *Service) JoinFromConn(ctx context.Context, caller chat.Caller, id chat.RoomID, password, conn string) (chat.Room, chat.Membership, error) {
	room, membership, err := s.Rooms.Room(ctx, id, caller.User.ID)
	return s.join(ctx, caller, room, membership, err, password, conn)
}

// JoinRoomByName is JoinRoom by the name of the room, for example of a private room with a
// password.
func (s *Service) JoinRoomByName(ctx context.Context, caller chat.Caller, name, password string) (chat.Room, chat.Membership, error) {
	room, membership, err := s.Rooms.RoomByNameKey(ctx, markup.Key(name), caller.User.ID)
	room, joined, err := s.join(ctx, caller, room, membership, err, password, "")
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	return s.withOnline(ctx, room), joined, nil
}

// join makes the caller a member of a room. room, membership and readErr are the result of
// reading it.
func (s *Service) join(ctx context.Context, caller chat.Caller, room chat.Room, membership *chat.Membership, readErr error, password, conn string) (chat.Room, chat.Membership, error) {
	if readErr == nil && membership != nil {
		return room, *membership, nil
	}
	if err := s.checkJoin(ctx, caller, room, readErr, password); err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	// After the password check: before it, RATE_LIMITED would reveal that a hidden room
	// exists.
	if err := allow(s.JoinRate, caller.User.ID); err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	joined, systemMsg, err := s.Rooms.Join(ctx, room.ID, caller.User.ID, room.CheckOpen)
	if err != nil {
		return chat.Room{}, chat.Membership{}, room.MaskError(err)
	}
	room, err = s.completeJoin(ctx, caller, joined, systemMsg, conn)
	return room, joined, err
}

// completeJoin publishes a new membership and reads the room again. systemMsg is nil if the
// caller was a member before. It returns NOT_FOUND if the caller has been removed again.
func (s *Service) completeJoin(ctx context.Context, caller chat.Caller, m chat.Membership, systemMsg *chat.Message, conn string) (chat.Room, error) {
	s.publishMessage(systemMsg)
	room, now, err := s.Rooms.Room(ctx, m.RoomID, caller.User.ID)
	switch {
	case err == nil && now == nil:
		return chat.Room{}, chat.ErrNotFound()
	case err == nil && systemMsg != nil:
		s.publishRoomAdded(room, m, conn)
	}
	return room, err
}

// publishRoomAdded publishes a new membership to the connections of the user except conn.
func (s *Service) publishRoomAdded(room chat.Room, m chat.Membership, conn string) {
	s.Publisher.PublishUser(chat.MemberAdded{Room: room, Membership: m, Conn: conn})
}

// checkJoin checks whether the caller may join a room, which was read with readErr. An
// attempt at a password takes as long and is counted in the same way for every room that is
// not open, also for one that does not exist. Otherwise the response would reveal that a
// hidden room exists.
func (s *Service) checkJoin(ctx context.Context, caller chat.Caller, room chat.Room, readErr error, password string) error {
	if readErr != nil && chat.CodeOf(readErr) != chat.NotFound {
		return readErr
	}
	open := readErr == nil && !room.Private && room.PasswordHash == ""
	if password != "" && !open {
		if err := allow(s.RoomPasswordAttempts.PerCaller, caller.User.ID); err != nil {
			return err
		}
	}
	if readErr == nil && room.PasswordHash != "" {
		return room.MaskError(s.checkRoomPassword(ctx, caller, room, password))
	}
	if open {
		return nil
	}
	if password != "" {
		if err := s.Passwords.VerifyDummy(ctx, password); err != nil {
			return err
		}
	}
	return chat.ErrNotFound()
}

// checkRoomPassword verifies a password. A rate-limited attempt at a hidden room is hashed
// as well: a faster response would reveal that the room exists.
func (s *Service) checkRoomPassword(ctx context.Context, caller chat.Caller, room chat.Room, password string) error {
	if password == "" {
		return chat.ErrPasswordRequired()
	}
	if err := s.RoomPasswordAttempts.allow(room.ID, caller.User.ID); err != nil {
		if room.Private {
			if err := s.Passwords.VerifyDummy(ctx, password); err != nil {
				return err
			}
		}
		return err
	}
	ok, err := s.Passwords.Verify(ctx, password, room.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return chat.ErrWrongRoomPassword()
	}
	return nil
}

// LeaveRoom ends the caller's membership. It changes nothing if there is none.
func (s *Service) LeaveRoom(ctx context.Context, caller chat.Caller, id chat.RoomID) error {
	room, membership, err := s.visibleRoom(ctx, caller, id)
	switch {
	case err != nil:
		return err
	case room.Direct:
		return chat.Errorf(chat.Forbidden, "You cannot leave a direct conversation.")
	case membership == nil:
		return nil
	}
	if err := allow(s.ChangeRates.Leaves, caller.User.ID); err != nil {
		return err
	}
	systemMsg, err := s.Rooms.Leave(ctx, id, caller.User.ID)
	if err != nil {
		return err
	}
	s.publishMessage(systemMsg)
	return nil
}

// MarkRead records that the caller has read a room up to seq, and publishes that to the
// caller's connections except conn.
func (s *Service) MarkRead(ctx context.Context, caller chat.Caller, room chat.RoomID, seq chat.Seq, conn string) (chat.ReadState, error) {
	if seq < 0 {
		return chat.ReadState{}, chat.Errorf(chat.BadRequest, "The seq must not be negative.").WithField("seq")
	}
	state, err := s.Rooms.MarkRead(ctx, room, caller.User.ID, seq)
	if err != nil {
		return chat.ReadState{}, s.maskNotMember(ctx, caller, room, err)
	}
	s.Publisher.PublishUser(chat.ReadMarked{User: caller.User.ID, Room: room, State: state, Conn: conn})
	return state, nil
}

// MaxNameQuery is the maximum length of a search for people, in characters.
const MaxNameQuery = 60

// Members returns a page of a room's members with their presence. text is a search for names, or "".
func (s *Service) Members(ctx context.Context, caller chat.Caller, id chat.RoomID, text string, limit int, cursor string) ([]chat.MemberView, string, error) {
	if _, _, err := s.memberRoom(ctx, caller, id); err != nil {
		return nil, "", err
	}
	online, known := s.Online(ctx, id)
	q := chat.MemberQuery{Limit: limit, Cursor: cursor}
	for user := range online {
		q.Online = append(q.Online, int64(user))
	}
	if strings.TrimSpace(text) != "" {
		names, err := parseNameQuery(text)
		if err != nil {
			return nil, "", err
		}
		q.Rank = names.Rank
		end, err := s.beginNameSearch(ctx, caller)
		if err != nil {
			return nil, "", err
		}
		defer end()
	}
	members, next, err := s.Rooms.Members(ctx, id, q)
	if err != nil {
		return nil, "", err
	}
	for i := range members {
		members[i].Status = statusIn(online, known, members[i].User.ID)
		members[i].User.Status = members[i].Status
	}
	return members, next, nil
}

// Member returns one member of a room with the presence.
func (s *Service) Member(ctx context.Context, caller chat.Caller, id chat.RoomID, user chat.UserID) (chat.MemberView, error) {
	if _, _, err := s.memberRoom(ctx, caller, id); err != nil {
		return chat.MemberView{}, err
	}
	member, err := s.Rooms.Member(ctx, id, user)
	if err != nil {
		return chat.MemberView{}, err
	}
	online, known := s.Online(ctx, id)
	member.Status = statusIn(online, known, user)
	member.User.Status = member.Status
	return member, nil
}

func parseNameQuery(text string) (markup.NameQuery, error) {
	names, err := markup.NewNameQuery(text, MaxNameQuery)
	switch {
	case errors.Is(err, markup.ErrTooLong):
		return names, chat.Errorf(chat.TooLong, "The search text is too long.").WithField("q")
	case err != nil:
		return names, chat.Errorf(chat.Empty, "The search text is empty.").WithField("q")
	}
	return names, nil
}

// Online returns the online users of a room. known is false if presence cannot be read.
func (s *Service) Online(ctx context.Context, id chat.RoomID) (online chat.OnlineUsers, known bool) {
	byRoom, err := s.Presence.Online(ctx, id)
	if err != nil {
		return nil, false
	}
	online, known = byRoom[id]
	return online, known
}

func statusIn(online chat.OnlineUsers, known bool, user chat.UserID) chat.Status {
	if !known {
		return chat.Unknown
	}
	if status, ok := online[user]; ok {
		return status
	}
	return chat.Offline
}
