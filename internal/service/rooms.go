package service

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// ChangeRoom changes the name, description, privacy or password of a room. The permission is
// checked first, so that no password is hashed without it.
func (s *Service) ChangeRoom(ctx context.Context, caller chat.Caller, id chat.RoomID, p chat.RoomPatch) (chat.Room, error) {
	if err := s.allowModeration(ctx, caller, id, chat.ChangeRoom); err != nil {
		return chat.Room{}, err
	}
	if err := s.allowRoomPatch(caller, id, p); err != nil {
		return chat.Room{}, err
	}
	change, err := s.cleanRoomPatch(ctx, p)
	if err != nil {
		return chat.Room{}, err
	}
	room, systemMsg, err := s.Rooms.ChangeRoom(ctx, id, caller.User.ID, change, chat.RequirePermission(chat.ChangeRoom))
	if err != nil {
		return chat.Room{}, s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMessage(systemMsg)
	room = s.withOnline(ctx, room)
	s.Publisher.PublishRoom(chat.RoomChanged{Room: room})
	return room, nil
}

// allowRoomPatch counts a new name or description, which every member sees. Privacy and
// password are not counted, so that other changes cannot prevent hiding or locking a room.
func (s *Service) allowRoomPatch(caller chat.Caller, id chat.RoomID, p chat.RoomPatch) error {
	if p.Name != nil {
		if err := allow(s.ChangeRates.Renames, caller.User.ID); err != nil {
			return err
		}
	}
	if p.Name != nil || p.Description != nil {
		return allow(s.ChangeRates.PerRoom, id)
	}
	return nil
}

func (s *Service) cleanRoomPatch(ctx context.Context, p chat.RoomPatch) (chat.RoomChange, error) {
	change := chat.RoomChange{Private: p.Private}
	if p.Name != nil {
		name, err := chat.CleanLine(*p.Name, chat.MaxRoomName, "name")
		if err != nil {
			return change, err
		}
		if name == "" {
			return change, chat.Errorf(chat.Empty, "A room needs a name.").WithField("name")
		}
		key := markup.Key(name)
		change.Name, change.NameKey = &name, &key
	}
	if p.Description != nil {
		description, err := chat.CleanLine(*p.Description, chat.MaxDescription, "description")
		if err != nil {
			return change, err
		}
		change.Description = &description
	}
	if p.Password != nil {
		hash, err := s.hashRoomPassword(ctx, *p.Password)
		if err != nil {
			return change, err
		}
		change.PasswordHash = &hash
	}
	return change, nil
}

// DeleteRoom deletes a room with everything in it.
func (s *Service) DeleteRoom(ctx context.Context, caller chat.Caller, id chat.RoomID) error {
	if err := s.allowModeration(ctx, caller, id, chat.DeleteRoom); err != nil {
		return err
	}
	if err := s.Rooms.DeleteRoom(ctx, id, caller.User.ID, chat.RequirePermission(chat.DeleteRoom)); err != nil {
		return s.maskNotMember(ctx, caller, id, err)
	}
	s.Publisher.PublishRoom(chat.RoomDeleted{Room: id})
	s.GarbageCollector.Wake()
	return nil
}

// CreateRoom creates a room with the caller as its owner.
func (s *Service) CreateRoom(ctx context.Context, caller chat.Caller, d chat.RoomDraft) (chat.Room, error) {
	name, err := chat.CleanLine(d.Name, chat.MaxRoomName, "name")
	if err != nil {
		return chat.Room{}, err
	}
	if name == "" {
		return chat.Room{}, chat.Errorf(chat.Empty, "A room needs a name.").WithField("name")
	}
	description, err := chat.CleanLine(d.Description, chat.MaxDescription, "description")
	if err != nil {
		return chat.Room{}, err
	}
	if err := allow(s.RoomCreationRate, caller.User.ID); err != nil {
		return chat.Room{}, err
	}
	hash, err := s.hashRoomPassword(ctx, d.Password)
	if err != nil {
		return chat.Room{}, err
	}
	room, membership, err := s.Rooms.CreateRoom(ctx, chat.NewRoom{
		Name: name, NameKey: markup.Key(name), Description: description,
		Private: d.Private, PasswordHash: hash, Owner: caller.User.ID,
	})
	if err != nil {
		return chat.Room{}, err
	}
	s.publishRoomAdded(room, membership, "")
	return s.withOnline(ctx, room), nil
}

func (s *Service) hashRoomPassword(ctx context.Context, password string) (chat.PasswordHash, error) {
	if password == "" {
		return "", nil
	}
	if err := chat.CheckPassword(password, ""); err != nil {
		return "", err
	}
	return s.Passwords.Hash(ctx, password)
}

// Room returns a room that the caller may see.
func (s *Service) Room(ctx context.Context, caller chat.Caller, id chat.RoomID) (chat.Room, error) {
	room, _, err := s.visibleRoom(ctx, caller, id)
	if err != nil {
		return chat.Room{}, err
	}
	return s.withOnline(ctx, room), nil
}

// RoomByName returns the room of that name, ignoring case, if the caller may see it.
func (s *Service) RoomByName(ctx context.Context, caller chat.Caller, name string) (chat.Room, error) {
	room, membership, err := s.Rooms.RoomByNameKey(ctx, markup.Key(name), caller.User.ID)
	if err != nil {
		return chat.Room{}, err
	}
	if room.Private && membership == nil {
		return chat.Room{}, chat.ErrNotFound()
	}
	return s.withOnline(ctx, room), nil
}

// visibleRoom returns a room and the caller's membership, which may be nil. It returns
// NOT_FOUND if the caller may not see the room.
func (s *Service) visibleRoom(ctx context.Context, caller chat.Caller, id chat.RoomID) (chat.Room, *chat.Membership, error) {
	room, membership, err := s.Rooms.Room(ctx, id, caller.User.ID)
	if err != nil {
		return chat.Room{}, nil, err
	}
	if room.Private && membership == nil {
		return chat.Room{}, nil, chat.ErrNotFound()
	}
	return room, membership, nil
}

// memberRoom is visibleRoom for members. It returns NOT_A_MEMBER to other callers.
func (s *Service) memberRoom(ctx context.Context, caller chat.Caller, id chat.RoomID) (chat.Room, chat.Membership, error) {
	room, membership, err := s.visibleRoom(ctx, caller, id)
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	if membership == nil {
		return chat.Room{}, chat.Membership{}, chat.ErrNotAMember()
	}
	return room, *membership, nil
}

// ListRooms returns a page of the rooms that the caller may see.
func (s *Service) ListRooms(ctx context.Context, caller chat.Caller, q chat.RoomQuery) ([]chat.Room, string, error) {
	q.Viewer, q.Text = caller.User.ID, markup.Key(q.Text)
	rooms, next, err := s.Rooms.ListRooms(ctx, q)
	if err != nil {
		return nil, "", err
	}
	return s.withOnlineAll(ctx, rooms), next, nil
}

// OwnRooms returns the caller's rooms with their unread counts.
func (s *Service) OwnRooms(ctx context.Context, caller chat.Caller) ([]chat.OwnRoom, error) {
	own, err := s.Rooms.OwnRooms(ctx, caller.User.ID)
	if err != nil {
		return nil, err
	}
	rooms := make([]chat.Room, len(own))
	for i := range own {
		rooms[i] = own[i].Room
	}
	for i, room := range s.withOnlineAll(ctx, rooms) {
		own[i].Room = room
	}
	return own, nil
}

// maskNotMember returns NOT_FOUND in place of NOT_A_MEMBER for a room that the caller may
// not see, so that the error does not reveal it.
func (s *Service) maskNotMember(ctx context.Context, caller chat.Caller, room chat.RoomID, err error) error {
	if chat.CodeOf(err) == chat.NotAMember {
		if _, _, hidden := s.visibleRoom(ctx, caller, room); hidden != nil {
			return hidden
		}
	}
	return err
}

func (s *Service) withOnline(ctx context.Context, room chat.Room) chat.Room {
	return s.withOnlineAll(ctx, []chat.Room{room})[0]
}

func (s *Service) withOnlineAll(ctx context.Context, rooms []chat.Room) []chat.Room {
	ids := make([]chat.RoomID, len(rooms))
	for i, room := range rooms {
		ids[i] = room.ID
	}
	online, err := s.Presence.Online(ctx, ids...)
	if err != nil {
		return rooms
	}
	for i := range rooms {
		if users, known := online[rooms[i].ID]; known {
			n := len(users)
			rooms[i].OnlineCount = &n
		}
	}
	return rooms
}

// publishMessage publishes a committed message or change. It does nothing if m is nil.
func (s *Service) publishMessage(m *chat.Message) {
	if m != nil {
		s.Publisher.PublishRoom(chat.MessageChanged{Message: *m, Seq: m.ChangeSeq})
	}
}
