package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

// roomColumns are what scanRoom reads, of a table named r.
const roomColumns = `r.id, r.name, r.description, r.private, COALESCE(r.password, ''), r.owner_id, r.member_count, r.head, r.created_at,
	EXISTS (SELECT 1 FROM direct_rooms d WHERE d.room_id = r.id)`

func (s *Store) scanRoom(r row, more ...any) (chat.Room, error) {
	room := chat.Room{Epoch: s.epoch}
	dest := append([]any{&room.ID, &room.Name, &room.Description, &room.Private, &room.Password, &room.OwnerID,
		&room.MemberCount, &room.Head, &room.CreatedAt, &room.Direct}, more...)
	err := r.Scan(dest...)
	room.HasPassword = room.Password != ""
	if room.Direct {
		room.OwnerID = 0 // both are plain members
	}
	return room, err
}

// oneRoom reads a room whole.
func (s *Store) oneRoom(ctx context.Context, from querier, query string, args ...any) (chat.Room, error) {
	room, err := s.scanRoom(from.QueryRowContext(ctx, query, args...))
	if err != nil {
		return room, err
	}
	return room, s.addFaces(ctx, from, []*chat.Room{&room})
}

// CreateRoom makes a room with its owner as the only member.
func (s *Store) CreateRoom(ctx context.Context, n chat.NewRoom) (chat.Room, chat.Membership, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var room chat.Room
	var membership chat.Membership
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var id chat.RoomID
		err := tx.QueryRowContext(ctx, `
			INSERT INTO rooms (name, name_key, description, private, password, owner_id, member_count, active_at, created_at)
			VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, 1, $7, $7) RETURNING id`,
			n.Name, n.NameKey, n.Description, n.Private, n.Password, int64(n.Owner), int64(s.clock())).Scan(&id)
		if err != nil {
			return err
		}
		if membership, err = s.addMember(ctx, tx, id, n.Owner, chat.Owner, 0); err != nil {
			return err
		}
		room, err = s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id)))
		return err
	})
	return room, membership, s.fail("create room", err)
}

// Room returns a room and the viewer's membership.
func (s *Store) Room(ctx context.Context, id chat.RoomID, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	return s.room(ctx, viewer, `r.id = $2`, int64(id))
}

// RoomByNameKey returns the room with that folded name.
func (s *Store) RoomByNameKey(ctx context.Context, key string, viewer chat.UserID) (chat.Room, *chat.Membership, error) {
	return s.room(ctx, viewer, `r.name_key = $2`, key)
}

func (s *Store) room(ctx context.Context, viewer chat.UserID, where string, arg any) (chat.Room, *chat.Membership, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var role sql.NullString
	m := chat.Membership{UserID: viewer}
	room, err := s.scanRoom(s.read.QueryRowContext(ctx, `
		SELECT `+roomColumns+`, m.role, COALESCE(m.joined_at, 0), COALESCE(m.last_read, 0), `+mutedUntil("m")+`
		FROM rooms r LEFT JOIN room_members m ON m.room_id = r.id AND m.user_id = $1
		WHERE `+where, int64(viewer), arg), &role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
	if err == nil {
		err = s.addFaces(ctx, s.read, []*chat.Room{&room})
	}
	if err != nil {
		return chat.Room{}, nil, s.fail("find room", err)
	}
	if !role.Valid {
		return room, nil, nil
	}
	m.RoomID, m.Role, m.MutedUntil = room.ID, chat.RoomRole(role.String), s.ahead(m.MutedUntil)
	return room, &m, nil
}

// OwnRooms returns a user's rooms. Unread are the messages of others after what
// was read last.
func (s *Store) OwnRooms(ctx context.Context, user chat.UserID) ([]chat.OwnRoom, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	own := []chat.OwnRoom{}
	err := each(ctx, s.read, func(r row) error {
		var o chat.OwnRoom
		room, err := s.scanRoom(r, &o.Role, &o.LastRead, &o.Unread, &o.Mentions, &o.MutedUntil)
		o.Room, o.MutedUntil = room, s.ahead(o.MutedUntil)
		own = append(own, o)
		return err
	}, `SELECT `+roomColumns+`, me.role, me.last_read, `+unread+`, `+unreadMentions+`, `+mutedUntil("me")+`
		FROM room_members me JOIN rooms r ON r.id = me.room_id
		WHERE me.user_id = $1 ORDER BY r.name_key, r.id`, int64(user))
	if err == nil {
		err = s.addFaces(ctx, s.read, pointers(own, func(o *chat.OwnRoom) *chat.Room { return &o.Room }))
	}
	return own, s.fail("list own rooms", err)
}

// RoomsOf returns the ids of a user's rooms.
func (s *Store) RoomsOf(ctx context.Context, user chat.UserID) ([]chat.RoomID, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	rooms, err := readAll(ctx, s.read, scanOne[chat.RoomID],
		`SELECT room_id FROM room_members WHERE user_id = $1 ORDER BY room_id`, int64(user))
	return rooms, s.fail("list rooms of user", err)
}

// pointers points to the room in each element of list.
func pointers[T any](list []T, room func(*T) *chat.Room) []*chat.Room {
	rooms := make([]*chat.Room, len(list))
	for i := range list {
		rooms[i] = room(&list[i])
	}
	return rooms
}

// Heads returns the heads of those of ids that are there.
func (s *Store) Heads(ctx context.Context, ids []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	heads := make(map[chat.RoomID]chat.Seq, len(ids))
	if len(ids) == 0 {
		return heads, nil
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	err := each(ctx, s.read, func(r row) error {
		var id chat.RoomID
		var head chat.Seq
		err := r.Scan(&id, &head)
		heads[id] = head
		return err
	}, `SELECT r.id, r.head FROM rooms r WHERE `+there+` AND `+s.engine.in("r.id", 1), s.engine.list(raw(ids)))
	return heads, s.fail("read heads", err)
}
