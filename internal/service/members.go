package service

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// SetRole gives a member another role; Owner hands the room over.
func (s *Service) SetRole(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID, role chat.RoomRole) (chat.Membership, error) {
	if !role.Valid() {
		return chat.Membership{}, chat.Errorf(chat.BadRequest, "A role is owner, admin, moderator or member.").WithField("role")
	}
	deed := chat.ChangeRole
	if role == chat.Owner {
		deed = chat.TransferOwner
	}
	if err := s.allowModeration(ctx, caller, id, deed); err != nil {
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

// Kick ends the membership of somebody below caller.
func (s *Service) Kick(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID) error {
	if err := s.allowModeration(ctx, caller, id, chat.RemoveMember); err != nil {
		return err
	}
	told, err := s.Rooms.Kick(ctx, id, caller.User.ID, member, chat.Outranks(chat.RemoveMember))
	if err != nil {
		return s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMessage(told)
	return nil
}

// JoinRoom makes caller a member: of a public room, or of any room whose
// password it knows. A private room is missing for whoever may not join it. For
// a member it changes nothing and asks no password.
func (s *Service) JoinRoom(ctx context.Context, caller chat.Caller, id chat.RoomID, password string) (chat.Room, chat.Membership, error) {
	room, membership, err := s.JoinFromConn(ctx, caller, id, password, "")
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	return s.withOnline(ctx, room), membership, nil
}

// JoinFromConn is JoinRoom without asking who is online, for callers that know. Of a new
// membership all connections of caller learn but the one that conn names.
func (s *Service) JoinFromConn(ctx context.Context, caller chat.Caller, id chat.RoomID, password, conn string) (chat.Room, chat.Membership, error) {
	room, membership, err := s.Rooms.Room(ctx, id, caller.User.ID)
	return s.join(ctx, caller, room, membership, err, password, conn)
}

// JoinRoomByName is JoinRoom for whoever knows a room by name only, as that of a
// private room with a password.
func (s *Service) JoinRoomByName(ctx context.Context, caller chat.Caller, name, password string) (chat.Room, chat.Membership, error) {
	room, membership, err := s.Rooms.RoomByNameKey(ctx, markup.Key(name), caller.User.ID)
	room, joined, err := s.join(ctx, caller, room, membership, err, password, "")
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	return s.withOnline(ctx, room), joined, nil
}

// join lets caller into a room that was read with the error found.
func (s *Service) join(ctx context.Context, caller chat.Caller, room chat.Room, membership *chat.Membership, found error, password, conn string) (chat.Room, chat.Membership, error) {
	if found == nil && membership != nil {
		return room, *membership, nil
	}
	if err := s.checkJoin(ctx, caller, room, found, password); err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	// After the password: before it, a refusal would tell that a hidden room exists.
	if err := allow(s.JoinRate, caller.User.ID); err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	joined, told, err := s.Rooms.Join(ctx, room.ID, caller.User.ID, room.CheckOpen)
	if err != nil {
		return chat.Room{}, chat.Membership{}, room.MaskError(err)
	}
	room, err = s.completeJoin(ctx, caller, joined, told, conn)
	return room, joined, err
}

// completeJoin tells of a new membership, where told is not nil, and reads the room as
// it is now, for who has not been removed again.
func (s *Service) completeJoin(ctx context.Context, caller chat.Caller, m chat.Membership, told *chat.Message, conn string) (chat.Room, error) {
	s.publishMessage(told)
	room, now, err := s.Rooms.Room(ctx, m.RoomID, caller.User.ID)
	switch {
	case err == nil && now == nil:
		return chat.Room{}, chat.ErrNotFound()
	case err == nil && told != nil:
		s.publishRoomAdded(room, m, conn)
	}
	return room, err
}

// publishRoomAdded tells the connections of a user, but the one that conn names, that it has
// become a member.
func (s *Service) publishRoomAdded(room chat.Room, m chat.Membership, conn string) {
	s.Publisher.PublishUser(chat.MemberAdded{Room: room, Membership: m, Conn: conn})
}

// checkJoin checks the way in to a room that was read with the error found. To try a
// password costs the same and is counted the same wherever the answer could tell that a
// hidden room exists: one hash, for a room that does not exist too.
func (s *Service) checkJoin(ctx context.Context, caller chat.Caller, room chat.Room, found error, password string) error {
	if found != nil && chat.CodeOf(found) != chat.NotFound {
		return found
	}
	open := found == nil && !room.Private && room.PasswordHash == ""
	if password != "" && !open {
		if err := allow(s.RoomPasswordAttempts.PerCaller, caller.User.ID); err != nil {
			return err
		}
	}
	if found == nil && room.PasswordHash != "" {
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

// checkRoomPassword tries a password. One too many of a hidden room is hashed all the
// same: a faster answer would tell that there is something to guess.
func (s *Service) checkRoomPassword(ctx context.Context, caller chat.Caller, room chat.Room, password string) error {
	if password == "" {
		return chat.ErrPasswordRequired()
	}
	if err := s.RoomPasswordAttempts.allow(room.ID, caller.User.ID); err != nil {
		if room.Private {
			if busy := s.Passwords.VerifyDummy(ctx, password); busy != nil {
				return busy
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

// LeaveRoom ends caller's membership. Where there is none it changes nothing.
func (s *Service) LeaveRoom(ctx context.Context, caller chat.Caller, id chat.RoomID) error {
	room, membership, err := s.visibleRoom(ctx, caller, id)
	switch {
	case err != nil:
		return err
	case room.Direct:
		return chat.Errorf(chat.Forbidden, "A direct conversation cannot be left.")
	case membership == nil:
		return nil
	}
	if err := allow(s.ChangeRates.Leaves, caller.User.ID); err != nil {
		return err
	}
	told, err := s.Rooms.Leave(ctx, id, caller.User.ID)
	if err != nil {
		return err
	}
	s.publishMessage(told)
	return nil
}

// MarkRead tells that caller has read a room up to seq, and tells it to caller's
// other connections: all but the one that conn names.
func (s *Service) MarkRead(ctx context.Context, caller chat.Caller, room chat.RoomID, seq chat.Seq, conn string) (chat.ReadState, error) {
	if seq < 0 {
		return chat.ReadState{}, chat.Errorf(chat.BadRequest, "A seq is not below 0.").WithField("seq")
	}
	state, err := s.Rooms.MarkRead(ctx, room, caller.User.ID, seq)
	if err != nil {
		return chat.ReadState{}, s.maskNotMember(ctx, caller, room, err)
	}
	s.Publisher.PublishUser(chat.ReadMarked{User: caller.User.ID, Room: room, State: state, Conn: conn})
	return state, nil
}

// Members returns a page of a room's members with their presence.
func (s *Service) Members(ctx context.Context, caller chat.Caller, id chat.RoomID, limit int, cursor string) ([]chat.MemberView, string, error) {
	if _, _, err := s.memberRoom(ctx, caller, id); err != nil {
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
func (s *Service) Online(ctx context.Context, id chat.RoomID) (roster chat.OnlineUsers, known bool) {
	rosters, err := s.Presence.Online(ctx, id)
	if err != nil {
		return nil, false
	}
	return rosters[id], true
}

func statusIn(roster chat.OnlineUsers, known bool, user chat.UserID) chat.Status {
	if !known {
		return chat.Unknown
	}
	if status, ok := roster[user]; ok {
		return status
	}
	return chat.Offline
}
